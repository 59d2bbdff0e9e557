// The description of a page, read once before its lines are put together.
#pragma once
#include "templates.h"

enum { READ_AHEAD = 32 };

typedef struct {
    uint8_t form;
    uint8_t fixed_width;
    // Values, places or, of strings, lengths.
    number_cursor numbers;
    // Widths, where they vary.
    number_cursor lengths;
    uint64_t last;
    // Listed numbers; of indexed strings where each begins, and the end.
    const uint64_t *list;
    size_t listed, list_place;
    const uint8_t *bytes;
    size_t byte_count;
    // Bytes that may be read behind them.
    size_t behind;
} column;

typedef struct {
    // Lines still to come.
    size_t lines;
    // Variables that are none but one value are part of the text.
    size_t columns, first_column, first_piece, text, text_size;
    int skipped;
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
