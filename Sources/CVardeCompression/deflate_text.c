// DEFLATE (RFC 1951) for text made of long repeats and numbers, as answers in JSON are: repeats are looked for only where one is
// likely to begin, and only long ones, whose gain is certain.

#include "varde_compression.h"

#include <string.h>

enum {
    /// Input bytes with codes of their own; fewer than a stored block can hold.
    BLOCK = 32 << 10,
    WINDOW = 32 << 10,
    /// Digits cost about as little as the distance to where they were before: shorter repeats of them gain nothing.
    SHORTEST = 8,
    LONGEST = 258,
    TABLE_BITS = 13,
    LITERALS = 286,
    DISTANCES = 30,
    ORDERS = 19,
    /// Four literals and what is left of a byte fit into 64 bits.
    LITERAL_BITS = 14,
    DISTANCE_BITS = 15,
    ORDER_BITS = 7,
    END = 256,
};

static const uint16_t length_bases[29] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                          31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
static const uint8_t length_extras[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
static const uint8_t code_order[ORDERS] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};

/// Literals, then a repeat; the last of a block has none.
typedef struct {
    uint16_t literals;
    uint16_t length;
    uint16_t distance;
} sequence;

typedef struct {
    uint8_t bits[LITERALS];
    uint16_t words[LITERALS];
} code;

typedef struct {
    uint8_t *at;
    uint64_t held;
    unsigned count;
} bit_writer;

static inline uint64_t eight(const uint8_t *bytes) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    return word;
}

static inline void put(bit_writer *writer, uint64_t word, unsigned bits) {
    writer->held |= word << writer->count;
    writer->count += bits;
}

/// Writes the whole bytes of what is held, and up to seven bytes of nothing behind them.
static inline void drain(bit_writer *writer) {
    memcpy(writer->at, &writer->held, 8);
    writer->at += writer->count >> 3;
    writer->held >>= writer->count & ~7u;
    writer->count &= 7;
}

static void to_whole_byte(bit_writer *writer) {
    writer->count = (writer->count + 7) & ~7u;
    drain(writer);
}

static inline unsigned length_symbol(unsigned length) {
    if (length == LONGEST) return 28;
    unsigned past = length - 3;
    if (past < 8) return past;
    unsigned top = 31 - (unsigned)__builtin_clz(past);
    return 4 * (top - 1) + ((past >> (top - 2)) & 3);
}

static inline unsigned distance_symbol(unsigned distance) {
    unsigned past = distance - 1;
    if (past < 2) return past;
    unsigned top = 31 - (unsigned)__builtin_clz(past);
    return 2 * top + ((past >> (top - 1)) & 1);
}

static inline unsigned distance_extra(unsigned symbol) { return symbol < 4 ? 0 : symbol / 2 - 1; }

static inline unsigned distance_base(unsigned symbol) {
    return symbol < 4 ? symbol + 1 : ((2 + (symbol & 1)) << distance_extra(symbol)) + 1;
}

