// System calls on files of our own, paths as bytes; those of others are read by varde_source_file.h. A negative result is -errno.
#pragma once
#include "varde_bounds.h"

/// How `varde_file_open` opens.
enum { varde_open_read = 0, varde_open_write = 1, varde_open_create = 2, varde_open_create_new = 3 };

/// Opens a file (close-on-exec); its descriptor.
int64_t varde_file_open(const uint8_t *VARDE_BYTES(count) path VARDE_NOESCAPE, size_t count, int32_t mode);
int64_t varde_file_close(int32_t descriptor);
/// Reads at `offset` until the buffer is full or the file ends; bytes read.
int64_t varde_file_read(int32_t descriptor, int64_t offset, uint8_t *VARDE_BYTES(capacity) output VARDE_NOESCAPE, size_t capacity);
/// Writes all bytes at `offset`; bytes written, fewer only where the disk is full.
int64_t varde_file_write(int32_t descriptor, int64_t offset, const uint8_t *VARDE_BYTES(count) bytes VARDE_NOESCAPE, size_t count);
int64_t varde_file_sync(int32_t descriptor);
int64_t varde_file_size(int32_t descriptor);
int64_t varde_file_truncate(int32_t descriptor, int64_t size);
/// Takes an exclusive advisory lock without waiting.
int64_t varde_file_lock(int32_t descriptor);
int64_t varde_path_remove(const uint8_t *VARDE_BYTES(count) path VARDE_NOESCAPE, size_t count);
int64_t varde_path_rename(const uint8_t *VARDE_BYTES(count) from VARDE_NOESCAPE, size_t count,
                          const uint8_t *VARDE_BYTES(to_count) to VARDE_NOESCAPE, size_t to_count);
int64_t varde_path_link(const uint8_t *VARDE_BYTES(count) from VARDE_NOESCAPE, size_t count,
                        const uint8_t *VARDE_BYTES(to_count) to VARDE_NOESCAPE, size_t to_count);
/// Makes one directory, mode 0700; an existing one is no error.
int64_t varde_path_make_directory(const uint8_t *VARDE_BYTES(count) path VARDE_NOESCAPE, size_t count);
/// Makes renames and removals in a directory durable.
int64_t varde_path_sync_directory(const uint8_t *VARDE_BYTES(count) path VARDE_NOESCAPE, size_t count);
/// Names in a directory, each ended by a zero byte, without `.` and `..`; their total size, which may exceed the capacity.
int64_t varde_path_list(const uint8_t *VARDE_BYTES(count) path VARDE_NOESCAPE, size_t count,
                        uint8_t *VARDE_BYTES(capacity) output VARDE_NOESCAPE, size_t capacity);
/// The path without links in it; its size, which may exceed the capacity.
int64_t varde_path_real(const uint8_t *VARDE_BYTES(count) path VARDE_NOESCAPE, size_t count,
                        uint8_t *VARDE_BYTES(capacity) output VARDE_NOESCAPE, size_t capacity);
/// Size of a file, or -errno.
int64_t varde_path_size(const uint8_t *VARDE_BYTES(count) path VARDE_NOESCAPE, size_t count);
/// Bytes an unprivileged writer may still use on the path's file system.
int64_t varde_path_free_bytes(const uint8_t *VARDE_BYTES(count) path VARDE_NOESCAPE, size_t count);
/// A field of the path's file system: 0 size, 1 free, 2 available to an unprivileged writer (bytes), 3 inodes, 4 free inodes,
/// 5 whether it is read-only.
int64_t varde_path_space(const uint8_t *VARDE_BYTES(count) path VARDE_NOESCAPE, size_t count, int32_t field);
/// Text of an error number, copied to `output`; its length.
int64_t varde_error_text(int32_t number, uint8_t *VARDE_BYTES(capacity) output VARDE_NOESCAPE, size_t capacity);
/// Number of this process.
int64_t varde_process_id(void);
