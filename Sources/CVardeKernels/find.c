#define _GNU_SOURCE
#include "varde_kernels.h"

#include <string.h>

static int64_t find_portable(const uint8_t *haystack, size_t count, size_t from, const uint8_t *needle, size_t needle_count) {
    const uint8_t *hit = memmem(haystack + from, count - from, needle, needle_count);
    return hit ? hit - haystack : -1;
}

#if defined(__x86_64__)
#include <immintrin.h>

// Compares the needle's first and last byte at 32 places at once; only where both agree are the bytes between compared.
__attribute__((target("avx2"))) static int64_t find_avx2(const uint8_t *haystack, size_t count, size_t from, const uint8_t *needle,
                                                         size_t needle_count) {
    const __m256i first = _mm256_set1_epi8((char)needle[0]);
    const __m256i last = _mm256_set1_epi8((char)needle[needle_count - 1]);
    size_t at = from;
    while (at + needle_count - 1 + 32 <= count) {
        __m256i a = _mm256_loadu_si256((const __m256i *)(haystack + at));
        __m256i b = _mm256_loadu_si256((const __m256i *)(haystack + at + needle_count - 1));
        uint32_t mask = (uint32_t)_mm256_movemask_epi8(_mm256_and_si256(_mm256_cmpeq_epi8(a, first), _mm256_cmpeq_epi8(b, last)));
        while (mask) {
            size_t candidate = at + (size_t)__builtin_ctz(mask);
            if (needle_count <= 2 || memcmp(haystack + candidate + 1, needle + 1, needle_count - 2) == 0) return (int64_t)candidate;
            mask &= mask - 1;
        }
        at += 32;
    }
    return find_portable(haystack, count, at, needle, needle_count);
}
#endif

int64_t varde_find(const uint8_t *haystack, size_t count, size_t from, const uint8_t *needle, size_t needle_count) {
    if (from > count || needle_count > count - from) return -1;
    if (needle_count == 0) return (int64_t)from;
    if (needle_count == 1) {
        const uint8_t *hit = memchr(haystack + from, needle[0], count - from);
        return hit ? hit - haystack : -1;
    }
#if defined(__x86_64__)
    // A needle that repeats its ends all along would make the filter useless and the search quadratic: the library's is linear.
    if (needle_count <= 64 && __builtin_cpu_supports("avx2")) return find_avx2(haystack, count, from, needle, needle_count);
#endif
    return find_portable(haystack, count, from, needle, needle_count);
}
