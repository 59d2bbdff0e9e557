// Candidates for personal data, found by byte class. Blocks of 64 bytes become bit masks; every set bit is an event that a few
// comparisons dismiss or turn into a candidate. What an event looks at is bounded, so time is linear in the line.
#include "varde_privacy.h"

#include <string.h>

enum { LETTER = 1, DIGIT = 2, HEX = 4, KEYCHAR = 8, CLOSER = 16 };

static const uint8_t class_of[256] = {
    ['0' ... '9'] = DIGIT | HEX | KEYCHAR, ['A' ... 'F'] = LETTER | HEX | KEYCHAR, ['G' ... 'Z'] = LETTER | KEYCHAR,
    ['a' ... 'f'] = LETTER | HEX | KEYCHAR, ['g' ... 'z'] = LETTER | KEYCHAR, ['_'] = KEYCHAR, ['-'] = KEYCHAR, ['.'] = KEYCHAR,
    [0x80 ... 0xFF] = KEYCHAR, ['"'] = CLOSER, ['\\'] = CLOSER, [' '] = CLOSER, ['\t'] = CLOSER, ['\n'] = CLOSER, ['\r'] = CLOSER, ['\''] = CLOSER, [')'] = CLOSER, [']'] = CLOSER, ['`'] = CLOSER,
};

typedef struct {
    const uint8_t *line;
    size_t count;
    const uint8_t *filter;
    uint32_t *output;
    size_t used;
    size_t skip;
    uint32_t encoded;
    int thorough; // whether candidates that no judge will take are named as well
} scan;

typedef struct {
    uint64_t digit, mark, colon, dash, dot, escape, prefix;
    // For the dismissal of digits: letters; `_` and `+`; what may join groups of digits; `:` and `/`; zeros; bytes beyond ASCII.
    uint64_t letter, opener, joint, slashed, zero, wide;
} masks;

static inline uint8_t at(const scan *s, size_t p) { return p < s->count ? s->line[p] : 0; }
static inline uint8_t before(const scan *s, size_t p, size_t n) { return p >= n ? s->line[p - n] : 0; }
static inline int is_digit(uint8_t c) { return (uint8_t)(c - '0') < 10; }
static inline int is_letter(uint8_t c) { return (uint8_t)((c | 32) - 'a') < 26; }
static inline int is_alnum(uint8_t c) { return class_of[c] & (LETTER | DIGIT); }
static inline int is_hex(uint8_t c) { return class_of[c] & HEX; }
static inline void emit(scan *s, uint32_t kind, size_t p) { s->output[s->used++] = kind << 28 | (uint32_t)p; }
static inline int is(const scan *s, size_t p, const char *text, size_t n) {
    return p + n <= s->count && memcmp(s->line + p, text, n) == 0;
}

// Length of the separator at p, 0 where there is none; its class in `kind`. NBSP and U+202F are spaces.
static inline size_t separator(const scan *s, size_t p, uint8_t *kind) {
    uint8_t c = at(s, p);
    *kind = c;
    if (c == ' ' || c == '-' || c == '.' || c == '+') return 1;
    *kind = ' ';
    if (c == 0xC2 && at(s, p + 1) == 0xA0) return 2;
    if (c == 0xE2 && at(s, p + 1) == 0x80 && at(s, p + 2) == 0xAF) return 3;
    *kind = 0;
    return 0;
}

static inline int two(const scan *s, size_t p) { return is_digit(at(s, p)) && is_digit(at(s, p + 1)); }

// hh:mm:ss with fraction and zone at p: its end, else 0.
static size_t clock_end(const scan *s, size_t p) {
    if (!(two(s, p) && at(s, p + 2) == ':' && two(s, p + 3))) return 0;
    size_t q = p + 5;
    if (at(s, q) == ':' && two(s, q + 1)) q += 3;
    if (is_digit(at(s, q)) || at(s, q) == ':') return 0;
    if ((at(s, q) == '.' || at(s, q) == ',') && is_digit(at(s, q + 1))) {
        size_t f = q + 1;
        while (f < q + 11 && is_digit(at(s, f))) f++;
        if (!is_alnum(at(s, f)) || at(s, f) == 'Z') q = f;
    }
    if (at(s, q) == 'Z') return q + 1;
    if ((at(s, q) == '+' || at(s, q) == '-') && two(s, q + 1)) {
        size_t z = at(s, q + 3) == ':' ? q + 4 : q + 3;
        if (two(s, z) && !is_alnum(at(s, z + 2))) return z + 2;
    }
    return q;
}

static inline int is_capital(uint8_t c) { return (uint8_t)(c - 'A') < 26; }

// Whether three capitals stand before `end` and 123 or 12D at p, as on plates.
static int is_plate(const scan *s, size_t end, size_t p, size_t length) {
    if (!is_capital(before(s, end, 1)) || !is_capital(before(s, end, 2)) || !is_capital(before(s, end, 3)) || is_alnum(before(s, end, 4))) return 0;
    uint8_t next = at(s, p + length);
    return length == 3 ? !is_alnum(next) && next != '_' : length == 2 && is_capital(next) && !is_alnum(at(s, p + 3));
}

// Whether N59.9139 stands at p, from its digits on, with E10.7522 behind it.
static int is_compass_pair(const scan *s, size_t p, size_t length) {
    uint8_t a = before(s, p, 1);
    if (length > 2 || (a != 'N' && a != 'S') || is_alnum(before(s, p, 2)) || at(s, p + length) != '.') return 0;
    size_t q = p + length + 1, n = 0;
    while (n < 20 && is_digit(at(s, q + n))) n++;
    if (n < 4) return 0;
    q += n;
    for (n = 0; n < 3 && (at(s, q) == ' ' || at(s, q) == ','); n++) q++;
    if (n == 0 || (at(s, q) != 'E' && at(s, q) != 'W')) return 0;
    for (n = 0; n < 4 && is_digit(at(s, q + 1 + n));) n++;
    return n > 0 && n < 4 && at(s, q + 1 + n) == '.' && two(s, q + n + 2) && two(s, q + n + 4);
}

