// Classes of 64 bytes at once, by the instructions there are; to be compiled into privacy_scan.c.
#include <immintrin.h>

// Three bytes are looked up by nibble; a set bit is a bucket of prefixes all six nibbles of which agree.
static const char *const buckets[8][24] = {
    {"AKI", "ASI", "AIz", "Acc"}, {"ghp", "gho", "ghu", "ghs", "ghr"}, {"git", "glp", "npm", "eyJ"}, {"xox", "sk_", "rk_"},
    {"SG.", "Fai", "VAL", "Val", "val"},
    {"---", "-u ", "--a", "--b", "--c", "--d", "--e", "--f", "--g", "--h", "--i", "--j", "--k", "--l", "--m", "--n", "--o", "--p", "--A", "--P"},
    {"Bea", "bea", "BEA", "Bas", "bas", "BAS"},
    {"use", "Use", "USE", "bru", "Bru", "BRU"},
};

typedef struct {
    uint8_t low[3][16], high[3][16];
} nibbles;

static nibbles prefix_nibbles;

__attribute__((constructor)) static void fill_nibbles(void) {
    for (int b = 0; b < 8; b++)
        for (int k = 0; k < 24 && buckets[b][k]; k++)
            for (int i = 0; i < 3; i++) {
                uint8_t c = (uint8_t)buckets[b][k][i];
                prefix_nibbles.low[i][c & 15] |= (uint8_t)(1 << b);
                prefix_nibbles.high[i][c >> 4] |= (uint8_t)(1 << b);
            }
}

__attribute__((target("avx2"))) static inline __m256i lookup(__m256i x, const uint8_t *low, const uint8_t *high) {
    const __m256i nibble = _mm256_set1_epi8(15);
    __m256i l = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)low));
    __m256i h = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)high));
    return _mm256_and_si256(_mm256_shuffle_epi8(l, _mm256_and_si256(x, nibble)),
                            _mm256_shuffle_epi8(h, _mm256_and_si256(_mm256_srli_epi16(x, 4), nibble)));
}

__attribute__((target("avx2"))) static inline uint64_t bits_of(__m256i x) { return (uint32_t)_mm256_movemask_epi8(x); }

