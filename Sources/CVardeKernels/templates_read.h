// The description of a page, read once before its lines are put together.
#pragma once
#include "templates.h"

enum { READ_AHEAD = 32, MOST_GUARDS = 4 };

typedef struct {
    uint8_t form;
    uint8_t fixed_width;
    // Values, places or, of strings, lengths.
    number_cursor numbers;
    // Widths, where they vary.
    number_cursor lengths;
    uint64_t last;
    // Of a template with guards: lines the numbers have been read or passed over for, and the number of this line, where it is known.
    size_t taken;
    uint64_t held;
    int is_held;
    // Listed numbers; of indexed strings where each begins, and the end.
    const uint64_t *list;
    size_t listed, list_place;
    const uint8_t *bytes;
    size_t byte_count;
    // Bytes that may be read behind them.
    size_t behind;
} column;

// A column in which lines that are wanted have a number within bounds.
typedef struct {
    uint32_t column;
    double lowest, highest;
} guard;

typedef struct {
    // Lines still to come.
    size_t lines;
    // Variables that are none but one value are part of the text.
    size_t columns, first_column, first_piece, text, text_size;
    int skipped;
    // Lines met, where there are guards.
    size_t seen;
    uint32_t guard_count;
    guard guards[MOST_GUARDS];
} template_view;

typedef struct {
    template_view *templates;
    size_t template_count;
    column *columns;
    uint8_t *classes;
    size_t column_count, column_room;
    uint32_t *piece_lengths;
    size_t piece_count, piece_room;
    uint8_t *texts;
    size_t text_size;
    uint64_t *lists;
    size_t list_count, list_room;
    uint64_t *values;
    number_cursor line_templates;
} layout;

// Reads the description; 0 where it makes no sense or would take memory out of proportion to `capacity`.
int varde_read_layout(layout *l, const uint8_t *words, size_t words_count, const uint8_t *numbers, size_t numbers_count, size_t line_count,
                      size_t capacity);
void varde_free_layout(layout *l);

// Labels by which lines are wanted: of each where its name ends, and the lowest and highest number it may be.
typedef struct {
    const uint8_t *names;
    const uint32_t *ends;
    const double *bounds;
    size_t count;
} wanted_numbers;

// Gives templates guards, or marks them as skipped, where the numbers of their lines can be told without the lines; 0 where memory is out.
int varde_set_guards(layout *l, const wanted_numbers *wanted);
// Whether the template's next line has numbers within bounds; -1 where the bytes make no sense.
int varde_guards_pass(layout *l, template_view *t);
// Passes over lines of which nothing was read, up to a line.
int varde_catch_up(column *c, size_t line);

// What lines of one text with variables in it, each a byte of VARIABLE, have as the member of a JSON object that makes a label.
enum { VARIABLE = 1 };
typedef enum { MEMBER_UNSURE, MEMBER_ABSENT, MEMBER_FOUND } member_outcome;

// Looks for the member that the json parser of LogQL makes a label of this name from: found is one value that is no object, array or null,
// its bytes at from..<to without the quotes of a string. Absent is what no line of the text can have.
member_outcome varde_json_member(const uint8_t *text, size_t count, const uint8_t *name, size_t name_count, size_t *from, size_t *to);

static inline int next_plain(number_cursor *cursor, uint64_t *value) {
    if (cursor->at == cursor->filled && !varde_next_numbers(cursor)) return 0;
    *value = cursor->values[cursor->at++];
    return 1;
}

// Turns a run just read into the numbers themselves.
int varde_resolve_run(number_cursor *cursor, column *c);

static inline int next_value(number_cursor *cursor, column *c, uint64_t *value) {
    if (cursor->at == cursor->filled && !(varde_next_numbers(cursor) && varde_resolve_run(cursor, c))) return 0;
    *value = cursor->values[cursor->at++];
    return 1;
}
