#include "varde_kernels.h"

#include <string.h>

// 1 for 0-9, a-f, A-F.
static const uint8_t is_hex[256] = {
    ['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1, ['6'] = 1, ['7'] = 1, ['8'] = 1, ['9'] = 1, ['a'] = 1,
    ['b'] = 1, ['c'] = 1, ['d'] = 1, ['e'] = 1, ['f'] = 1, ['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1, ['F'] = 1,
};

static inline uint32_t load32(const uint8_t *at) {
    uint32_t value;
    memcpy(&value, at, 4);
    return value;
}

static inline uint32_t mix(uint64_t value) { return (uint32_t)((value * 0x9E3779B97F4A7C15ull) >> 40); }

// The fifth byte is put above the four and an odd constant above that, so that both kinds of gram share the table evenly.
static inline uint32_t gram(uint32_t four, uint32_t hex, uint32_t fifth) {
    return mix((uint64_t)four | (hex ? ((uint64_t)fifth | 0x100u) << 32 : 0));
}

void varde_grams_add(const uint8_t *text, size_t count, const uint32_t *ends, size_t line_count, uint64_t *bits, size_t word_count) {
    const uint32_t mask = (uint32_t)(word_count * 64 - 1);
    size_t start = 0;
    for (size_t line = 0; line < line_count; line++) {
        size_t end = ends[line];
        if (end > count) return;
        if (end >= start + 4) {
            const uint8_t *at = text + start;
            const uint8_t *last = text + end - 4;
            uint32_t run = (uint32_t)is_hex[at[0]] << 2 | (uint32_t)is_hex[at[1]] << 1 | is_hex[at[2]];
            for (; at < last; at++) {
                run = (run << 1 | is_hex[at[3]]) & 15;
                uint32_t position = gram(load32(at), run == 15, at[4]) & mask;
                bits[position >> 6] |= 1ull << (position & 63);
            }
            // Four hexadecimal digits that end a line have no fifth byte, so no gram.
            run = (run << 1 | is_hex[at[3]]) & 15;
            if (run != 15) {
                uint32_t position = gram(load32(at), 0, 0) & mask;
                bits[position >> 6] |= 1ull << (position & 63);
            }
        }
        start = end;
    }
}

int64_t varde_grams_of(const uint8_t *needle, size_t count, uint32_t *output, size_t capacity) {
    size_t found = 0;
    for (size_t at = 0; at + 4 <= count && found < capacity; at++) {
        uint32_t hex = is_hex[needle[at]] & is_hex[needle[at + 1]] & is_hex[needle[at + 2]] & is_hex[needle[at + 3]];
        if (hex && at + 5 > count) continue;
        output[found++] = gram(load32(needle + at), hex, hex ? needle[at + 4] : 0);
    }
    return (int64_t)found;
}

void varde_bits_transpose(const uint64_t *tables, size_t total_words, size_t word_count, uint8_t *rows, size_t rows_count,
                          size_t row_bytes) {
    if (word_count == 0) return;
    size_t columns = total_words / word_count;
    if (row_bytes * 8 < columns || rows_count < word_count * 64 * row_bytes) return;
    memset(rows, 0, word_count * 64 * row_bytes);
    for (size_t group = 0; group < columns; group += 8) {
        size_t width = columns - group < 8 ? columns - group : 8;
        for (size_t word = 0; word < word_count; word++) {
            for (size_t part = 0; part < 8; part++) {
                // An 8x8 block of bits: byte c holds eight bits of column c (Hacker's Delight, 7-3).
                uint64_t block = 0;
                for (size_t column = 0; column < width; column++)
                    block |= (tables[(group + column) * word_count + word] >> (8 * part) & 0xFF) << (8 * column);
                uint64_t swap = (block ^ (block >> 7)) & 0x00AA00AA00AA00AAull;
                block ^= swap ^ (swap << 7);
                swap = (block ^ (block >> 14)) & 0x0000CCCC0000CCCCull;
                block ^= swap ^ (swap << 14);
                swap = (block ^ (block >> 28)) & 0x00000000F0F0F0F0ull;
                block ^= swap ^ (swap << 28);
                uint8_t *row = rows + (word * 64 + part * 8) * row_bytes + group / 8;
                for (size_t bit = 0; bit < 8; bit++) row[bit * row_bytes] = (uint8_t)(block >> (8 * bit));
            }
        }
    }
}
