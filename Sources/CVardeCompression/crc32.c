#include "varde_compression.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

static uint32_t by_zlib(const uint8_t *input, size_t count, uint32_t seed) { return (uint32_t)crc32(seed, input, (uInt)count); }

#if defined(__x86_64__)
#include <immintrin.h>

/// Bytes ahead by so many powers of x: the products of both halves with their powers, added to what stands there.
__attribute__((target("pclmul,sse4.1"))) static inline __m128i ahead(__m128i sum, __m128i powers, __m128i there) {
    return _mm_xor_si128(there, _mm_xor_si128(_mm_clmulepi64_si128(sum, powers, 0x00), _mm_clmulepi64_si128(sum, powers, 0x11)));
}

__attribute__((target("pclmul,sse4.1"))) static inline __m128i sixteen(const uint8_t *bytes) {
    return _mm_loadu_si128((const __m128i *)bytes);
}

/// Sums of 16 bytes are moved ahead by multiplying without carries (V. Gopal and others, "Fast CRC Computation for Generic Polynomials
/// Using PCLMULQDQ Instruction", 2009) and leave 16 bytes whose checksum is that of all.
__attribute__((target("pclmul,sse4.1"))) static uint32_t by_folding(const uint8_t *input, size_t count, uint32_t seed) {
    // x^(512+32), x^(512-32), then x^(128+32), x^(128-32), each modulo the polynomial, its bits turned round.
    const __m128i by64 = _mm_set_epi64x(0x1c6e41596, 0x154442bd4), by16 = _mm_set_epi64x(0xccaa009e, 0x1751997d0);
    __m128i sums[4];
    for (int k = 0; k < 4; k++) sums[k] = sixteen(input + 16 * k);
    sums[0] = _mm_xor_si128(sums[0], _mm_cvtsi32_si128((int)~seed));
    for (input += 64, count -= 64; count >= 64; input += 64, count -= 64) {
        for (int k = 0; k < 4; k++) sums[k] = ahead(sums[k], by64, sixteen(input + 16 * k));
    }
    __m128i sum = sums[0];
    for (int k = 1; k < 4; k++) sum = ahead(sum, by16, sums[k]);
    for (; count >= 16; input += 16, count -= 16) sum = ahead(sum, by16, sixteen(input));
    uint8_t left[16];
    _mm_storeu_si128((__m128i *)left, sum);
    return by_zlib(input, count, by_zlib(left, sizeof left, UINT32_MAX));
}

uint32_t varde_gzip_crc32(const uint8_t *input, size_t count, uint32_t seed) {
    if (count > UINT_MAX) return 0;
    if (count >= 64 && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1")) return by_folding(input, count, seed);
    return by_zlib(input, count, seed);
}
#else
uint32_t varde_gzip_crc32(const uint8_t *input, size_t count, uint32_t seed) { return count > UINT_MAX ? 0 : by_zlib(input, count, seed); }
#endif

uint32_t varde_gzip_crc32_joined(uint32_t first, uint32_t second, int64_t second_count) {
    return (uint32_t)crc32_combine(first, second, (z_off_t)second_count);
}
