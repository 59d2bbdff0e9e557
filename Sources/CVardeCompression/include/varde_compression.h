// LZ4, zstd, snappy and zlib behind bounded buffers. A negative result is an error, named by the function.
#pragma once
#include "varde_bounds.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Room that compressing `count` bytes may need.
int64_t varde_lz4_bound(int64_t count);
/// Compresses one LZ4 block, the faster and larger the greater the acceleration (1 and up); the compressed size, or -1.
int64_t varde_lz4_compress(const uint8_t *VARDE_BYTES(count) input VARDE_NOESCAPE, size_t count,
                           uint8_t *VARDE_BYTES(capacity) output VARDE_NOESCAPE, size_t capacity, int32_t acceleration);
/// Decompresses one LZ4 block; the size, or -1 on bytes that are no LZ4 block or do not fit.
int64_t varde_lz4_decompress(const uint8_t *VARDE_BYTES(count) input VARDE_NOESCAPE, size_t count,
                             uint8_t *VARDE_BYTES(capacity) output VARDE_NOESCAPE, size_t capacity);

int64_t varde_zstd_bound(int64_t count);
/// Compresses one zstd frame at `level`; the size, or -1.
int64_t varde_zstd_compress(const uint8_t *VARDE_BYTES(count) input VARDE_NOESCAPE, size_t count,
                            uint8_t *VARDE_BYTES(capacity) output VARDE_NOESCAPE, size_t capacity, int32_t level);
/// Decompresses zstd frames into a buffer; the size, -1 on bad bytes, -2 where the output is too small.
int64_t varde_zstd_decompress(const uint8_t *VARDE_BYTES(count) input VARDE_NOESCAPE, size_t count,
                              uint8_t *VARDE_BYTES(capacity) output VARDE_NOESCAPE, size_t capacity);
/// Lets go of what this thread decompresses with, which remembers what it decompressed last.
void varde_zstd_forget(void);
/// Size the first frame's header claims, -1 where the bytes are no frame, -2 where it does not say.
int64_t varde_zstd_claimed_size(const uint8_t *VARDE_BYTES(count) input VARDE_NOESCAPE, size_t count);

int64_t varde_snappy_bound(int64_t count);
/// Compresses in snappy's block format; the size, or -1.
int64_t varde_snappy_compress(const uint8_t *VARDE_BYTES(count) input VARDE_NOESCAPE, size_t count,
                              uint8_t *VARDE_BYTES(capacity) output VARDE_NOESCAPE, size_t capacity);
/// Decompresses snappy's block format; the size, or -1.
int64_t varde_snappy_decompress(const uint8_t *VARDE_BYTES(count) input VARDE_NOESCAPE, size_t count,
                                uint8_t *VARDE_BYTES(capacity) output VARDE_NOESCAPE, size_t capacity);
/// Size the block's header claims, or -1.
int64_t varde_snappy_claimed_size(const uint8_t *VARDE_BYTES(count) input VARDE_NOESCAPE, size_t count);

/// Containers zlib reads and writes.
typedef enum : int32_t { varde_zlib_raw = 0, varde_zlib_zlib = 1, varde_zlib_gzip = 2, varde_zlib_auto = 3 } varde_zlib_container;

int64_t varde_zlib_bound(int64_t count);
/// Compresses at `level` (1…9); the size, or -1.
int64_t varde_zlib_compress(const uint8_t *VARDE_BYTES(count) input VARDE_NOESCAPE, size_t count,
                            uint8_t *VARDE_BYTES(capacity) output VARDE_NOESCAPE, size_t capacity, varde_zlib_container container,
                            int32_t level);
/// Room that packing `count` bytes of text may need, or -1 where they are too many for one piece.
int64_t varde_deflate_bound(int64_t count);
/// Packs text as DEFLATE blocks that end on a byte and are not the last: pieces of one stream. For long repeats and numbers, several
/// times as fast as zlib at level 1 and about as small. The size, or -1.
int64_t varde_deflate_text(const uint8_t *VARDE_BYTES(count) input VARDE_NOESCAPE, size_t count,
                           uint8_t *VARDE_BYTES(capacity) output VARDE_NOESCAPE, size_t capacity);
/// CRC-32 as gzip has it, of bytes that follow those of `seed`.
uint32_t varde_gzip_crc32(const uint8_t *VARDE_BYTES(count) input VARDE_NOESCAPE, size_t count, uint32_t seed);
/// CRC-32 of bytes whose first and second part have these; the second is so long.
uint32_t varde_gzip_crc32_joined(uint32_t first, uint32_t second, int64_t second_count);
/// Decompresses all members; the size, -1 on bad or truncated bytes, -2 where the output is too small.
int64_t varde_zlib_decompress(const uint8_t *VARDE_BYTES(count) input VARDE_NOESCAPE, size_t count,
                              uint8_t *VARDE_BYTES(capacity) output VARDE_NOESCAPE, size_t capacity, varde_zlib_container container);

#ifdef __cplusplus
}
#endif
