#include "varde_templates.h"

#include "templates_read.h"

// Bytes being written, with as much known to be free as a line's next part may take.
typedef struct {
    uint8_t *bytes;
    size_t at, capacity;
} output_text;

// Copies with whole words where there is room behind: most pieces are short.
static inline int copy(output_text *out, const uint8_t *bytes, size_t count, size_t readable) {
    size_t room = out->capacity - out->at;
    if (count > room) return 0;
    uint8_t *to = out->bytes + out->at;
    if (count <= 32 && room >= 32 && readable >= 32) {
        memcpy(to, bytes, 32);
    } else {
        memcpy(to, bytes, count);
    }
    out->at += count;
    return 1;
}

static const char two_digits[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354555657585960616263646566"
    "676869707172737475767778798081828384858687888990919293949596979899";

// A number at the end of a field of 24 zeros; how many digits it has.
static inline size_t decimal_digits(uint64_t value, uint8_t *field) {
    uint8_t *at = field + 24;
    while (value >= 100) {
        uint64_t rest = value / 100;
        at -= 2;
        memcpy(at, two_digits + (value - rest * 100) * 2, 2);
        value = rest;
    }
    if (value >= 10) {
        at -= 2;
        memcpy(at, two_digits + value * 2, 2);
    } else {
        *--at = (uint8_t)('0' + value);
    }
    return (size_t)(field + 24 - at);
}

// All sixteen digits to `field`; how many of them are needed.
static inline size_t hex_digits(uint64_t value, uint8_t letter, uint8_t *field) {
    size_t digits = value ? (size_t)(67 - __builtin_clzll(value)) / 4 : 1;
    uint64_t halves[2] = {value >> 32, value & 0xFFFFFFFF};
    for (int i = 0; i < 2; i++) {
        // A nibble a byte, the first in the lowest.
        uint64_t x = __builtin_bswap64(halves[i] << 32) & 0xFFFFFFFF;
        x = (x | x << 16) & 0x0000FFFF0000FFFFull;
        x = (x | x << 8) & 0x00FF00FF00FF00FFull;
        x = (x >> 4 & 0x000F000F000F000Full) | (x & 0x000F000F000F000Full) << 8;
        uint64_t above_nine = (x + 0x0606060606060606ull) >> 4 & 0x0101010101010101ull;
        x += 0x3030303030303030ull + above_nine * (uint64_t)(letter - '0' - 10);
        memcpy(field + 8 * i, &x, 8);
    }
    return digits;
}

static int put_number(output_text *out, column *c) {
    uint64_t value;
    size_t width = c->fixed_width;
    if (c->is_held) {
        value = c->held;
        c->is_held = 0;
    } else if (!next_value(&c->numbers, c, &value)) {
        return 0;
    }
    if ((c->form & WIDTH_MASK) == VARIED) {
        uint64_t own;
        if (!next_plain(&c->lengths, &own) || own > 20) return 0;
        width = (size_t)own;
    }
    uint8_t field[48];
    size_t digits, end;
    if ((c->form & 7) == DECIMAL) {
        memset(field, '0', 24);
        digits = decimal_digits(value, field);
        end = 24;
    } else {
        digits = hex_digits(value, (c->form & 7) == HEX_LOWER ? 'a' : 'A', field);
        end = 16;
    }
    if (width > digits) digits = width;
    if (digits > end) return 0;
    size_t room = out->capacity - out->at;
    if (digits > room) return 0;
    uint8_t *to = out->bytes + out->at;
    uint8_t *from = field + end - digits;
    if (room >= 24 && digits > 4) {
        // What lies behind the digits is overwritten by what comes next.
        memcpy(to, from, 24);
    } else {
        for (size_t i = 0; i < digits; i++) to[i] = from[i];
    }
    out->at += digits;
    return 1;
}

static int put_string(output_text *out, column *c) {
    uint64_t value;
    if (!next_plain(&c->numbers, &value)) return 0;
    if (c->form == STRINGS_INDEXED) {
        if (value >= c->listed) return 0;
        size_t from = (size_t)c->list[value], to = (size_t)c->list[value + 1];
        return copy(out, c->bytes + from, to - from, c->byte_count - from + c->behind);
    }
    if (value > c->byte_count) return 0;
    int done = copy(out, c->bytes, (size_t)value, c->byte_count + c->behind);
    c->bytes += value;
    c->byte_count -= (size_t)value;
    return done;
}

static int put_line(output_text *out, const layout *l, const template_view *t) {
    const uint8_t *piece = l->texts + t->text;
    for (size_t i = 0; i <= t->columns; i++) {
        size_t length = l->piece_lengths[t->first_piece + i];
        if (!copy(out, piece, length, (size_t)(l->texts + l->text_size + READ_AHEAD - piece))) return 0;
        piece += length;
        if (i == t->columns) break;
        column *c = l->columns + t->first_column + i;
        if (t->guard_count && !varde_catch_up(c, t->seen - 1)) return 0;
        if (!((c->form & 7) >= STRINGS_INDEXED ? put_string(out, c) : put_number(out, c))) return 0;
    }
    return 1;
}

static int64_t put_lines(layout *l, output_text *out, uint32_t *ends, uint32_t *kept, size_t line_count) {
    size_t found = 0;
    for (size_t line = 0; line < line_count; line++) {
        uint64_t index;
        if (!next_plain(&l->line_templates, &index) || index >= l->template_count) return -1;
        template_view *t = &l->templates[index];
        if (t->lines == 0) return -1;
        t->lines--;
        if (t->skipped) continue;
        if (t->guard_count) {
            int passes = varde_guards_pass(l, t);
            if (passes < 0) return -1;
            if (!passes) continue;
        }
        if (!put_line(out, l, t) || out->at > UINT32_MAX) return -1;
        ends[found] = (uint32_t)out->at;
        kept[found++] = (uint32_t)line;
    }
    return (int64_t)found;
}

// Marks templates that cannot hold one needle of each group.
static int skip(layout *l, const uint8_t *needles, size_t needles_count, const uint32_t *marks, size_t marks_count) {
    if (marks_count == 0) return 1;
    uint8_t *scratch = malloc(2 * (needles_count + 1));
    if (!scratch) return 0;
    for (size_t i = 0; i < l->template_count; i++) {
        template_view *t = &l->templates[i];
        int any = 1;
        for (size_t n = 0; n + 1 < marks_count && any;) {
            uint32_t group = marks[n + 1];
            any = 0;
            for (; n + 1 < marks_count && marks[n + 1] == group; n += 2) {
                size_t from = n == 0 ? 0 : marks[n - 2], to = marks[n];
                any = any || to < from || to > needles_count ||
                      varde_template_may_hold(l->texts + t->text, l->piece_lengths + t->first_piece, t->columns + 1,
                                              l->classes + t->first_column, needles + from, to - from, scratch);
            }
        }
        t->skipped = !any;
    }
    free(scratch);
    return 1;
}

int64_t varde_templates_decode(const uint8_t *words, size_t words_count, const uint8_t *numbers, size_t numbers_count,
                               const uint8_t *needles, size_t needles_count, const uint32_t *marks, size_t marks_count, const uint8_t *names,
                               size_t names_count, const uint32_t *name_ends, size_t name_ends_count, const double *bounds, size_t bounds_count,
                               uint8_t *output, size_t capacity, uint32_t *ends, size_t ends_count, uint32_t *kept, size_t kept_count,
                               size_t line_count) {
    if (line_count > ends_count || line_count > kept_count || bounds_count != 2 * name_ends_count) return -1;
    for (size_t i = 0; i < name_ends_count; i++) {
        if (name_ends[i] < (i == 0 ? 0 : name_ends[i - 1]) || name_ends[i] > names_count) return -1;
    }
    wanted_numbers wanted = {names, name_ends, bounds, name_ends_count};
    layout l = {0};
    int64_t result = -1;
    if (varde_read_layout(&l, words, words_count, numbers, numbers_count, line_count, capacity) &&
        skip(&l, needles, needles_count, marks, marks_count) && varde_set_guards(&l, &wanted)) {
        output_text out = {output, 0, capacity};
        result = put_lines(&l, &out, ends, kept, line_count);
    }
    varde_free_layout(&l);
    return result;
}
