#include "templates_read.h"

enum { MOST_DIGITS = 15 };

// A template's text with a byte of VARIABLE for each variable; 0 where it holds such a byte itself.
static int skeleton_of(const layout *l, const template_view *t, uint8_t *text, size_t *count) {
    const uint8_t *piece = l->texts + t->text;
    size_t at = 0;
    for (size_t i = 0; i <= t->columns; i++) {
        size_t length = l->piece_lengths[t->first_piece + i];
        if (length && memchr(piece, VARIABLE, length)) return 0;
        if (length) memcpy(text + at, piece, length);
        piece += length;
        at += length;
        if (i < t->columns) text[at++] = VARIABLE;
    }
    *count = at;
    return 1;
}

// The number that digits alone are; -1 for anything else.
static double plain_number(const uint8_t *text, size_t count) {
    if (count == 0 || count > MOST_DIGITS) return -1;
    uint64_t value = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_digit_byte(text[i])) return -1;
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    return (double)value;
}

static void guard_template(layout *l, template_view *t, const uint8_t *text, size_t count, const wanted_numbers *wanted) {
    for (size_t i = 0; i < wanted->count && t->guard_count < MOST_GUARDS && !t->skipped; i++) {
        size_t name = i == 0 ? 0 : wanted->ends[i - 1], from, to;
        double lowest = wanted->bounds[2 * i], highest = wanted->bounds[2 * i + 1];
        member_outcome outcome = varde_json_member(text, count, wanted->names + name, wanted->ends[i] - name, &from, &to);
        if (outcome == MEMBER_ABSENT) t->skipped = 1;
        if (outcome != MEMBER_FOUND) continue;
        if (to - from == 1 && text[from] == VARIABLE) {
            uint32_t column = 0;
            for (size_t j = 0; j < from; j++) column += text[j] == VARIABLE;
            uint8_t form = l->columns[t->first_column + column].form;
            // Digits alone are the number they are packed as; with widths of their own they would be read apart from them.
            if ((form & 7) == DECIMAL && (form & WIDTH_MASK) != VARIED) t->guards[t->guard_count++] = (guard){column, lowest, highest};
            continue;
        }
        double value = plain_number(text + from, to - from);
        if (value >= 0 && (value < lowest || value > highest)) t->skipped = 1;
    }
}

int varde_set_guards(layout *l, const wanted_numbers *wanted) {
    if (wanted->count == 0) return 1;
    uint8_t *text = malloc(l->text_size + l->column_count + 1);
    if (!text) return 0;
    for (size_t i = 0; i < l->template_count; i++) {
        template_view *t = &l->templates[i];
        size_t count = 0;
        if (!t->skipped && skeleton_of(l, t, text, &count)) guard_template(l, t, text, count, wanted);
    }
    free(text);
    return 1;
}

// Passes over numbers; `c` is the column they are the values of, NULL for lengths and places.
static int pass_numbers(number_cursor *cursor, column *c, size_t count) {
    while (count) {
        size_t ready = cursor->filled - cursor->at;
        if (ready == 0) {
            size_t run = cursor->left < RUN ? cursor->left : RUN;
            // Differences add up: their runs are read whatever they are for.
            if (count >= run && !(c && (c->form & PACKING_MASK) == DELTA)) {
                if (!varde_pass_run(cursor)) return 0;
                count -= run;
                continue;
            }
            if (!varde_next_numbers(cursor) || (c && !varde_resolve_run(cursor, c))) return 0;
            ready = cursor->filled;
        }
        size_t step = count < ready ? count : ready;
        cursor->at += (uint32_t)step;
        count -= step;
    }
    return 1;
}

static int pass_strings(column *c, size_t count) {
    for (; count; count--) {
        uint64_t length;
        if (!next_plain(&c->numbers, &length) || length > c->byte_count) return 0;
        c->bytes += length;
        c->byte_count -= (size_t)length;
    }
    return 1;
}

int varde_catch_up(column *c, size_t line) {
    size_t behind = line - c->taken;
    // A number held is this line's.
    if (c->is_held) return 1;
    c->taken = line + 1;
    if (behind == 0) return 1;
    if (c->form == STRINGS) return pass_strings(c, behind);
    if (c->form == STRINGS_INDEXED) return pass_numbers(&c->numbers, NULL, behind);
    if ((c->form & WIDTH_MASK) == VARIED && !pass_numbers(&c->lengths, NULL, behind)) return 0;
    return pass_numbers(&c->numbers, c, behind);
}

int varde_guards_pass(layout *l, template_view *t) {
    size_t line = t->seen++;
    for (uint32_t i = 0; i < t->guard_count; i++) {
        column *c = l->columns + t->first_column + t->guards[i].column;
        // One number may be wanted within bounds twice.
        if (!(c->is_held && c->taken == line + 1)) {
            c->is_held = 0;
            if (!varde_catch_up(c, line) || !next_value(&c->numbers, c, &c->held)) return -1;
            c->is_held = 1;
        }
        double value = (double)c->held;
        if (value < t->guards[i].lowest || value > t->guards[i].highest) return 0;
    }
    return 1;
}
