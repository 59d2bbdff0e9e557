#include "templates_columns.h"

enum { LIST_SLOTS = 512, MOST_LISTED = 128, MOST_DECIMALS = 19, MOST_HEX = 16 };

static int is_constant(const uint8_t *text, size_t text_count, const token *tokens, size_t count) {
    const uint8_t *first = text + tokens[0].at;
    uint32_t length = tokens[0].length;
    for (size_t i = 1; i < count; i++) {
        if (tokens[i].length != length ||
            !same_bytes(text + tokens[i].at, text_count - tokens[i].at, first, text_count - tokens[0].at, length)) return 0;
    }
    return 1;
}

// HEX_LOWER or HEX_UPPER where all letters are of one kind, else STRINGS.
static int hex_form(const uint8_t *text, const token *tokens, size_t count) {
    uint8_t kinds = 0;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *at = text + tokens[i].at;
        for (uint32_t j = 0; j < tokens[i].length; j++) kinds |= at[j] >= 'a' ? 1 : at[j] >= 'A' ? 2 : 0;
    }
    return kinds == 1 ? HEX_LOWER : kinds == 2 ? HEX_UPPER : STRINGS;
}

// What all tokens are: a form with its width mode, or STRINGS.
static int form_of(const uint8_t *text, const token *tokens, size_t count) {
    uint32_t longest = 0, shortest = UINT32_MAX;
    int natural = 1, decimal = 1, hex = 1;
    for (size_t i = 0; i < count; i++) {
        uint32_t length = tokens[i].length;
        longest = length > longest ? length : longest;
        shortest = length < shortest ? length : shortest;
        natural &= (length == 1) | (text[tokens[i].at] != '0');
        decimal &= (int)tokens[i].is_decimal;
        hex &= (int)tokens[i].is_hex;
    }
    int width = natural ? NATURAL : longest == shortest ? FIXED : VARIED;
    if (decimal && longest <= MOST_DECIMALS) return DECIMAL | width;
    int form = hex && longest <= MOST_HEX ? hex_form(text, tokens, count) : STRINGS;
    return form == STRINGS ? form : form | width;
}

// Up to eight digits, two, four and eight at a time.
static inline uint64_t eight_decimals(const uint8_t *at, size_t count, size_t readable) {
    uint64_t x = load_bytes(at, count, readable) << (64 - 8 * count) & 0x0F0F0F0F0F0F0F0Full;
    x = (x * 10 + (x >> 8)) & 0x00FF00FF00FF00FFull;
    x = (x * 100 + (x >> 16)) & 0x0000FFFF0000FFFFull;
    return (x * 10000 + (x >> 32)) & 0xFFFFFFFF;
}

static inline uint64_t eight_hex(const uint8_t *at, size_t count, size_t readable) {
    uint64_t x = load_bytes(at, count, readable) << (64 - 8 * count);
    x = __builtin_bswap64((x & 0x0F0F0F0F0F0F0F0Full) + (x >> 6 & 0x0101010101010101ull) * 9);
    x = (x | x >> 4) & 0x00FF00FF00FF00FFull;
    x = (x | x >> 8) & 0x0000FFFF0000FFFFull;
    return (x | x >> 16) & 0xFFFFFFFF;
}

static void parse_decimals(const uint8_t *text, size_t text_count, const token *tokens, size_t count, uint64_t *values) {
    for (size_t i = 0; i < count; i++) {
        size_t at = tokens[i].at, length = tokens[i].length;
        // The first part has one to eight digits, those behind it eight.
        size_t part = (length - 1) % 8 + 1;
        uint64_t value = eight_decimals(text + at, part, text_count - at);
        for (; part < length; part += 8) value = value * 100000000 + eight_decimals(text + at + part, 8, 8);
        values[i] = value;
    }
}