static void letters_before(scan *s, size_t p, size_t length) {
    size_t n = 0;
    while (n < 4 && is_letter(before(s, p, n + 1))) n++;
    if (n == 0 || n > 3) return;
    uint8_t b = before(s, p, n + 1);
    if (is_alnum(b) || (b == '_' && !(n == 2 && (length == 2 || length >= 10)))) return;
    // An account of two letters, a plate, a passport.
    if ((n == 1 && b == '%' && length >= 13 && length <= 19 && at(s, p + length) == '^') || (n == 2 && (length == 2 || length == 4 || length == 5 || length >= 10)) || (length >= 6 && length <= 9) || (n == 3 && is_plate(s, p, p, length))) {
        emit(s, VARDE_CANDIDATE_LETTERED, p);
    }
}

// Shapes by lengths of groups, one hexadecimal digit each.
static int known_shape(uint32_t shape, uint8_t kind) {
    switch (shape) {
    case 0x65: case 0x64: case 0x84: return kind != '.';
    case 0x425: case 0x2225: case 0x335: case 0x443: case 0x632: case 0x4444: case 0x323: return 1;
    case 0x44: case 0x48: case 0x462: case 0x465: case 0x464: case 0x2222: case 0x2261: case 0x444: case 0x4441: case 0x4442: case 0x4443:
        return kind != '.';
    default: return 0;
    }
}

// Four dotted numbers at p: 1 for an address, -1 for more of it than an address has, 0 for none.
static int dotted_address(const scan *s, size_t p) {
    size_t q = p;
    for (int part = 0; part < 4; part++) {
        size_t n = 0;
        unsigned value = 0;
        while (n < 4 && is_digit(at(s, q + n))) value = value * 10 + (s->line[q + n++] - '0');
        if (n == 0 || n > 3 || value > 255 || (n > 1 && s->line[q] == '0')) return 0;
        q += n;
        if (part < 3) {
            if (at(s, q) != '.') return 0;
            q++;
        }
    }
    uint8_t after = at(s, q);
    return !is_alnum(after) && after != '_' && !(after == '.' && is_digit(at(s, q + 1))) ? 1 : -1;
}

// Whether lat, lon, lng, long, latitude or longitude or their like end at e, by their last three letters.
static int is_coordinate_word(const scan *s, size_t e) {
    uint8_t a = s->line[e - 3] | 32, b = s->line[e - 2] | 32, c = s->line[e - 1] | 32;
    return (a == 'l' && ((b == 'a' && c == 't') || (b == 'o' && c == 'n') || (b == 'n' && c == 'g'))) || (a == 'o' && b == 'n' && c == 'g') ||
           (a == 'u' && b == 'd' && c == 'e') || (a == 'r' && b == 'a' && c == 'd');
}

// A date with dots and five digits behind a blank or dash: 20.05.94 18379.
static int dotted_date(const scan *s, size_t p) {
    if (!(two(s, p) && at(s, p + 2) == '.' && two(s, p + 3) && at(s, p + 5) == '.' && two(s, p + 6))) return 0;
    if (at(s, p + 8) != ' ' && at(s, p + 8) != '-') return 0;
    for (size_t k = 9; k < 14; k++)
        if (!is_digit(at(s, p + k))) return 0;
    return !is_alnum(at(s, p + 14));
}

// Whether a word of births ends at e, as in "born 01/09/1997" and its like.
static int is_birth_word(const scan *s, size_t e) {
    static const char *const words[] = {
        "f\xC3\xB8" "dt", "f\xC3\xB6" "dd", "f\xC3\xB8" "dd", "fodt", "fodd", "born", "syntynyt", "dob", "birth", "birthday",
        "f\xC3\xB8" "dselsdato", "fodselsdato", "f\xC3\xB6" "delsedatum", "fodelsedatum", "f\xC3\xB8" "dselsdag", "syntym\xC3\xA4" "aika",
    };
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
        const char *word = words[k];
        size_t n = strlen(word), i = 0;
        if (e < n || s->line[e - 1] != (uint8_t)word[n - 1]) continue;
        while (i < n && (s->line[e - n + i] == (uint8_t)word[i] || (s->line[e - n + i] | 32) == (uint8_t)word[i])) i++;
        if (i == n && !(class_of[before(s, e, n + 1)] & (LETTER | DIGIT)) && before(s, e, n + 1) < 0x80) return 1;
    }
    return 0;
}

// Where a date ends that begins at p, 0 where none does: 01/09/1997, 1.9.97, 1997-09-01.
static size_t date_end(const scan *s, size_t p) {
    size_t q = p, length[3];
    uint8_t joint = 0;
    for (int part = 0; part < 3; part++) {
        size_t n = 0;
        while (n < 5 && is_digit(at(s, q + n))) n++;
        length[part] = n;
        q += n;
        if (n == 0 || part == 2) break;
        uint8_t c = at(s, q);
        if ((c != '/' && c != '.' && c != '-') || (joint && c != joint)) return 0;
        joint = c;
        q++;
    }
    if (is_alnum(at(s, q))) return 0;
    int is_local = length[0] <= 2 && length[1] <= 2 && (length[2] == 4 || length[2] == 2);
    return is_local || (length[0] == 4 && length[1] <= 2 && length[2] <= 2 && length[2] > 0) ? q : 0;
}