/// Lengths of a prefix code over `symbols`, none longer than `limit`: Huffman's in place over sorted weights (Moffat, Katajainen),
/// then shortened until they fit.
static void make_lengths(const uint32_t *weights, unsigned symbols, unsigned limit, uint8_t *bits) {
    uint32_t keys[LITERALS], nodes[LITERALS];
    unsigned count = 0;
    memset(bits, 0, symbols);
    for (unsigned symbol = 0; symbol < symbols; symbol++) {
        if (weights[symbol] > 0) keys[count++] = weights[symbol] << 9 | symbol;
    }
    if (count == 0) return;
    if (count == 1) {
        bits[keys[0] & 511] = 1;
        return;
    }
    for (unsigned gap = count / 2; gap > 0; gap /= 2) {
        for (unsigned i = gap; i < count; i++) {
            uint32_t key = keys[i];
            unsigned j = i;
            for (; j >= gap && keys[j - gap] > key; j -= gap) keys[j] = keys[j - gap];
            keys[j] = key;
        }
    }
    for (unsigned i = 0; i < count; i++) nodes[i] = keys[i] >> 9;
    // Pairs of the two lightest; a node that was paired holds the index of its parent from then on.
    unsigned leaf = 2, root = 0;
    nodes[0] += nodes[1];
    for (unsigned next = 1; next + 1 < count; next++) {
        for (int side = 0; side < 2; side++) {
            uint32_t weight;
            if (leaf >= count || (root < next && nodes[root] < nodes[leaf])) {
                weight = nodes[root];
                nodes[root++] = next;
            } else {
                weight = nodes[leaf++];
            }
            nodes[next] = side == 0 ? weight : nodes[next] + weight;
        }
    }
    // Depths of the inner nodes, then how many leaves hang at each depth.
    nodes[count - 2] = 0;
    for (int i = (int)count - 3; i >= 0; i--) nodes[i] = nodes[nodes[i]] + 1;
    uint32_t at_depth[64] = {0};
    int inner = (int)count - 2;
    unsigned depth = 0, open = 1, placed = 0;
    while (placed < count) {
        unsigned inside = 0;
        while (inner >= 0 && nodes[inner] == depth) {
            inside++;
            inner--;
        }
        unsigned leaves = open - inside;
        at_depth[depth < limit ? depth : limit] += leaves;
        placed += leaves;
        open = 2 * inside;
        depth++;
    }
    // Leaves that were lifted to the limit take more than there is: one of them at a time goes beside a leaf that is higher.
    uint32_t taken = 0;
    for (unsigned d = 1; d <= limit; d++) taken += at_depth[d] << (limit - d);
    for (; taken > 1u << limit; taken--) {
        unsigned d = limit - 1;
        while (at_depth[d] == 0) d--;
        at_depth[d]--;
        at_depth[d + 1] += 2;
        at_depth[limit]--;
    }
    unsigned index = 0;
    for (unsigned d = limit; d > 0; d--) {
        for (uint32_t n = 0; n < at_depth[d]; n++) bits[keys[index++] & 511] = (uint8_t)d;
    }
}

/// The words of a canonical code, turned round: DEFLATE sends them from their highest bit.
static void make_words(code *made, unsigned symbols) {
    uint16_t counts[16] = {0}, next[16] = {0};
    for (unsigned symbol = 0; symbol < symbols; symbol++) counts[made->bits[symbol]]++;
    counts[0] = 0;
    for (unsigned bits = 1; bits < 16; bits++) next[bits] = (uint16_t)((next[bits - 1] + counts[bits - 1]) << 1);
    for (unsigned symbol = 0; symbol < symbols; symbol++) {
        unsigned bits = made->bits[symbol];
        if (bits == 0) continue;
        unsigned word = next[bits]++, turned = 0;
        for (unsigned bit = 0; bit < bits; bit++) turned |= ((word >> bit) & 1) << (bits - 1 - bit);
        made->words[symbol] = (uint16_t)turned;
    }
}

static void make_code(code *made, const uint32_t *weights, unsigned symbols, unsigned limit) {
    make_lengths(weights, symbols, limit, made->bits);
    make_words(made, symbols);
}

typedef struct {
    uint8_t symbols[LITERALS + DISTANCES];
    uint8_t extras[LITERALS + DISTANCES];
    unsigned count;
} run_lengths;

/// Code lengths as DEFLATE writes them, runs in one symbol.
static void make_runs(run_lengths *runs, const uint8_t *bits, unsigned count) {
    runs->count = 0;
    for (unsigned i = 0; i < count;) {
        unsigned length = 1;
        while (i + length < count && bits[i + length] == bits[i]) length++;
        unsigned left = length;
        i += length;
        uint8_t value = bits[i - 1];
        while (left > 0) {
            unsigned taken = 1;
            uint8_t symbol = value;
            uint8_t extra = 0;
            if (value == 0 && left >= 3) {
                taken = left > 138 ? 138 : left;
                symbol = taken > 10 ? 18 : 17;
                extra = (uint8_t)(taken - (taken > 10 ? 11 : 3));
            } else if (value != 0 && left < length && left >= 3) {
                taken = left > 6 ? 6 : left;
                symbol = 16;
                extra = (uint8_t)(taken - 3);
            }
            runs->symbols[runs->count] = symbol;
            runs->extras[runs->count++] = extra;
            left -= taken;
        }
    }
}

