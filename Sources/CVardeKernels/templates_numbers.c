#include "templates.h"

static void put_bits(const uint64_t *values, size_t count, uint64_t smallest, unsigned width, sink *out) {
    size_t size = (count * width + 7) / 8;
    if (size > out->capacity - out->at) {
        out->failed = 1;
        return;
    }
    uint8_t *at = out->bytes + out->at;
    uint8_t *end = at + size;
    uint64_t gathered = 0;
    unsigned filled = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t value = values[i] - smallest;
        gathered |= value << filled;
        filled += width;
        if (filled >= 64) {
            memcpy(at, &gathered, 8);
            at += 8;
            filled -= 64;
            gathered = filled ? value >> (width - filled) : 0;
        }
    }
    for (; at < end; at++, gathered >>= 8) *at = (uint8_t)gathered;
    out->at += size;
}

void varde_pack_numbers(const uint64_t *values, size_t count, sink *out) {
    for (size_t start = 0; start < count; start += RUN) {
        size_t run = count - start < RUN ? count - start : RUN;
        uint64_t smallest, largest;
        run_bounds(values + start, run, &smallest, &largest);
        unsigned width = largest == smallest ? 0 : 64 - (unsigned)__builtin_clzll(largest - smallest);
        put_varint(out, smallest);
        put_byte(out, (uint8_t)width);
        if (width && !out->failed) put_bits(values + start, run, smallest, width, out);
    }
}

static inline uint64_t load_up_to(const uint8_t *bytes, size_t at, size_t count) {
    uint64_t word = 0;
    if (at + 8 <= count) {
        memcpy(&word, bytes + at, 8);
    } else {
        for (size_t i = at; i < count; i++) word |= (uint64_t)bytes[i] << (8 * (i - at));
    }
    return word;
}

int varde_next_numbers(number_cursor *cursor) {
    if (cursor->left == 0) return 0;
    size_t run = cursor->left < RUN ? cursor->left : RUN;
    uint64_t smallest = get_varint(&cursor->bytes);
    unsigned width = get_byte(&cursor->bytes);
    if (width > 64) return 0;
    size_t size = (run * width + 7) / 8;
    const uint8_t *packed = get_bytes(&cursor->bytes, size);
    if (cursor->bytes.failed || !packed) return 0;
    uint64_t *values = cursor->values;
    uint64_t mask = width == 64 ? ~0ull : (1ull << width) - 1;
    // As far as whole words can be read, then with care.
    size_t quick = width == 0 || width > 57 || size < 8 ? 0 : ((size - 8) * 8) / width;
    if (quick > run) quick = run;
    size_t bit = 0, i = 0;
    for (; i < quick; i++, bit += width) {
        uint64_t word;
        memcpy(&word, packed + (bit >> 3), 8);
        values[i] = smallest + (word >> (bit & 7) & mask);
    }
    for (; i < run; i++, bit += width) {
        size_t at = bit >> 3;
        unsigned shift = bit & 7;
        uint64_t value = width == 0 ? 0 : load_up_to(packed, at, size) >> shift;
        if (shift + width > 64 && at + 8 < size) value |= (uint64_t)packed[at + 8] << (64 - shift);
        values[i] = smallest + (value & mask);
    }
    cursor->left -= run;
    cursor->filled = (uint32_t)run;
    cursor->at = 0;
    return 1;
}

int varde_pass_run(number_cursor *cursor) {
    size_t run = cursor->left < RUN ? cursor->left : RUN;
    get_varint(&cursor->bytes);
    unsigned width = get_byte(&cursor->bytes);
    if (width > 64 || cursor->bytes.failed || !get_bytes(&cursor->bytes, (run * width + 7) / 8)) return 0;
    cursor->left -= run;
    cursor->at = cursor->filled = 0;
    return run > 0;
}