static void parse_hex(const uint8_t *text, size_t text_count, const token *tokens, size_t count, uint64_t *values) {
    for (size_t i = 0; i < count; i++) {
        size_t at = tokens[i].at, length = tokens[i].length;
        size_t part = (length - 1) % 8 + 1;
        uint64_t value = eight_hex(text + at, part, text_count - at);
        if (part < length) value = value << 32 | eight_hex(text + at + part, 8, 8);
        values[i] = value;
    }
}

// Bits numbers take packed, without what each run begins with.
static size_t packed_bits(const uint64_t *values, size_t count) {
    size_t bits = 0;
    for (size_t start = 0; start < count; start += RUN) {
        size_t run = count - start < RUN ? count - start : RUN;
        uint64_t smallest, largest;
        run_bounds(values + start, run, &smallest, &largest);
        if (largest != smallest) bits += run * (64 - (size_t)__builtin_clzll(largest - smallest));
    }
    return bits;
}

static inline size_t slot_of(uint64_t value) { return (size_t)((value * 0x9E3779B97F4A7C15ull) >> 55); }

// The different values, ascending, to `list`; 0 where there are more than are worth it.
static size_t list_values(const uint64_t *values, size_t count, uint64_t *list, uint32_t *slots) {
    size_t limit = count / 4 < MOST_LISTED ? count / 4 : MOST_LISTED;
    size_t found = 0;
    memset(slots, 0, LIST_SLOTS * 4);
    for (size_t i = 0; i < count; i++) {
        size_t slot = slot_of(values[i]);
        while (slots[slot] && list[slots[slot] - 1] != values[i]) slot = (slot + 1) & (LIST_SLOTS - 1);
        if (slots[slot]) continue;
        if (found == limit) return 0;
        list[found++] = values[i];
        slots[slot] = (uint32_t)found;
    }
    for (size_t i = 1; i < found; i++) {
        uint64_t value = list[i];
        size_t j = i;
        for (; j > 0 && list[j - 1] > value; j--) list[j] = list[j - 1];
        list[j] = value;
    }
    return found;
}

static void put_stream(const uint64_t *values, size_t count, sink *words, sink *numbers) {
    size_t before = numbers->at;
    varde_pack_numbers(values, count, numbers);
    put_varint(words, numbers->at - before);
}

static void put_listed(uint64_t *values, size_t count, const uint64_t *list, size_t listed, uint32_t *slots, sink *words, sink *numbers) {
    put_varint(words, listed);
    memset(slots, 0, LIST_SLOTS * 4);
    for (size_t i = 0; i < listed; i++) {
        put_varint(words, i == 0 ? list[0] : list[i] - list[i - 1]);
        size_t slot = slot_of(list[i]);
        while (slots[slot]) slot = (slot + 1) & (LIST_SLOTS - 1);
        slots[slot] = (uint32_t)i + 1;
    }
    for (size_t i = 0; i < count; i++) {
        size_t slot = slot_of(values[i]);
        while (list[slots[slot] - 1] != values[i]) slot = (slot + 1) & (LIST_SLOTS - 1);
        values[i] = slots[slot] - 1;
    }
    put_stream(values, count, words, numbers);
}

static void put_numbers(int form, const token *tokens, size_t count, column_scratch *scratch, sink *words, sink *numbers) {
    uint64_t *values = scratch->values, *deltas = scratch->deltas;
    deltas[0] = 0;
    for (size_t i = 1; i < count; i++) {
        int64_t step = (int64_t)(values[i] - values[i - 1]);
        deltas[i] = (uint64_t)step << 1 ^ (uint64_t)(step >> 63);
    }
    size_t plain = packed_bits(values, count), delta = packed_bits(deltas, count);
    size_t best = plain < delta ? plain : delta;
    uint64_t list[MOST_LISTED];
    size_t listed = best > 2 * count && count >= 16 ? list_values(values, count, list, scratch->slots) : 0;
    size_t bits = listed > 1 ? 64 - (size_t)__builtin_clzll(listed - 1) : 1;
    if (listed && listed * 20 + count * bits >= best) listed = 0;
    int packing = listed ? LISTED : delta < plain ? DELTA : PLAIN;
    put_byte(words, (uint8_t)(form | packing));
    if ((form & WIDTH_MASK) == FIXED) put_byte(words, (uint8_t)tokens[0].length);
    if ((form & WIDTH_MASK) == VARIED) {
        uint64_t lengths[RUN];
        size_t before = numbers->at;
        for (size_t start = 0; start < count; start += RUN) {
            size_t run = count - start < RUN ? count - start : RUN;
            for (size_t i = 0; i < run; i++) lengths[i] = tokens[start + i].length;
            varde_pack_numbers(lengths, run, numbers);
        }
        put_varint(words, numbers->at - before);
    }
    if (packing == DELTA) put_varint(words, values[0]);
    if (packing == LISTED) put_listed(values, count, list, listed, scratch->slots, words, numbers);
    else put_stream(packing == DELTA ? deltas : values, count, words, numbers);
}