// Long digits behind `_` or a word that is no hexadecimal: user01017012345, order_4302157368193038.
static int behind_word(const scan *s, size_t p) {
    if (before(s, p, 1) == '_') return 1;
    if (p >= 2 && (is(s, p - 2, "id", 2) || is(s, p - 2, "nr", 2)) && !is_alnum(before(s, p, 3))) return 1;
    size_t n = 1;
    int is_word = 0;
    for (; n <= 16 && is_letter(before(s, p, n)); n++) is_word |= !is_hex(before(s, p, n));
    return is_word && n > 3;
}

// Whether what stands behind eleven digits is the mark of a long integer in a program: 15075502467L, 15075502467n.
static int is_long_mark(const scan *s, size_t end) {
    size_t n = 0;
    while (n < 3 && memchr("lLuUn", at(s, end + n), 5)) n++;
    return n > 0 && !is_alnum(at(s, end + n)) && at(s, end + n) != '_';
}

// Behind six digits: any byte, three digits, a letter or digit.
static int century_follows(const scan *s, size_t p) {
    return is_digit(at(s, p + 7)) && is_digit(at(s, p + 8)) && is_digit(at(s, p + 9)) && is_alnum(at(s, p + 10));
}

static void digits(scan *s, size_t p) {
    size_t length = 1;
    while (length < 26 && is_digit(at(s, p + length))) length++;
    uint8_t previous = before(s, p, 1);
    if (previous == '_' || is_letter(previous)) {
        if ((length == 11 || (length >= 13 && length <= 19)) && (!is_alnum(at(s, p + length)) || (length == 11 && is_long_mark(s, p + length))) && behind_word(s, p)) {
            emit(s, VARDE_CANDIDATE_NUMBER, p);
            if (length == 11) return;
        }
        if (previous == '_') {
            if (length <= 3 && dotted_address(s, p)) emit(s, VARDE_CANDIDATE_IPV4, p);
            return;
        }
        if (is_compass_pair(s, p, length)) return emit(s, VARDE_CANDIDATE_POSITION, p);
        // 'T' of a time stamp without the date's being seen as one, and the like, fall through to nothing.
        letters_before(s, p, length);
        return;
    }
    if (length > 25) return;
    if (previous == '.' && is_digit(before(s, p, 2))) return;
    size_t end = p + length;
    uint8_t next = at(s, end);
    if (previous == '+') {
        if (!is_alnum(before(s, p, 2)) && s->line[p] != '0') {
            emit(s, VARDE_CANDIDATE_PHONE, p);
            return;
        }
    } else if (s->line[p] == '0' && length >= 4 && s->line[p + 1] == '0' && s->line[p + 2] != '0') {
        emit(s, VARDE_CANDIDATE_PHONE, p);
    }
    if ((length == 2 || length == 3) && (previous == ' ' || previous == '-') && is_plate(s, p - 1, p, length)) {
        emit(s, VARDE_CANDIDATE_LETTERED, p);
        return;
    }
    // Short runs that go on in no way known: most of them.
    if (length < 5 && previous != '+') {
        uint8_t second = at(s, end + 1);
        switch (next) {
        case ' ': case '-': case '.': case '+':
            if (!is_digit(second)) return;
            break;
        case ':': case '/':
            if (length != 2) return;
            break;
        case 0xC2: case 0xE2: break;
        default: return;
        }
    }
    if ((length <= 2 || length == 4) && previous == ' ' && (next == '/' || next == '.' || next == '-') && is_digit(at(s, end + 1))) {
        size_t e = before(s, p, 2) == ':' ? p - 2 : p - 1;
        if (e > 3 && (is_letter(s->line[e - 1])) && date_end(s, p) && !dotted_date(s, p) && is_birth_word(s, e)) {
            emit(s, VARDE_CANDIDATE_BIRTH, p);
            return;
        }
    }
    // Time stamps first: they are in nearly every line.
    if (length == 4 && next == '-' && two(s, p + 5) && at(s, p + 7) == '-' && two(s, p + 8) &&
        (at(s, p + 10) == 'T' || at(s, p + 10) == ' ')) {
        size_t e = clock_end(s, p + 11);
        if (e) {
            s->skip = e;
            return;
        }
    }
    if (length == 2) {
        if (next == ':') {
            size_t e = clock_end(s, p);
            if (e && previous != ':' && previous != '.') {
                s->skip = e;
                return;
            }
        }
        if (next == '/' && is_letter(at(s, p + 3)) && at(s, p + 6) == '/' && two(s, p + 7) && two(s, p + 9) && at(s, p + 11) == ':') {
            size_t e = clock_end(s, p + 12);
            if (e) {
                // Nearly always there is a dash where the user's name would be.
                int is_nobody = before(s, p, 2) == ' ' && before(s, p, 3) == '-' && before(s, p, 4) == ' ';
                if (previous == '[' && (s->thorough || !is_nobody)) emit(s, VARDE_CANDIDATE_ACCESS, p - 1);
                if (at(s, e) == ' ' && (at(s, e + 1) == '+' || at(s, e + 1) == '-') && two(s, e + 2) && two(s, e + 4)) e += 6;
                s->skip = e;
                return;
            }
        }
    }
    if (length == 2 && next == '.' && dotted_date(s, p)) {
        emit(s, VARDE_CANDIDATE_GROUPED, p);
        return;
    }
    if (length <= 3 && next == '.') {
        // A dotted address, or a pair of decimals.
        int address = dotted_address(s, p);
        if (address) {
            if (address > 0) emit(s, VARDE_CANDIDATE_IPV4, p);
            return;
        }
        size_t f = end + 1;
        while (f < end + 20 && is_digit(at(s, f))) f++;
        if (f - end - 1 >= 4) {
            size_t g = f;
            while (g < f + 3 && (at(s, g) == ',' || at(s, g) == ' ' || at(s, g) == ';' || at(s, g) == '/')) g++;
            if (g > f) {
                if (at(s, g) == '-' || at(s, g) == '+') g++;
                size_t h = g;
                while (h < g + 3 && is_digit(at(s, h))) h++;
                if (h > g && at(s, h) == '.') {
                    size_t d = h + 1;
                    while (d < h + 5 && is_digit(at(s, d))) d++;
                    if (d == h + 5) {
                        emit(s, VARDE_CANDIDATE_POSITION, p);
                        return;
                    }
                }
            }
            // One behind its word, lat 59.9139 lon 10.7522.
            if (previous == ' ' && p >= 4 && is_coordinate_word(s, p - 1)) emit(s, VARDE_CANDIDATE_POSITION, p);
            return;
        }
    }
    // A telephone number as it is dialled at home, 070-123 45 67: a word before it has to say so.
    if (s->line[p] == '0' && length >= 2 && length <= 4 && s->line[p + 1] != '0') {
        uint8_t k;
        size_t w = separator(s, end, &k), n = 0;
        if (w && (k == ' ' || k == '-')) {
            while (n < 8 && is_digit(at(s, end + w + n))) n++;
            if (n >= 2 && n <= 7 && !is_alnum(at(s, end + w + n)) && at(s, end + w + n) != ':') emit(s, VARDE_CANDIDATE_HOME, p);
        }
    }
    // Groups of one separator.
    if (length <= 8) {
        uint8_t kind;
        size_t width = separator(s, end, &kind);
        if (width && is_digit(at(s, end + width))) {
            if (kind != ' ' && previous == kind && is_alnum(before(s, p, 2))) goto bare;
            uint32_t shape = (uint32_t)length;
            size_t q = end;
            for (int group = 1; group < 5; group++) {
                uint8_t k;
                size_t w = separator(s, q, &k);
                if (w == 0 || k != kind) break;
                size_t n = 0;
                while (n < 9 && is_digit(at(s, q + w + n))) n++;
                if (n == 0 || n > 8) break;
                q += w + n;
                shape = shape << 4 | (uint32_t)n;
                // Behind another number's group no word can say that it is a telephone's or a licence's; no card begins with these.
                if (shape == 0x44 && (q - end > 5 || is_digit(at(s, q + w)) || s->line[p] == '1')) continue;
                if ((shape == 0x44 || shape == 0x323 || shape == 0x2222 || shape == 0x2261) && previous == ' ' && is_digit(before(s, p, 2))) continue;
                if (shape >= 0x444 && length == 4 && shape != 0x465 && shape != 0x464 && (s->line[p] < '2' || s->line[p] > '6')) continue;
                if (known_shape(shape, kind) && !is_alnum(at(s, q)) && at(s, q) != '_') {
                    emit(s, VARDE_CANDIDATE_GROUPED, p);
                    break;
                }
            }
        }
    }
bare:
    if (length >= 5) {
        // Eleven digits may be followed by a time without a blank.
        int before_time = length == 11 && ((next == 'T' && two(s, end + 1)) || is_long_mark(s, end));
        if ((!is_alnum(next) && (next != '_' || length >= 11)) || before_time) {
            if ((length >= 8 && length <= 19) || (length >= 6 && (s->thorough || (length == 6 && century_follows(s, p))))) {
                emit(s, VARDE_CANDIDATE_NUMBER, p);
            } else if (length == 5 && previous == ' ' && (uint8_t)(before(s, p, 2) - 'A') < 26 && (uint8_t)(before(s, p, 3) - 'A') < 26 && !is_alnum(before(s, p, 4))) {
                emit(s, VARDE_CANDIDATE_LETTERED, p);
            }
        } else if (length == 6 && century_follows(s, p) && !is_alnum(at(s, p + 11))) {
            emit(s, VARDE_CANDIDATE_NUMBER, p); // a Finnish number whose century is a letter
        } else if (length == 9) {
            emit(s, VARDE_CANDIDATE_NUMBER, p); // an organisation number with MVA behind it
        }
        if (length == 6 && (next == '-' || next == '+') && is_digit(at(s, p + 7)) && is_digit(at(s, p + 8)) && is_digit(at(s, p + 9)) &&
            is_letter(at(s, p + 10))) {
            emit(s, VARDE_CANDIDATE_NUMBER, p);
        }
    }
}

