// What the parts of the template coding share.
//
//     words   = templates(varint) template* texts
//     template = lines(varint) variables(varint) piece lengths(varint, variables + 1) column*
//     column  = form(u8) ...                             as `encode_column` writes and `read_column` reads it
//     texts   = the pieces of all templates, end to end
//     numbers = template of each line(run*) stream*      a stream's size stands in its column
//     run     = smallest(varint) width(u8) differences from it (128 x width bits, the last run shorter, lowest bit first)
#pragma once
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { RUN = 128, MAX_VARIABLES = 1024 };

// What a column holds, in the low three bits of its form.
enum { CONSTANT, DECIMAL, HEX_LOWER, HEX_UPPER, STRINGS_INDEXED, STRINGS };
// How many digits numbers are written with, in the next two: as few as they need, all the same, or each its own.
enum { NATURAL = 0 << 3, FIXED = 1 << 3, VARIED = 2 << 3, WIDTH_MASK = 3 << 3 };
// How numbers are packed, in the two above: as they are, as differences, or as places in a list of those that occur.
enum { PLAIN = 0 << 5, DELTA = 1 << 5, LISTED = 2 << 5, PACKING_MASK = 3 << 5 };

// Bytes being written; `failed` once there was no room.
typedef struct {
    uint8_t *bytes;
    size_t at, capacity;
    int failed;
} sink;

static inline void put_byte(sink *s, uint8_t byte) {
    if (s->at < s->capacity) s->bytes[s->at++] = byte;
    else s->failed = 1;
}

static inline void put_varint(sink *s, uint64_t value) {
    while (value >= 0x80) {
        put_byte(s, (uint8_t)value | 0x80);
        value >>= 7;
    }
    put_byte(s, (uint8_t)value);
}

// Smallest and largest of a run, which is not empty.
static inline void run_bounds(const uint64_t *values, size_t count, uint64_t *smallest, uint64_t *largest) {
    *smallest = *largest = values[0];
    for (size_t i = 1; i < count; i++) {
        *smallest = values[i] < *smallest ? values[i] : *smallest;
        *largest = values[i] > *largest ? values[i] : *largest;
    }
}

static inline void put_bytes(sink *s, const uint8_t *bytes, size_t count) {
    if (count > s->capacity - s->at) {
        s->failed = 1;
        return;
    }
    if (count) memcpy(s->bytes + s->at, bytes, count);
    s->at += count;
}

// Bytes being read; `failed` once they ended too soon.
typedef struct {
    const uint8_t *bytes;
    size_t at, count;
    int failed;
} source;

static inline uint8_t get_byte(source *s) {
    if (s->at < s->count) return s->bytes[s->at++];
    s->failed = 1;
    return 0;
}

static inline uint64_t get_varint(source *s) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = get_byte(s);
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) return value;
    }
    s->failed = 1;
    return 0;
}

// A varint of at most `limit`; 0 and failed where it is more.
static inline size_t get_count(source *s, size_t limit) {
    uint64_t value = get_varint(s);
    if (value <= limit) return (size_t)value;
    s->failed = 1;
    return 0;
}

// Place of `count` bytes, NULL where there are not so many.
static inline const uint8_t *get_bytes(source *s, size_t count) {
    if (count > s->count - s->at) {
        s->failed = 1;
        return NULL;
    }
    const uint8_t *bytes = s->bytes + s->at;
    s->at += count;
    return bytes;
}

// Numbers of one stream, read run by run.
typedef struct {
    source bytes;
    size_t left;
    uint32_t at, filled;
    uint64_t *values;
} number_cursor;

// Numbers as runs. Bytes needed are at most count * 8 + (count / 128 + 1) * 11.
void varde_pack_numbers(const uint64_t *values, size_t count, sink *out);
// Fills the cursor's values with the next run; 0 where the bytes make no sense. `values` has room for RUN + 1 numbers.
int varde_next_numbers(number_cursor *cursor);
// Passes over the next run without reading it; 0 where the bytes make no sense.
int varde_pass_run(number_cursor *cursor);

// A variable in a page's text: where it begins, how long it is, and whether it is digits or hexadecimal digits alone.
typedef struct {
    uint32_t at;
    uint32_t length : 30, is_decimal : 1, is_hex : 1;
} token;

// Up to eight bytes as a number, the first lowest; zeros beyond `count`. `readable` bytes may be read.
static inline uint64_t load_bytes(const uint8_t *bytes, size_t count, size_t readable) {
    uint64_t word = 0;
    if (count == 0) return 0;
    if (readable < 8) {
        memcpy(&word, bytes, count);
        return word;
    }
    memcpy(&word, bytes, 8);
    return word & ~0ull >> (64 - 8 * count);
}

static inline int same_bytes(const uint8_t *a, size_t readable_a, const uint8_t *b, size_t readable_b, size_t count) {
    for (; count > 8; a += 8, b += 8, readable_a -= 8, readable_b -= 8, count -= 8) {
        uint64_t x, y;
        memcpy(&x, a, 8);
        memcpy(&y, b, 8);
        if (x != y) return 0;
    }
    return load_bytes(a, count, readable_a) == load_bytes(b, count, readable_b);
}

// Whether lines of a template may hold a needle. `pieces` stand end to end in `text`; between two of them stands a variable of letters
// and digits, whose class is digits alone (0), hexadecimal digits (1) or any of them (2).
int varde_template_may_hold(const uint8_t *text, const uint32_t *piece_lengths, size_t pieces, const uint8_t *classes,
                            const uint8_t *needle, size_t needle_count, uint8_t *scratch);

static inline int is_digit_byte(uint8_t c) { return (uint8_t)(c - '0') < 10; }
static inline int is_letter_byte(uint8_t c) { return (uint8_t)((c | 32) - 'a') < 26; }
