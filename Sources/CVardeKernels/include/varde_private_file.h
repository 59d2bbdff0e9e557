// Small files only their owner may read. A negative result is -errno, but for the ones named.
#pragma once
#include "varde_bounds.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Results of `varde_private_file_read` beside -errno.
enum { VARDE_PRIVATE_NOT_A_FILE = -100000, VARDE_PRIVATE_TOO_LARGE = -100001, VARDE_PRIVATE_MODE = -200000 };

/// Reads a whole file that must be regular, no link, and closed to group and others; bytes read. `VARDE_PRIVATE_MODE` less the mode
/// where others may read it.
int64_t varde_private_file_read(const uint8_t *VARDE_BYTES(count) path VARDE_NOESCAPE, size_t count,
                                uint8_t *VARDE_BYTES(capacity) output VARDE_NOESCAPE, size_t capacity);
/// Puts a file of mode 0600 in the place of another in one step, synced with its directory.
int64_t varde_private_file_write(const uint8_t *VARDE_BYTES(count) path VARDE_NOESCAPE, size_t count,
                                 const uint8_t *VARDE_BYTES(size) bytes VARDE_NOESCAPE, size_t size);
/// 1 where the path, every link followed, lies in the directory or is it; the file itself need not exist.
int64_t varde_path_is_inside(const uint8_t *VARDE_BYTES(count) path VARDE_NOESCAPE, size_t count,
                             const uint8_t *VARDE_BYTES(directory_count) directory VARDE_NOESCAPE, size_t directory_count);

#ifdef __cplusplus
}
#endif