static inline unsigned run_extra_bits(unsigned symbol) { return symbol == 16 ? 2 : symbol == 17 ? 3 : symbol == 18 ? 7 : 0; }

typedef struct {
    sequence sequences[BLOCK / SHORTEST + 1];
    unsigned count;
    uint32_t literal_weights[LITERALS];
    uint32_t distance_weights[DISTANCES];
    uint64_t extra_bits;
} parsed_block;

static inline int is_digit(uint8_t byte) { return (uint8_t)(byte - '0') < 10; }

/// Finds the repeats of `input[from..<to]`; they may begin in what comes before. A run of digits is looked up only where it begins.
static void parse(const uint8_t *input, size_t from, size_t to, uint32_t *table, parsed_block *block) {
    memset(block->literal_weights, 0, sizeof block->literal_weights);
    memset(block->distance_weights, 0, sizeof block->distance_weights);
    block->count = 0;
    block->extra_bits = 0;
    size_t at = from, begin = from;
    while (at + SHORTEST <= to) {
        uint64_t word = eight(input + at);
        uint32_t *place = table + ((word * 0x9E3779B97F4A7C15u) >> (64 - TABLE_BITS));
        // Places are counted from 1: 0 is none.
        size_t before = *place;
        *place = (uint32_t)at + 1;
        if (before == 0 || at + 1 - before > WINDOW || eight(input + before - 1) != word) {
            uint8_t byte = input[at++];
            block->literal_weights[byte]++;
            if (is_digit(byte)) {
                for (; at < to && is_digit(input[at]); at++) block->literal_weights[input[at]]++;
            }
            continue;
        }
        size_t most = to - at < LONGEST ? to - at : LONGEST, length = SHORTEST;
        const uint8_t *old = input + before - 1;
        while (length + 8 <= most) {
            uint64_t differ = eight(input + at + length) ^ eight(old + length);
            if (differ != 0) {
                length += (size_t)__builtin_ctzll(differ) >> 3;
                goto ended;
            }
            length += 8;
        }
        while (length < most && input[at + length] == old[length]) length++;
    ended:;
        unsigned distance = (unsigned)(at + 1 - before);
        unsigned symbol = length_symbol((unsigned)length), far = distance_symbol(distance);
        block->literal_weights[257 + symbol]++;
        block->distance_weights[far]++;
        block->extra_bits += length_extras[symbol] + distance_extra(far);
        block->sequences[block->count++] = (sequence){(uint16_t)(at - begin), (uint16_t)length, (uint16_t)distance};
        at += length;
        begin = at;
    }
    for (; at < to; at++) block->literal_weights[input[at]]++;
    block->sequences[block->count++] = (sequence){(uint16_t)(to - begin), 0, 0};
    block->literal_weights[END] = 1;
}

static uint64_t weighed(const uint32_t *weights, const uint8_t *bits, unsigned symbols) {
    uint64_t sum = 0;
    for (unsigned symbol = 0; symbol < symbols; symbol++) sum += (uint64_t)weights[symbol] * bits[symbol];
    return sum;
}

static void write_stored(bit_writer *writer, const uint8_t *input, size_t count) {
    put(writer, 0, 3);
    to_whole_byte(writer);
    put(writer, count | (uint64_t)(~count & 0xFFFF) << 16, 32);
    drain(writer);
    memcpy(writer->at, input, count);
    writer->at += count;
}