static int filtered(const scan *s, uint32_t h) {
    h ^= h >> 15;
    return s->filter[(h >> 3) & (VARDE_KEY_FILTER_BYTES / 2 - 1)] >> (h & 7) & 1;
}

// The filter's second half: words by their last three letters.
static int may_end_word(const scan *s, uint32_t h) {
    h ^= h >> 15;
    return s->filter[VARDE_KEY_FILTER_BYTES / 2 + ((h >> 3) & (VARDE_KEY_FILTER_BYTES / 2 - 1))] >> (h & 7) & 1;
}

static inline int is_joint(uint8_t c) { return c == '_' || c == '-' || c == '.'; }

// Whether the key that ends at e ends in three letters in which no word does, as most do: without a branch for each.
static inline int ends_otherwise(const scan *s, size_t e) {
    if (e < 4 || s->thorough) return 0;
    uint8_t a = s->line[e - 1], b = s->line[e - 2], c = s->line[e - 3], further = s->line[e - 4];
    // One joint between them is passed over, as in trace_id.
    if (is_joint(c)) c = further;
    else if (is_joint(b)) b = c, c = further;
    if (!is_letter(a) || !is_letter(b) || !is_letter(c)) return 0;
    uint32_t h1 = a | 32, h2 = h1 * 131 + (b | 32), h3 = h2 * 131 + (c | 32);
    return !(filtered(s, h1) | filtered(s, h2) | filtered(s, h3) | may_end_word(s, h3));
}