__attribute__((target("avx2"))) static inline void classify_avx2(const uint8_t *block, const uint8_t *behind, masks *m) {
    uint64_t digit = 0, mark = 0, colon_bits = 0, dash = 0, dot = 0, escapes = 0, prefixes = 0;
    uint64_t letter = 0, opener = 0, joint = 0, slashed = 0, zero = 0, wide = 0;
    for (int half = 0; half < 2; half++) {
        const uint8_t *b = block + 32 * half, *a = behind + 32 * half;
        int shift = 32 * half;
        __m256i x = _mm256_loadu_si256((const __m256i *)b);
        __m256i d = _mm256_sub_epi8(x, _mm256_set1_epi8('0'));
        digit |= (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(d, _mm256_set1_epi8(9)), d)) << shift;
        __m256i c = _mm256_cmpeq_epi8(x, _mm256_set1_epi8(':'));
        colon_bits |= (uint64_t)(uint32_t)_mm256_movemask_epi8(c) << shift;
        __m256i k = _mm256_or_si256(c, _mm256_or_si256(_mm256_cmpeq_epi8(x, _mm256_set1_epi8('@')), _mm256_cmpeq_epi8(x, _mm256_set1_epi8('='))));
        k = _mm256_or_si256(k, _mm256_cmpeq_epi8(x, _mm256_set1_epi8('>')));
        mark |= (uint64_t)(uint32_t)_mm256_movemask_epi8(k) << shift;
        __m256i minus = _mm256_cmpeq_epi8(x, _mm256_set1_epi8('-')), point = _mm256_cmpeq_epi8(x, _mm256_set1_epi8('.'));
        __m256i plus = _mm256_cmpeq_epi8(x, _mm256_set1_epi8('+'));
        dash |= bits_of(minus) << shift;
        dot |= bits_of(point) << shift;
        __m256i l = _mm256_sub_epi8(_mm256_or_si256(x, _mm256_set1_epi8(32)), _mm256_set1_epi8('a'));
        letter |= bits_of(_mm256_cmpeq_epi8(_mm256_min_epu8(l, _mm256_set1_epi8(25)), l)) << shift;
        opener |= bits_of(_mm256_or_si256(plus, _mm256_cmpeq_epi8(x, _mm256_set1_epi8('_')))) << shift;
        joint |= bits_of(_mm256_or_si256(_mm256_or_si256(minus, point), _mm256_or_si256(plus, _mm256_cmpeq_epi8(x, _mm256_set1_epi8(' '))))) << shift;
        slashed |= bits_of(_mm256_or_si256(c, _mm256_cmpeq_epi8(x, _mm256_set1_epi8('/')))) << shift;
        zero |= bits_of(_mm256_cmpeq_epi8(x, _mm256_set1_epi8('0'))) << shift;
        wide |= bits_of(x) << shift;
        __m256i e = _mm256_or_si256(_mm256_cmpeq_epi8(x, _mm256_set1_epi8('%')), _mm256_cmpeq_epi8(x, _mm256_set1_epi8('\\')));
        e = _mm256_or_si256(e, _mm256_or_si256(_mm256_cmpeq_epi8(x, _mm256_set1_epi8('&')), _mm256_cmpeq_epi8(x, _mm256_set1_epi8((char)0xEF))));
        e = _mm256_or_si256(e, _mm256_or_si256(_mm256_cmpeq_epi8(x, _mm256_set1_epi8(0x1B)), _mm256_cmpeq_epi8(x, _mm256_set1_epi8((char)0xE2))));
        e = _mm256_or_si256(e, _mm256_or_si256(_mm256_cmpeq_epi8(x, _mm256_set1_epi8((char)0xC2)), _mm256_cmpeq_epi8(x, _mm256_set1_epi8('#'))));
        e = _mm256_or_si256(e, _mm256_cmpeq_epi8(x, _mm256_set1_epi8('^')));
        escapes |= (uint64_t)(uint32_t)_mm256_movemask_epi8(e) << shift;
        __m256i t = lookup(_mm256_loadu_si256((const __m256i *)a), prefix_nibbles.low[0], prefix_nibbles.high[0]);
        t = _mm256_and_si256(t, lookup(_mm256_loadu_si256((const __m256i *)(a + 1)), prefix_nibbles.low[1], prefix_nibbles.high[1]));
        t = _mm256_and_si256(t, lookup(_mm256_loadu_si256((const __m256i *)(a + 2)), prefix_nibbles.low[2], prefix_nibbles.high[2]));
        prefixes |= (uint64_t)(uint32_t)~_mm256_movemask_epi8(_mm256_cmpeq_epi8(t, _mm256_setzero_si256())) << shift;
        // `pas`, `-p` and `y '`, whatever their case.
        const __m256i small = _mm256_set1_epi8(32);
        __m256i a0 = _mm256_loadu_si256((const __m256i *)a), a1 = _mm256_loadu_si256((const __m256i *)(a + 1)), a2 = _mm256_loadu_si256((const __m256i *)(a + 2));
        __m256i b0 = _mm256_or_si256(a0, small), b1 = _mm256_or_si256(a1, small), b2 = _mm256_or_si256(a2, small);
#define SAME(v, c) _mm256_cmpeq_epi8(v, _mm256_set1_epi8(c))
        __m256i w = _mm256_and_si256(SAME(b0, 'p'), _mm256_and_si256(SAME(b1, 'a'), SAME(b2, 's')));
        w = _mm256_or_si256(w, _mm256_and_si256(SAME(a0, '-'), SAME(a1, 'p')));
        w = _mm256_or_si256(w, _mm256_and_si256(SAME(b0, 'y'), _mm256_and_si256(SAME(a1, ' '), _mm256_or_si256(SAME(a2, '\''), SAME(a2, '"')))));
#undef SAME
        prefixes |= bits_of(w) << shift;
    }
    m->digit = digit;
    m->mark = mark;
    m->colon = colon_bits;
    m->dash = dash;
    m->dot = dot;
    m->escape = escapes;
    m->prefix = prefixes;
    m->letter = letter;
    m->opener = opener;
    m->joint = joint;
    m->slashed = slashed;
    m->zero = zero;
    m->wide = wide;
}

