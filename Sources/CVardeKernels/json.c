#include "varde_json.h"

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

int64_t varde_json_plain_end(const uint8_t *text, size_t count, size_t from) {
    size_t i = from;
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), last = _mm_set1_epi8(31);
    for (; i + 16 <= count; i += 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)(text + i));
        // Control characters are those a maximum with 31 leaves at 31.
        __m128i control = _mm_cmpeq_epi8(_mm_max_epu8(block, last), last);
        __m128i found = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, slash)), control);
        unsigned mask = (unsigned)_mm_movemask_epi8(found);
        if (mask) return (int64_t)(i + (size_t)__builtin_ctz(mask));
    }
#elif defined(__ARM_NEON)
    for (; i + 16 <= count; i += 16) {
        uint8x16_t block = vld1q_u8(text + i);
        uint8x16_t found = vorrq_u8(vorrq_u8(vceqq_u8(block, vdupq_n_u8('"')), vceqq_u8(block, vdupq_n_u8('\\'))), vcltq_u8(block, vdupq_n_u8(32)));
        if (vmaxvq_u8(found)) break;
    }
#endif
    for (; i < count; i++)
        if (text[i] == '"' || text[i] == '\\' || text[i] < 32) return (int64_t)i;
    return (int64_t)count;
}

// What the letter of an escape stands for; 0 for none and for those by number.
static const uint8_t escaped[256] = {
    ['n'] = '\n', ['t'] = '\t', ['r'] = '\r', ['b'] = '\b', ['f'] = '\f', ['"'] = '"', ['\\'] = '\\', ['/'] = '/',
};

void varde_json_unescape(const uint8_t *text, size_t count, uint8_t *output, size_t capacity, int64_t *at, size_t at_count) {
    if (at_count < 2 || at[0] < 0 || at[1] < 0) return;
    size_t i = (size_t)at[0], o = (size_t)at[1];
    while (i + 16 <= count && o + 16 <= capacity) {
        // Sixteen bytes are copied whatever they are; as many as are plain count.
        memcpy(output + o, text + i, 16);
        size_t plain = 16;
#if defined(__SSE2__)
        const __m128i last = _mm_set1_epi8(31);
        __m128i block = _mm_loadu_si128((const __m128i *)(text + i));
        __m128i found = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8('"')), _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'))),
                                     _mm_cmpeq_epi8(_mm_max_epu8(block, last), last));
        unsigned mask = (unsigned)_mm_movemask_epi8(found);
        if (mask) plain = (size_t)__builtin_ctz(mask);
#else
        for (plain = 0; plain < 16; plain++)
            if (text[i + plain] == '"' || text[i + plain] == '\\' || text[i + plain] < 32) break;
#endif
        i += plain;
        o += plain;
        if (plain == 16) continue;
        if (text[i] != '\\' || i + 1 >= count || !escaped[text[i + 1]] || o >= capacity) break;
        output[o++] = escaped[text[i + 1]];
        i += 2;
    }
    at[0] = (int64_t)i;
    at[1] = (int64_t)o;
}