// Whether the key that ends at e may end in a word of the filter.
static int ends_in_word(const scan *s, size_t e) {
    if (ends_otherwise(s, e)) return 0;
    uint32_t h = 0;
    size_t n = 0;
    int letters = 0;
    while (n < 40 && e > n) {
        uint8_t c = s->line[e - 1 - n];
        if (!(class_of[c] & KEYCHAR)) break;
        n++;
        if (c == '_' || c == '-' || c == '.') continue;
        if ((uint8_t)(c - 'A') < 26) c |= 32;
        else if (c >= 0x80 && c <= 0x9E && e > n && s->line[e - 1 - n] == 0xC3) c += 0x20;
        h = h * 131 + c;
        if (filtered(s, h)) return 1;
        if (++letters == 3 && !s->thorough && !may_end_word(s, h)) return 0;
    }
    return 0;
}

// Where a key that ends at e ends without the number behind its words, e where there is none: password1, password_2, token_v2.
static size_t without_number(const scan *s, size_t e) {
    size_t n = 0;
    while (n < 4 && is_digit(before(s, e, n + 1))) n++;
    if (n == 0 || n > 3) return e;
    if ((before(s, e, n + 1) | 32) == 'v' && before(s, e, n + 2) == '_') n++;
    uint8_t joint = before(s, e, n + 1);
    if (joint == '_' || joint == '-' || joint == '.') n++;
    uint8_t last = before(s, e, n + 1);
    return is_letter(last) || last >= 0x80 ? e - n : e;
}

// Whether a key in capitals has a word of the filter before one of its last parts: PASSWORD_DB.
static int capitals_hold_word(const scan *s, size_t e) {
    for (size_t n = 1; n <= 40 && e > n; n++) {
        uint8_t c = s->line[e - n];
        if (c == '_') {
            if (ends_in_word(s, e - n)) return 1;
        } else if (!((uint8_t)(c - 'A') < 26 || is_digit(c))) {
            return 0;
        }
    }
    return 0;
}

static int may_be_key(const scan *s, size_t e) {
    if (ends_in_word(s, e)) return 1;
    uint8_t last = before(s, e, 1);
    if ((uint8_t)(last - 'A') < 26) return capitals_hold_word(s, e);
    if (!is_digit(last)) return 0;
    size_t words = without_number(s, e);
    return words < e && ends_in_word(s, words);
}

// Of "name":"password","value": the end of what names the value whose key ends at e, 0 where this is none such.
static size_t paired_name(const scan *s, size_t e) {
    if (e < 9 || (memcmp(s->line + e - 4, "alue", 4) && memcmp(s->line + e - 4, "erdi", 4)) || (s->line[e - 5] | 32) != 'v') return 0;
    size_t q = e - 5, least = q > 24 ? q - 24 : 0;
    if (s->line[q - 1] != '"' && s->line[q - 1] != '\'') return 0;
    while (q > least && s->line[q - 1] != ',' && class_of[s->line[q - 1]] & CLOSER) q--;
    if (q == 0 || s->line[q - 1] != ',') return 0;
    q--;
    while (q > least && (s->line[q - 1] == ' ' || s->line[q - 1] == '\n' || s->line[q - 1] == '\t' || s->line[q - 1] == '\r')) q--;
    if (q == 0 || (s->line[q - 1] != '"' && s->line[q - 1] != '\'')) return 0;
    while (q > least && (s->line[q - 1] == '"' || s->line[q - 1] == '\'' || s->line[q - 1] == '\\')) q--;
    return q;
}

static void key(scan *s, size_t p) {
    // Back over what closes a key: blanks, quotes, backslashes, brackets.
    size_t e = p, outer = 0;
    while (e > 0 && p - e < 12) {
        uint8_t c = s->line[e - 1];
        if (!(class_of[c] & CLOSER)) break;
        if (c == ']') {
            // An index, fnr[0]=, or the name of a part, password[new]=.
            size_t o = 2;
            while (o < 26 && class_of[before(s, e, o)] & KEYCHAR) o++;
            if (before(s, e, o) == '[') outer = e - o;
            if (outer && (o == 2 || is_digit(before(s, e, 2)))) {
                e = outer;
                continue;
            }
        }
        e--;
    }
    // Keys in capitals and those behind a bracket may have their word elsewhere.
    if (!outer && (before(s, e, 1) & 32) && ends_otherwise(s, e)) return;
    size_t name = 0;
    if (may_be_key(s, e) || (outer && outer < e && may_be_key(s, outer)) || ((name = paired_name(s, e)) && may_be_key(s, name)))
        emit(s, VARDE_CANDIDATE_KEY, p);
}

// The end of an XML start tag, whose name is a key.
static void element(scan *s, size_t p) {
    uint8_t next = at(s, p + 1);
    if (next <= ' ' || next == '=' || (next == '<' && is_alnum(at(s, p + 2)) == 0 && at(s, p + 2) != '!')) return;
    uint8_t previous = before(s, p, 1);
    if (class_of[previous] & KEYCHAR) {
        key(s, p);
    } else if (previous == '"' || previous == '\'') {
        key(s, p);
        // Behind attributes: the tag's name, unless another tag lies between.
        size_t b = p - 1;
        while (b > 0 && p - b < 512 && s->line[b - 1] != '<' && s->line[b - 1] != '>') b--;
        if (b == 0 || s->line[b - 1] != '<') return;
        while (class_of[at(s, b)] & KEYCHAR || at(s, b) == ':') b++;
        if (at(s, b) == ' ' && ends_in_word(s, b)) emit(s, VARDE_CANDIDATE_KEY, p);
    }
}

