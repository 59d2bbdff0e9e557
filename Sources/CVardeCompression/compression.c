#include "varde_compression.h"

#include <limits.h>
#include <lz4.h>
#include <snappy-c.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

int64_t varde_lz4_bound(int64_t count) { return count < 0 || count > LZ4_MAX_INPUT_SIZE ? -1 : LZ4_compressBound((int)count); }

int64_t varde_lz4_compress(const uint8_t *input, size_t count, uint8_t *output, size_t capacity, int32_t acceleration) {
    if (count > LZ4_MAX_INPUT_SIZE || capacity > INT_MAX) return -1;
    int size = LZ4_compress_fast((const char *)input, (char *)output, (int)count, (int)capacity, acceleration);
    return size > 0 ? size : -1;
}

int64_t varde_lz4_decompress(const uint8_t *input, size_t count, uint8_t *output, size_t capacity) {
    if (count > INT_MAX || capacity > INT_MAX) return -1;
    int size = LZ4_decompress_safe((const char *)input, (char *)output, (int)count, (int)capacity);
    return size < 0 ? -1 : size;
}

// One context a thread: creating one costs more than compressing a small page with it.
static __thread ZSTD_CCtx *compressor;
static __thread ZSTD_DCtx *decompressor;

int64_t varde_zstd_bound(int64_t count) { return count < 0 ? -1 : (int64_t)ZSTD_compressBound((size_t)count); }

int64_t varde_zstd_compress(const uint8_t *input, size_t count, uint8_t *output, size_t capacity, int32_t level) {
    if (!compressor && !(compressor = ZSTD_createCCtx())) return -1;
    size_t size = ZSTD_compressCCtx(compressor, output, capacity, input, count, level);
    return ZSTD_isError(size) ? -1 : (int64_t)size;
}

int64_t varde_zstd_decompress(const uint8_t *input, size_t count, uint8_t *output, size_t capacity) {
    if (!decompressor && !(decompressor = ZSTD_createDCtx())) return -1;
    ZSTD_DCtx_reset(decompressor, ZSTD_reset_session_only);
    ZSTD_inBuffer in = {input, count, 0};
    ZSTD_outBuffer out = {output, capacity, 0};
    size_t left = 1;
    while (in.pos < in.size) {
        size_t before_in = in.pos, before_out = out.pos;
        left = ZSTD_decompressStream(decompressor, &out, &in);
        if (ZSTD_isError(left)) return -1;
        if (in.pos == before_in && out.pos == before_out) return out.pos == out.size ? -2 : -1;
    }
    if (left != 0) {
        // All input is read: either output waits for room, or the frame was cut short.
        if (out.pos == out.size) return -2;
        return -1;
    }
    return (int64_t)out.pos;
}

void varde_zstd_forget(void) {
    ZSTD_freeDCtx(decompressor);
    decompressor = NULL;
}

int64_t varde_zstd_claimed_size(const uint8_t *input, size_t count) {
    unsigned long long size = ZSTD_getFrameContentSize(input, count);
    if (size == ZSTD_CONTENTSIZE_UNKNOWN) return -2;
    if (size == ZSTD_CONTENTSIZE_ERROR || size > INT64_MAX) return -1;
    return (int64_t)size;
}

int64_t varde_snappy_bound(int64_t count) { return count < 0 ? -1 : (int64_t)snappy_max_compressed_length((size_t)count); }

int64_t varde_snappy_compress(const uint8_t *input, size_t count, uint8_t *output, size_t capacity) {
    size_t size = capacity;
    return snappy_compress((const char *)input, count, (char *)output, &size) == SNAPPY_OK ? (int64_t)size : -1;
}

int64_t varde_snappy_decompress(const uint8_t *input, size_t count, uint8_t *output, size_t capacity) {
    size_t size = capacity;
    return snappy_uncompress((const char *)input, count, (char *)output, &size) == SNAPPY_OK ? (int64_t)size : -1;
}

int64_t varde_snappy_claimed_size(const uint8_t *input, size_t count) {
    size_t size = 0;
    return snappy_uncompressed_length((const char *)input, count, &size) == SNAPPY_OK ? (int64_t)size : -1;
}

static int window_bits(varde_zlib_container container) {
    switch (container) {
    case varde_zlib_raw: return -MAX_WBITS;
    case varde_zlib_zlib: return MAX_WBITS;
    case varde_zlib_gzip: return MAX_WBITS + 16;
    default: return MAX_WBITS + 32;
    }
}

int64_t varde_zlib_bound(int64_t count) { return count < 0 ? -1 : (int64_t)compressBound((uLong)count) + 32; }

int64_t varde_zlib_compress(const uint8_t *input, size_t count, uint8_t *output, size_t capacity, varde_zlib_container container,
                            int32_t level) {
    if (count > UINT_MAX || capacity > UINT_MAX || container == varde_zlib_auto) return -1;
    z_stream stream = {0};
    if (deflateInit2(&stream, level, Z_DEFLATED, window_bits(container), 8, Z_DEFAULT_STRATEGY) != Z_OK) return -1;
    stream.next_in = (Bytef *)input;
    stream.avail_in = (uInt)count;
    stream.next_out = output;
    stream.avail_out = (uInt)capacity;
    int status = deflate(&stream, Z_FINISH);
    int64_t size = (int64_t)stream.total_out;
    deflateEnd(&stream);
    return status == Z_STREAM_END ? size : -1;
}

int64_t varde_zlib_decompress(const uint8_t *input, size_t count, uint8_t *output, size_t capacity, varde_zlib_container container) {
    if (count > UINT_MAX || capacity > UINT_MAX) return -1;
    z_stream stream = {0};
    if (inflateInit2(&stream, window_bits(container)) != Z_OK) return -1;
    stream.next_in = (Bytef *)input;
    stream.avail_in = (uInt)count;
    stream.next_out = output;
    stream.avail_out = (uInt)capacity;
    int64_t result = -1;
    for (;;) {
        int status = inflate(&stream, Z_NO_FLUSH);
        if (status == Z_STREAM_END) {
            // gzip allows several members one after the other.
            if (stream.avail_in > 0 && (container == varde_zlib_gzip || container == varde_zlib_auto)) {
                if (inflateReset(&stream) != Z_OK) break;
                continue;
            }
            result = (int64_t)(capacity - stream.avail_out);
            break;
        }
        if (status == Z_BUF_ERROR || (status == Z_OK && stream.avail_out == 0 && stream.avail_in == 0)) {
            result = stream.avail_out == 0 ? -2 : -1;
            break;
        }
        if (status != Z_OK) break;
    }
    inflateEnd(&stream);
    return result;
}