static void write_sequences(bit_writer *target, const uint8_t *input, const parsed_block *block, const code *literals,
                            const code *distances) {
    bit_writer writer = *target;
    for (unsigned i = 0; i < block->count; i++) {
        sequence next = block->sequences[i];
        unsigned left = next.literals;
        for (; left >= 4; left -= 4, input += 4) {
            for (int k = 0; k < 4; k++) put(&writer, literals->words[input[k]], literals->bits[input[k]]);
            drain(&writer);
        }
        for (; left > 0; left--, input++) put(&writer, literals->words[*input], literals->bits[*input]);
        drain(&writer);
        if (next.length == 0) break;
        unsigned symbol = length_symbol(next.length), far = distance_symbol(next.distance);
        put(&writer, literals->words[257 + symbol], literals->bits[257 + symbol]);
        put(&writer, next.length - length_bases[symbol], length_extras[symbol]);
        put(&writer, distances->words[far], distances->bits[far]);
        put(&writer, next.distance - distance_base(far), distance_extra(far));
        drain(&writer);
        input += next.length;
    }
    put(&writer, literals->words[END], literals->bits[END]);
    drain(&writer);
    *target = writer;
}

/// One block of its own codes, or stored where those gain nothing.
static void write_block(bit_writer *writer, const uint8_t *input, size_t count, const parsed_block *block) {
    code literals, distances, orders;
    make_code(&literals, block->literal_weights, LITERALS, LITERAL_BITS);
    make_code(&distances, block->distance_weights, DISTANCES, DISTANCE_BITS);
    unsigned literal_count = LITERALS, distance_count = DISTANCES;
    while (literal_count > 257 && literals.bits[literal_count - 1] == 0) literal_count--;
    while (distance_count > 1 && distances.bits[distance_count - 1] == 0) distance_count--;
    uint8_t lengths[LITERALS + DISTANCES];
    memcpy(lengths, literals.bits, literal_count);
    memcpy(lengths + literal_count, distances.bits, distance_count);
    run_lengths runs;
    make_runs(&runs, lengths, literal_count + distance_count);
    uint32_t order_weights[ORDERS] = {0};
    uint64_t size = 3 + 14 + block->extra_bits;
    for (unsigned i = 0; i < runs.count; i++) {
        order_weights[runs.symbols[i]]++;
        size += run_extra_bits(runs.symbols[i]);
    }
    make_code(&orders, order_weights, ORDERS, ORDER_BITS);
    unsigned order_count = ORDERS;
    while (order_count > 4 && orders.bits[code_order[order_count - 1]] == 0) order_count--;
    size += 3 * order_count + weighed(order_weights, orders.bits, ORDERS) + weighed(block->literal_weights, literals.bits, LITERALS)
            + weighed(block->distance_weights, distances.bits, DISTANCES);
    if (size / 8 >= count) {
        write_stored(writer, input, count);
        return;
    }
    put(writer, 4, 3);
    put(writer, literal_count - 257, 5);
    put(writer, distance_count - 1, 5);
    put(writer, order_count - 4, 4);
    drain(writer);
    for (unsigned i = 0; i < order_count; i++) {
        put(writer, orders.bits[code_order[i]], 3);
        drain(writer);
    }
    for (unsigned i = 0; i < runs.count; i++) {
        put(writer, orders.words[runs.symbols[i]], orders.bits[runs.symbols[i]]);
        put(writer, runs.extras[i], run_extra_bits(runs.symbols[i]));
        drain(writer);
    }
    write_sequences(writer, input, block, &literals, &distances);
}

int64_t varde_deflate_bound(int64_t count) { return count < 0 || count > UINT32_MAX - 1 ? -1 : count + (count / BLOCK + 1) * 6 + 32; }

int64_t varde_deflate_text(const uint8_t *input, size_t count, uint8_t *output, size_t capacity) {
    int64_t bound = varde_deflate_bound((int64_t)count);
    if (bound < 0 || capacity < (size_t)bound) return -1;
    uint32_t table[1 << TABLE_BITS];
    memset(table, 0, sizeof table);
    parsed_block block;
    bit_writer writer = {output, 0, 0};
    for (size_t from = 0; from < count; from += BLOCK) {
        size_t to = count - from < BLOCK ? count : from + BLOCK;
        parse(input, from, to, table, &block);
        write_block(&writer, input + from, to - from, &block);
    }
    write_stored(&writer, input, 0);
    return writer.at - output;
}