static void colon(scan *s, size_t p) {
    uint8_t next = at(s, p + 1), previous = before(s, p, 1);
    if (next == '/' && at(s, p + 2) == '/') {
        emit(s, VARDE_CANDIDATE_SCHEME, p);
        return;
    }
    if (next == ':') {
        if (previous != ':' && at(s, p + 2) != ':') emit(s, VARDE_CANDIDATE_IPV6, p);
        return;
    }
    if (previous == ':') return;
    if (is_hex(previous) && is_hex(next)) {
        // The first colon of eight groups?
        size_t b = 1;
        while (b <= 4 && is_hex(before(s, p, b))) b++;
        if (b <= 5 && before(s, p, b) != ':' && !is_alnum(before(s, p, b))) {
            size_t q = p;
            int groups = 1;
            while (groups < 8 && at(s, q) == ':') {
                size_t n = 0;
                while (n < 5 && is_hex(at(s, q + 1 + n))) n++;
                if (n == 0 || n > 4) break;
                q += 1 + n;
                groups++;
            }
            if (groups >= 6) emit(s, VARDE_CANDIDATE_IPV6, p);
        }
    }
    // Behind digits there is a time or a port, seldom a key.
    if (is_digit(previous) && next != ' ' && next != '"' && next != '\t') return;
    key(s, p);
}

static int mac_at(const scan *s, size_t p) {
    uint8_t c = s->line[p];
    if (p < 2 || p + 15 > s->count || is_alnum(before(s, p, 3)) || before(s, p, 3) == c) return 0;
    for (size_t k = 0; k < 6; k++) {
        size_t q = p - 2 + 3 * k;
        if (!is_hex(s->line[q]) || !is_hex(s->line[q + 1])) return 0;
        if (k < 5 && s->line[q + 2] != c) return 0;
    }
    uint8_t after = at(s, p + 15);
    return !is_alnum(after) && !(after == c && is_hex(at(s, p + 16)));
}

static int dotted_mac_at(const scan *s, size_t p) {
    if (p < 4 || p + 10 > s->count || is_alnum(before(s, p, 5)) || is_alnum(at(s, p + 10))) return 0;
    for (size_t k = 0; k < 14; k++) {
        uint8_t c = s->line[p - 4 + k];
        if (k == 4 || k == 9) {
            if (c != '.') return 0;
        } else if (!is_hex(c)) {
            return 0;
        }
    }
    return before(s, p, 5) != '.' && !(at(s, p + 10) == '.' && is_alnum(at(s, p + 11)));
}

static void uuid(scan *s, size_t p) {
    // Dashes at p, p+5, p+10, p+15: 8-4-4-4-12 in hex is no number of anybody's.
    if (p < 8 || p + 28 > s->count || is_alnum(before(s, p, 9)) || is_alnum(at(s, p + 28))) return;
    for (size_t k = 0; k < 36; k++) {
        uint8_t c = s->line[p - 8 + k];
        if (k == 8 || k == 13 || k == 18 || k == 23 ? c != '-' : !is_hex(c)) return;
    }
    if (s->skip < p + 28) s->skip = p + 28;
    // Digits of its first group may have been emitted already.
    while (s->used > 2 && (s->output[s->used - 1] & 0x0FFFFFFF) + 8 >= p && s->output[s->used - 1] >> 28 <= VARDE_CANDIDATE_LETTERED) s->used--;
}

// Whether the name of the option at p may end in a word of the filter, with its value as the next word.
static int option_holds_word(const scan *s, size_t p) {
    size_t e = p + 2;
    while (e - p < 42 && class_of[at(s, e)] & KEYCHAR) e++;
    uint8_t next = at(s, e);
    return (next == ' ' || next == '\t' || next == '"' || next == '\'' || next == ',' || next == '\\') && ends_in_word(s, e);
}

// Whether password, passord, passphrase or their like stand at p with a blank behind, as in prose and statements.
static int is_password_word(const scan *s, size_t p) {
    uint8_t c = at(s, p + 4) | 32;
    if ((at(s, p + 3) | 32) != 's' || (c != 'w' && c != 'o' && c != 'p')) return 0;
    size_t e = p + 5;
    while (e < p + 12 && is_letter(at(s, e))) e++;
    return at(s, e) == ' ' || at(s, e) == '\t';
}