__attribute__((target("avx512bw"))) static inline __m512i lookup_wide(__m512i x, const uint8_t *low, const uint8_t *high) {
    const __m512i nibble = _mm512_set1_epi8(15);
    __m512i l = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)low));
    __m512i h = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)high));
    return _mm512_and_si512(_mm512_shuffle_epi8(l, _mm512_and_si512(x, nibble)),
                            _mm512_shuffle_epi8(h, _mm512_and_si512(_mm512_srli_epi16(x, 4), nibble)));
}

__attribute__((target("avx512bw"))) static inline void classify_avx512(const uint8_t *block, const uint8_t *behind, masks *m) {
    __m512i x = _mm512_loadu_si512(block);
#define EQUALS(c) _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8((char)(c)))
    m->digit = _mm512_cmplt_epu8_mask(_mm512_sub_epi8(x, _mm512_set1_epi8('0')), _mm512_set1_epi8(10));
    __m512i lower = _mm512_or_si512(x, _mm512_set1_epi8(32));
    m->letter = _mm512_cmplt_epu8_mask(_mm512_sub_epi8(lower, _mm512_set1_epi8('a')), _mm512_set1_epi8(26));
    uint64_t plus = EQUALS('+');
    m->colon = EQUALS(':');
    m->dash = EQUALS('-');
    m->dot = EQUALS('.');
    m->mark = m->colon | EQUALS('@') | EQUALS('=') | EQUALS('>');
    m->opener = plus | EQUALS('_');
    m->joint = plus | m->dash | m->dot | EQUALS(' ');
    m->slashed = m->colon | EQUALS('/');
    m->zero = EQUALS('0');
    m->wide = _mm512_movepi8_mask(x);
    m->escape = EQUALS('%') | EQUALS('\\') | EQUALS('&') | EQUALS(0xEF) | EQUALS(0x1B) | EQUALS(0xE2) | EQUALS(0xC2) | EQUALS('#') |
                EQUALS('^');
#undef EQUALS
    __m512i a0 = _mm512_loadu_si512(behind), a1 = _mm512_loadu_si512(behind + 1), a2 = _mm512_loadu_si512(behind + 2);
    __m512i t = lookup_wide(a0, prefix_nibbles.low[0], prefix_nibbles.high[0]);
    t = _mm512_and_si512(t, lookup_wide(a1, prefix_nibbles.low[1], prefix_nibbles.high[1]));
    t = _mm512_and_si512(t, lookup_wide(a2, prefix_nibbles.low[2], prefix_nibbles.high[2]));
    m->prefix = _mm512_test_epi8_mask(t, t);
    // `pas`, `-p` and `y '`, whatever their case.
    const __m512i small = _mm512_set1_epi8(32);
#define SAME(v, c) _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(c))
    m->prefix |= SAME(_mm512_or_si512(a0, small), 'p') & SAME(_mm512_or_si512(a1, small), 'a') & SAME(_mm512_or_si512(a2, small), 's');
    m->prefix |= SAME(a0, '-') & SAME(a1, 'p');
    m->prefix |= SAME(_mm512_or_si512(a0, small), 'y') & SAME(a1, ' ') & (SAME(a2, '\'') | SAME(a2, '"'));
#undef SAME
}
