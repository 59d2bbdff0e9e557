#include "templates_tokens.h"

#if defined(__SSE2__)
#include <emmintrin.h>

// A bit for each of 16 bytes in first...last.
static inline uint64_t between(__m128i bytes, char first, char last) {
    __m128i shifted = _mm_add_epi8(bytes, _mm_set1_epi8((char)(127 - last)));
    return (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpgt_epi8(shifted, _mm_set1_epi8((char)(127 - (last - first) - 1))));
}

static inline void classify(const uint8_t *bytes, uint64_t *alnum, uint64_t *digit, uint64_t *hex) {
    uint64_t letters = 0, digits = 0, first_six = 0;
    for (int i = 0; i < 64; i += 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)(bytes + i));
        __m128i small = _mm_or_si128(block, _mm_set1_epi8(32));
        digits |= between(block, '0', '9') << i;
        letters |= between(small, 'a', 'z') << i;
        first_six |= between(small, 'a', 'f') << i;
    }
    *alnum = letters | digits;
    *digit = digits;
    *hex = digits | first_six;
}
#else
static inline void classify(const uint8_t *bytes, uint64_t *alnum, uint64_t *digit, uint64_t *hex) {
    uint64_t letters = 0, digits = 0, first_six = 0;
    for (int i = 0; i < 64; i++) {
        digits |= (uint64_t)is_digit_byte(bytes[i]) << i;
        letters |= (uint64_t)is_letter_byte(bytes[i]) << i;
        first_six |= (uint64_t)((uint8_t)((bytes[i] | 32) - 'a') < 6) << i;
    }
    *alnum = letters | digits;
    *digit = digits;
    *hex = digits | first_six;
}
#endif

void varde_token_masks(const uint8_t *text, size_t count, token_masks *masks) {
    size_t at = 0;
    for (; at + 64 <= count; at += 64) classify(text + at, masks->alnum + at / 64, masks->digit + at / 64, masks->hex + at / 64);
    uint8_t rest[64] = {0};
    if (count > at) memcpy(rest, text + at, count - at);
    classify(rest, masks->alnum + at / 64, masks->digit + at / 64, masks->hex + at / 64);
    // Words more, of nothing, for what is read ahead.
    for (size_t i = at / 64 + 1; i < at / 64 + 3; i++) masks->alnum[i] = masks->digit[i] = masks->hex[i] = 0;
}

// 64 bits of a mask from a place on.
static inline uint64_t window(const uint64_t *mask, size_t at) {
    unsigned shift = at & 63;
    return mask[at >> 6] >> shift | mask[(at >> 6) + 1] << 1 << (63 - shift);
}

enum { LONG = 16, SHORT_HEX = 6, WORD_HEX = 4, MOST_CHANGES = 3 };

static inline void add(token_list *list, size_t at, size_t length, int is_decimal, int is_hex) {
    list->tokens[list->count++] = (token){(uint32_t)at, (uint32_t)length, (uint32_t)is_decimal, (uint32_t)is_hex};
}

// A run of 64 letters and digits or more: where it ends.
static size_t long_run(const token_masks *masks, size_t at, size_t end) {
    while (at < end) {
        uint64_t others = ~window(masks->alnum, at);
        if (others) {
            at += (size_t)__builtin_ctzll(others);
            break;
        }
        at += 64;
    }
    return at < end ? at : end;
}

// Adds the variables of a run of fewer than 64 letters and digits.
static inline void add_run(const token_masks *masks, size_t at, size_t length, token_list *list) {
    uint64_t all = ~0ull >> (64 - length);
    uint64_t digits = window(masks->digit, at) & all;
    if (digits == all) {
        add(list, at, length, 1, 1);
        return;
    }
    int is_hex = (window(masks->hex, at) & all) == all;
    if (length >= LONG || (is_hex && length >= (digits ? SHORT_HEX : WORD_HEX))) {
        add(list, at, length, 0, is_hex);
        return;
    }
    // Letters alone are a word.
    if (digits == 0) return;
    if (__builtin_popcountll((digits ^ digits << 1) & all & ~1ull) > MOST_CHANGES) {
        add(list, at, length, 0, is_hex);
        return;
    }
    // Numbers with a word before, between or after: `v1`, `15ms`, `23T10`.
    while (digits) {
        unsigned from = (unsigned)__builtin_ctzll(digits);
        unsigned count = (unsigned)__builtin_ctzll(~(digits >> from));
        add(list, at + from, count, 1, 1);
        digits &= ~(((1ull << count) - 1) << from);
    }
}

size_t varde_line_tokens(const token_masks *masks, size_t start, size_t end, token_list *list) {
    size_t first = list->count;
    size_t at = start;
    while (at < end && list->count - first < MAX_VARIABLES - 32) {
        uint64_t bits = window(masks->alnum, at);
        size_t left = end - at;
        if (left < 64) bits &= (1ull << left) - 1;
        if (bits == 0) {
            at += 64;
            continue;
        }
        // Runs of this window; the last may reach beyond it and is then looked at from its beginning.
        size_t base = at;
        at += 64;
        while (bits) {
            unsigned from = (unsigned)__builtin_ctzll(bits);
            uint64_t rest = ~(bits >> from);
            unsigned length = rest ? (unsigned)__builtin_ctzll(rest) : 64;
            if (from + length >= 64 && left > 64) {
                if (from > 0) {
                    at = base + from;
                } else {
                    at = long_run(masks, base, end);
                    add(list, base, at - base, 0, 0);
                }
                break;
            }
            if (from + length > 64) length = 64 - from;
            if (length == 64) add(list, base, 64, 0, 0);
            else add_run(masks, base + from, length, list);
            if (from + length >= 64) break;
            bits &= ~0ull << (from + length);
        }
    }
    return list->count - first;
}
