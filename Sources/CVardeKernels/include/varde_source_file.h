// Files that are read from elsewhere and never written: whatever a person or a glob names. A negative result is -errno.
#pragma once
#include "varde_bounds.h"

/// What `varde_source_stat` and `varde_path_stat` say of a file, in this order; when it was modified in nanoseconds.
enum { varde_stat_device = 0, varde_stat_inode = 1, varde_stat_size = 2, varde_stat_kind = 3, varde_stat_modified = 4, varde_stat_fields = 5 };
/// Kinds of files.
enum { varde_kind_other = 0, varde_kind_regular = 1, varde_kind_directory = 2 };

/// Opens for reading (close-on-exec); its descriptor. A directory is -EISDIR; with `regular_only`, what is no regular file is -EINVAL
/// and nothing is waited for, such as the other end of a pipe.
int64_t varde_source_open(const uint8_t *VARDE_BYTES(count) path VARDE_NOESCAPE, size_t count, int32_t regular_only);
/// Reads what is there, waiting for the first byte only; 0 at the end.
int64_t varde_source_read(int32_t descriptor, uint8_t *VARDE_BYTES(capacity) output VARDE_NOESCAPE, size_t capacity);
/// Fills the fields; 0.
int64_t varde_source_stat(int32_t descriptor, int64_t *VARDE_BYTES(fields) output VARDE_NOESCAPE, size_t fields);
/// The same of a path, links followed.
int64_t varde_path_stat(const uint8_t *VARDE_BYTES(count) path VARDE_NOESCAPE, size_t count,
                        int64_t *VARDE_BYTES(fields) output VARDE_NOESCAPE, size_t fields);
/// Paths a shell pattern names, sorted, each ended by a zero byte; their total size, which may exceed the capacity.
int64_t varde_path_glob(const uint8_t *VARDE_BYTES(count) pattern VARDE_NOESCAPE, size_t count,
                        uint8_t *VARDE_BYTES(capacity) output VARDE_NOESCAPE, size_t capacity);
/// Whether a path is one a shell pattern names: 1 or 0. A pattern without a slash is held against the last part.
int64_t varde_path_matches(const uint8_t *VARDE_BYTES(count) pattern VARDE_NOESCAPE, size_t count,
                           const uint8_t *VARDE_BYTES(path_count) path VARDE_NOESCAPE, size_t path_count);