static uint64_t hash_token(const uint8_t *bytes, uint32_t length) {
    uint64_t hash = length;
    for (uint32_t i = 0; i < length; i += 8) {
        uint64_t word = 0;
        memcpy(&word, bytes + i, length - i < 8 ? length - i : 8);
        hash = (hash ^ word) * 0x9E3779B97F4A7C15ull;
        hash ^= hash >> 32;
    }
    return hash;
}

static void put_strings(const uint8_t *text, const token *tokens, size_t count, column_scratch *scratch, sink *words, sink *numbers) {
    size_t slots = 64;
    while (slots < count * 2) slots *= 2;
    memset(scratch->slots, 0, slots * 4);
    // Places of the different ones, in the order they are met, go where differences would.
    uint64_t *firsts = scratch->deltas;
    size_t found = 0, total = 0;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *bytes = text + tokens[i].at;
        size_t slot = (size_t)hash_token(bytes, tokens[i].length) & (slots - 1);
        for (; scratch->slots[slot]; slot = (slot + 1) & (slots - 1)) {
            token other = tokens[firsts[scratch->slots[slot] - 1]];
            if (other.length == tokens[i].length && memcmp(text + other.at, bytes, other.length) == 0) break;
        }
        if (!scratch->slots[slot]) {
            firsts[found++] = i;
            scratch->slots[slot] = (uint32_t)found;
        }
        scratch->values[i] = scratch->slots[slot] - 1;
        total += tokens[i].length;
    }
    if (found * 2 <= count) {
        put_byte(words, STRINGS_INDEXED);
        put_varint(words, found);
        for (size_t i = 0; i < found; i++) put_varint(words, tokens[firsts[i]].length);
        for (size_t i = 0; i < found; i++) put_bytes(words, text + tokens[firsts[i]].at, tokens[firsts[i]].length);
        put_stream(scratch->values, count, words, numbers);
        return;
    }
    put_byte(words, STRINGS);
    for (size_t i = 0; i < count; i++) scratch->values[i] = tokens[i].length;
    put_stream(scratch->values, count, words, numbers);
    put_varint(words, total);
    for (size_t i = 0; i < count; i++) put_bytes(words, text + tokens[i].at, tokens[i].length);
}

void varde_encode_column(const uint8_t *text, size_t text_count, size_t count, column_scratch *scratch, sink *words, sink *numbers) {
    const token *tokens = scratch->tokens;
    if (is_constant(text, text_count, tokens, count)) {
        put_byte(words, CONSTANT);
        put_varint(words, tokens[0].length);
        put_bytes(words, text + tokens[0].at, tokens[0].length);
        return;
    }
    int form = form_of(text, tokens, count);
    if (form == STRINGS) {
        put_strings(text, tokens, count, scratch, words, numbers);
        return;
    }
    if ((form & 7) == DECIMAL) parse_decimals(text, text_count, tokens, count, scratch->values);
    else parse_hex(text, text_count, tokens, count, scratch->values);
    put_numbers(form, tokens, count, scratch, words, numbers);
}