static void prefix(scan *s, size_t p) {
    uint8_t b = before(s, p, 1);
    int free_before = !is_alnum(b) && b != '_';
    int hit = 0;
    switch (s->line[p]) {
    case 'A':
        hit = is(s, p, "AKIA", 4) || is(s, p, "ASIA", 4) || is(s, p, "AIza", 4) || is(s, p, "Accepted ", 9);
        break;
    case 'F': hit = is(s, p, "Failed ", 7); break;
    case 'g':
        hit = is(s, p, "github_pat_", 11) || is(s, p, "glpat-", 6) ||
              (at(s, p + 1) == 'h' && at(s, p + 3) == '_' && memchr("pousr", at(s, p + 2), 5));
        break;
    case 'x': hit = is(s, p, "xox", 3) && at(s, p + 4) == '-'; break;
    case 's': case 'r': hit = is(s, p + 1, "k_live_", 7) || is(s, p + 1, "k_test_", 7); break;
    case 'n': hit = is(s, p, "npm_", 4); break;
    case 'S': hit = is(s, p, "SG.", 3); break;
    case 'e': hit = is(s, p, "eyJ", 3); break;
    case '-':
        if (is(s, p, "-----BEGIN", 10) || is(s, p, "-----END", 8)) hit = b != '-';
        else if (is(s, p, "--user", 6) || is(s, p, "-u", 2)) hit = p == 0 || b == ' ' || b == '"' || b == '\'';
        else if (is(s, p, "-p", 2)) hit = b == ' ';
        // Options whose value is a secret: --password X, --token X, "--api-key", "X".
        else if (b != '-' && is_letter(at(s, p + 2)))
            hit = option_holds_word(s, p);
        break;
    case 'B': case 'b': {
        uint8_t c1 = at(s, p + 1) | 32, c2 = at(s, p + 2) | 32;
        hit = (c1 == 'e' && c2 == 'a' && (at(s, p + 5) | 32) == 'r') || (c1 == 'a' && c2 == 's' && (at(s, p + 4) | 32) == 'c') ||
              (c1 == 'r' && c2 == 'u' && (at(s, p + 5) | 32) == 'r');
        break;
    }
    case 'u': case 'U': hit = (at(s, p + 3) | 32) == 'r' && at(s, p + 4) == ' '; break;
    case 'v': case 'V': {
        // INSERT INTO t (names) VALUES (…)
        uint8_t c = at(s, p + 6);
        hit = (at(s, p + 3) | 32) == 'u' && (at(s, p + 5) | 32) == 's' && (c == ' ' || c == '(');
        break;
    }
    case 'p': case 'P': hit = is_password_word(s, p); break;
    case 'y': case 'Y':
        // IDENTIFIED BY 'x'
        hit = (b | 32) == 'b' && before(s, p, 2) == ' ';
        free_before = 1;
        break;
    default: break;
    }
    if (hit && free_before) emit(s, VARDE_CANDIDATE_PREFIX, p);
}

// Whether a character reference stands behind an ampersand: &#64; &commat; &quot; and their like.
static int is_reference(const scan *s, size_t p) {
    switch (at(s, p)) {
    case '#': return 1;
    case 'a': return is(s, p, "amp;", 4) || is(s, p, "apos;", 5);
    case 'c': return is(s, p, "commat;", 7);
    case 'g': return is(s, p, "gt;", 3);
    case 'l': return is(s, p, "lt;", 3);
    case 'n': return is(s, p, "nbsp;", 5);
    case 'q': return is(s, p, "quot;", 5);
    default: return 0;
    }
}

// Whether a control character stands behind a number sign, in octal as rsyslog writes it: tab, newline, return, escape.
static int is_octal_control(const scan *s, size_t p) {
    return is(s, p, "011", 3) || is(s, p, "012", 3) || is(s, p, "015", 3) || is(s, p, "033", 3);
}

static void escape(scan *s, size_t p) {
    switch (s->line[p]) {
    case '\\': s->encoded = 1; break;
    case '&': s->encoded |= is_reference(s, p + 1); break;
    case 0xEF: s->encoded |= at(s, p + 1) == 0xBC; break; // full-width forms
    case 0x1B: s->encoded |= at(s, p + 1) == '['; break;  // colours
    case '#': s->encoded |= is_octal_control(s, p + 1); break;
    case '^': s->encoded |= is(s, p + 1, "[[", 2); break; // colours as cat -v writes them
    case 0xC2: s->encoded |= at(s, p + 1) == 0xA0; break; // a blank that does not break
    case 0xE2:
        s->encoded |= at(s, p + 1) == 0x80 && ((at(s, p + 2) >= 0x80 && at(s, p + 2) <= 0x95) || at(s, p + 2) == 0xAF);
        s->encoded |= at(s, p + 1) == 0x88 && at(s, p + 2) == 0x92; // the sign of minus
        break;
    default: s->encoded |= is_hex(at(s, p + 1)) && is_hex(at(s, p + 2));
    }
}

static inline int may_begin_prefix(const uint8_t *b) {
    switch (b[0]) {
    case 'A': return (b[1] == 'K' && b[2] == 'I') || (b[1] == 'S' && b[2] == 'I') || (b[1] == 'I' && b[2] == 'z') || (b[1] == 'c' && b[2] == 'c');
    case 'F': return b[1] == 'a' && b[2] == 'i';
    case 'g': return b[1] == 'h' || b[1] == 'i' || b[1] == 'l';
    case 'x': return b[1] == 'o' && b[2] == 'x';
    case 's': case 'r': return b[1] == 'k' && b[2] == '_';
    case 'n': return b[1] == 'p' && b[2] == 'm';
    case 'S': return b[1] == 'G' && b[2] == '.';
    case 'e': return b[1] == 'y' && b[2] == 'J';
    case '-': return b[1] == '-' ? b[2] == '-' || is_letter(b[2]) : (b[1] == 'u' && b[2] == ' ') || b[1] == 'p';
    case 'p': case 'P': return (b[1] | 32) == 'a' && (b[2] | 32) == 's';
    case 'v': case 'V': return (b[1] == 'A' && b[2] == 'L') || (b[1] == 'a' && b[2] == 'l');
    case 'y': case 'Y': return b[1] == ' ' && (b[2] == '\'' || b[2] == '"');
    case 'B': case 'b': {
        uint8_t c1 = b[1] | 32, c2 = b[2] | 32;
        return (c1 == 'e' && c2 == 'a') || (c1 == 'a' && c2 == 's') || (c1 == 'r' && c2 == 'u');
    }
    case 'u': case 'U': return (b[1] | 32) == 's' && (b[2] | 32) == 'e';
    default: return 0;
    }
}

// `block` holds 64 readable bytes, `behind` 66: the same unless the line ends, which is when the beginnings of prefixes lie apart.
static void classify_portable(const uint8_t *block, const uint8_t *behind, masks *m) {
    memset(m, 0, sizeof *m);
    for (int i = 0; i < 64; i++) {
        uint8_t c = block[i];
        uint64_t bit = (uint64_t)1 << i;
        if (is_digit(c)) m->digit |= bit;
        if (c == ':') m->colon |= bit;
        if (c == '@' || c == '=' || c == ':' || c == '>') m->mark |= bit;
        if (c == '-') m->dash |= bit;
        if (c == '.') m->dot |= bit;
        if (c == '%' || c == '\\' || c == '&' || c == 0xEF || c == 0x1B || c == 0xE2 || c == 0xC2 || c == '#' || c == '^')
            m->escape |= bit;
        if (may_begin_prefix(behind + i)) m->prefix |= bit;
    }
}

// Runs of digits, by their first, that `digits` may make something of; it returns without effect for all others. Nothing is dismissed
// where the block's ends are near.
static inline uint64_t digits_worth(uint64_t starts, const masks *m) {
    uint64_t digit = m->digit, letter = m->letter, on = (m->joint & digit >> 1) | m->wide;
    uint64_t four = digit >> 1 & digit >> 2 & digit >> 3, five = four & digit >> 4, six = five & digit >> 5;
    // Behind letters: two of them that begin a word, or a long run.
    uint64_t point = (m->dot >> 1 | m->dot >> 2) & digit >> 3 & digit >> 4 & digit >> 5;
    uint64_t lettered = letter << 1 & (six | point | (letter << 2 & ~(letter << 3 | digit << 3)));
    // Behind others: five or more, two zeros before more, or a run that goes on behind what joins groups of digits.
    uint64_t fourth = digit >> 4 | on >> 4 | (m->zero & m->zero >> 1);
    uint64_t third = on >> 3 | (digit >> 3 & fourth);
    uint64_t second = on >> 2 | m->slashed >> 2 | (digit >> 2 & third);
    uint64_t bare = on >> 1 | (digit >> 1 & second);
    // Five: in groups, behind a blank and two letters, or telephone numbers that begin with zeros.
    bare &= ~five | six | on >> 5 | m->joint << 1 | m->zero;
    bare &= ~(letter << 1 | (m->dot << 1 & digit << 2));
    // Three letters and 123 or 12D behind them, at once or behind a joint: plates.
    uint64_t alnum = letter | digit, three = letter & letter << 1 & letter << 2 & ~(alnum << 3);
    uint64_t plate = (three | (m->joint & three << 1)) << 1 & digit >> 1 & ((digit >> 2 & ~(digit >> 3)) | (letter >> 2 & ~(alnum >> 3)));
    const uint64_t ends = 31 | (uint64_t)0xFE << 56;
    return starts & (lettered | bare | plate | m->opener << 1 | ends);
}

#define SCAN_PASTE(a, b) a##b
#define SCAN_PASTE2(a, b) SCAN_PASTE(a, b)
#define SCAN_JOIN(name) SCAN_PASTE2(name, _masks)

#define SCAN_NAME scan_portable
#define SCAN_CLASSIFY classify_portable
#define SCAN_TARGET
#define SCAN_THOROUGH 1
#include "privacy_scan_loop.h"
#undef SCAN_NAME
#undef SCAN_CLASSIFY
#undef SCAN_TARGET
#undef SCAN_THOROUGH

#if defined(__x86_64__)
#include "privacy_scan_vectors.h"

#define SCAN_NAME scan_avx512
#define SCAN_CLASSIFY classify_avx512
#define SCAN_TARGET __attribute__((target("avx512bw,avx2,bmi")))
#define SCAN_THOROUGH 0
#include "privacy_scan_loop.h"
#undef SCAN_NAME
#undef SCAN_CLASSIFY
#undef SCAN_TARGET
#undef SCAN_THOROUGH

#define SCAN_NAME scan_avx2
#define SCAN_CLASSIFY classify_avx2
#define SCAN_TARGET __attribute__((target("avx2,bmi")))
#define SCAN_THOROUGH 0
#include "privacy_scan_loop.h"
#undef SCAN_NAME
#undef SCAN_CLASSIFY
#undef SCAN_TARGET
#undef SCAN_THOROUGH
#endif

static int fits(size_t count, size_t from, size_t to, size_t filter_count, size_t capacity) {
    return from <= to && to <= count && count < ((size_t)1 << 28) && filter_count == VARDE_KEY_FILTER_BYTES && capacity >= 2 + 2 * (to - from);
}

int64_t varde_privacy_scan_by(uint32_t means, const uint8_t *line, size_t count, size_t from, size_t to, const uint8_t *filter, size_t filter_count,
                              uint32_t *output, size_t capacity) {
    if (!fits(count, from, to, filter_count, capacity)) return -1;
#if defined(__x86_64__)
    if (means >= VARDE_SCAN_BY_512 && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("bmi"))
        return scan_avx512(line, count, from, to, filter, output);
    if (means >= VARDE_SCAN_BY_256 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi"))
        return scan_avx2(line, count, from, to, filter, output);
#endif
    return scan_portable(line, count, from, to, filter, output);
}

int64_t varde_privacy_scan(const uint8_t *line, size_t count, size_t from, size_t to, const uint8_t *filter, size_t filter_count,
                           uint32_t *output, size_t capacity) {
    return varde_privacy_scan_by(VARDE_SCAN_BY_512, line, count, from, to, filter, filter_count, output, capacity);
}
