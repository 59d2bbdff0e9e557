#include "templates_read.h"

// Makes room for `more` of `size` bytes each; 0 where memory is out.
static int grow(void **memory, size_t *room, size_t used, size_t more, size_t size) {
    if (used + more <= *room) return 1;
    size_t wanted = (used + more) * 2 + 16;
    void *moved = realloc(*memory, wanted * size);
    if (!moved) return 0;
    *memory = moved;
    *room = wanted;
    return 1;
}

int varde_resolve_run(number_cursor *cursor, column *c) {
    if ((c->form & PACKING_MASK) == DELTA) {
        uint64_t last = c->last;
        for (uint32_t i = 0; i < cursor->filled; i++) {
            uint64_t step = cursor->values[i];
            last += step >> 1 ^ (0 - (step & 1));
            cursor->values[i] = last;
        }
        c->last = last;
    } else if ((c->form & PACKING_MASK) == LISTED) {
        for (uint32_t i = 0; i < cursor->filled; i++) {
            if (cursor->values[i] >= c->listed) return 0;
            cursor->values[i] = c->list[cursor->values[i]];
        }
    }
    return 1;
}

// A stream of `count` numbers, whose size stands in `words`.
static number_cursor read_stream(source *words, source *numbers, size_t count) {
    size_t size = get_count(words, numbers->count - numbers->at);
    number_cursor cursor = {.left = count};
    cursor.bytes.bytes = get_bytes(numbers, size);
    cursor.bytes.count = cursor.bytes.bytes ? size : 0;
    return cursor;
}

static int read_numbers(layout *l, column *c, source *words, source *numbers, size_t lines) {
    if ((c->form & WIDTH_MASK) == FIXED) c->fixed_width = get_byte(words);
    if ((c->form & WIDTH_MASK) == VARIED) c->lengths = read_stream(words, numbers, lines);
    if ((c->form & PACKING_MASK) == DELTA) c->last = get_varint(words);
    if ((c->form & PACKING_MASK) == LISTED) {
        c->listed = get_count(words, words->count);
        c->list_place = l->list_count;
        if (words->failed || !grow((void **)&l->lists, &l->list_room, l->list_count, c->listed, 8)) return 0;
        uint64_t value = 0;
        for (size_t i = 0; i < c->listed; i++) l->lists[l->list_count++] = value += get_varint(words);
    }
    c->numbers = read_stream(words, numbers, lines);
    return (c->form & 7) <= HEX_UPPER && (c->form & PACKING_MASK) != PACKING_MASK;
}

static int read_strings(layout *l, column *c, source *words, source *numbers, size_t lines) {
    if (c->form == STRINGS) {
        c->numbers = read_stream(words, numbers, lines);
        c->byte_count = get_count(words, words->count);
        c->bytes = get_bytes(words, c->byte_count);
    } else {
        c->listed = get_count(words, words->count);
        c->list_place = l->list_count;
        if (words->failed || !grow((void **)&l->lists, &l->list_room, l->list_count, c->listed + 1, 8)) return 0;
        uint64_t end = 0;
        l->lists[l->list_count++] = 0;
        for (size_t i = 0; i < c->listed; i++) l->lists[l->list_count++] = end += get_count(words, words->count);
        if (end > words->count) return 0;
        c->byte_count = (size_t)end;
        c->bytes = get_bytes(words, c->byte_count);
        c->numbers = read_stream(words, numbers, lines);
    }
    if (words->failed) return 0;
    c->behind = (size_t)(words->bytes + words->count - (c->bytes + c->byte_count));
    return 1;
}

static int read_column(layout *l, source *words, source *numbers, size_t lines) {
    if (!grow((void **)&l->columns, &l->column_room, l->column_count, 1, sizeof(column))) return 0;
    column *c = &l->columns[l->column_count++];
    memset(c, 0, sizeof(column));
    c->form = get_byte(words);
    if (c->form == CONSTANT) {
        c->byte_count = get_count(words, words->count);
        c->bytes = get_bytes(words, c->byte_count);
        return !words->failed;
    }
    int done = (c->form & 7) >= STRINGS_INDEXED ? c->form <= STRINGS && read_strings(l, c, words, numbers, lines)
                                                : (c->form & 7) != CONSTANT && read_numbers(l, c, words, numbers, lines);
    return done && !words->failed && !numbers->failed;
}

static int read_template(layout *l, template_view *t, source *words, source *numbers, size_t *lines_left) {
    t->lines = get_count(words, *lines_left);
    *lines_left -= t->lines;
    t->columns = get_count(words, words->count);
    t->first_column = l->column_count;
    t->first_piece = l->piece_count;
    if (words->failed || t->lines == 0 || !grow((void **)&l->piece_lengths, &l->piece_room, l->piece_count, t->columns + 1, 4)) return 0;
    for (size_t i = 0; i <= t->columns; i++) {
        size_t length = get_count(words, words->count);
        l->piece_lengths[l->piece_count++] = (uint32_t)length;
        t->text_size += length;
    }
    if (words->failed || t->text_size > words->count) return 0;
    for (size_t i = 0; i < t->columns; i++) {
        if (!read_column(l, words, numbers, t->lines)) return 0;
    }
    return 1;
}

// Puts a template's pieces and constants together; what varies is left between them.
static void join(layout *l, template_view *t, const uint8_t *pieces, size_t *kept) {
    size_t columns = t->columns, first_column = t->first_column, first_piece = t->first_piece;
    size_t piece = *kept + (size_t)(t - l->templates);
    t->text = l->text_size;
    t->first_column = *kept;
    t->first_piece = piece;
    size_t length = 0;
    for (size_t i = 0; i <= columns; i++) {
        size_t own = l->piece_lengths[first_piece + i];
        if (own) memcpy(l->texts + l->text_size, pieces, own);
        pieces += own;
        l->text_size += own;
        length += own;
        if (i == columns) break;
        column *c = &l->columns[first_column + i];
        if (c->form == CONSTANT) {
            if (c->byte_count) memcpy(l->texts + l->text_size, c->bytes, c->byte_count);
            l->text_size += c->byte_count;
            length += c->byte_count;
            continue;
        }
        l->piece_lengths[piece++] = (uint32_t)length;
        length = 0;
        l->columns[(*kept)++] = *c;
    }
    l->piece_lengths[piece] = (uint32_t)length;
    t->columns = *kept - t->first_column;
}

// Memory for the runs being read, as large as the columns' lines need.
static int assign_values(layout *l, size_t line_count) {
    size_t total = RUN < line_count ? RUN : line_count;
    for (size_t i = 0; i < l->template_count; i++) {
        size_t run = l->templates[i].lines < RUN ? l->templates[i].lines : RUN;
        for (size_t j = 0; j < l->templates[i].columns; j++) {
            total += run * ((l->columns[l->templates[i].first_column + j].form & WIDTH_MASK) == VARIED ? 2 : 1);
        }
    }
    if (!(l->values = malloc(total * 8 + 8))) return 0;
    uint64_t *at = l->values;
    l->line_templates.values = at;
    at += RUN < line_count ? RUN : line_count;
    for (size_t i = 0; i < l->template_count; i++) {
        size_t run = l->templates[i].lines < RUN ? l->templates[i].lines : RUN;
        for (size_t j = 0; j < l->templates[i].columns; j++) {
            column *c = &l->columns[l->templates[i].first_column + j];
            if (c->listed || c->form == STRINGS_INDEXED) c->list = l->lists + c->list_place;
            c->numbers.values = at;
            at += run;
            if ((c->form & WIDTH_MASK) != VARIED) continue;
            c->lengths.values = at;
            at += run;
        }
    }
    return 1;
}

static uint8_t class_of(const column *c) {
    int kind = c->form & 7;
    return kind == DECIMAL ? 0 : kind == HEX_LOWER || kind == HEX_UPPER ? 1 : 2;
}

int varde_read_layout(layout *l, const uint8_t *words_bytes, size_t words_count, const uint8_t *numbers_bytes, size_t numbers_count,
                      size_t line_count, size_t capacity) {
    source words = {words_bytes, 0, words_count, 0}, numbers = {numbers_bytes, 0, numbers_count, 0};
    l->line_templates = read_stream(&words, &numbers, line_count);
    l->template_count = get_count(&words, line_count);
    if (words.failed || numbers.failed || !(l->templates = calloc(l->template_count + 1, sizeof(template_view)))) return 0;
    size_t lines_left = line_count, text_size = 0;
    for (size_t i = 0; i < l->template_count; i++) {
        if (!read_template(l, &l->templates[i], &words, &numbers, &lines_left)) return 0;
        text_size += l->templates[i].text_size;
    }
    if (lines_left != 0 || text_size != words.count - words.at) return 0;
    for (size_t i = 0, cells = 0; i < l->template_count; i++) {
        // A variable takes a byte of every line.
        if (l->templates[i].columns > 0 && l->templates[i].lines > capacity / l->templates[i].columns) return 0;
        cells += l->templates[i].lines * l->templates[i].columns;
        if (cells > capacity) return 0;
    }
    l->texts = malloc(words_count + READ_AHEAD);
    l->classes = malloc(l->column_count + 1);
    if (!l->texts || !l->classes) return 0;
    size_t kept = 0;
    const uint8_t *pieces = words_bytes + words.at;
    for (size_t i = 0; i < l->template_count; i++) {
        size_t size = l->templates[i].text_size;
        join(l, &l->templates[i], pieces, &kept);
        pieces += size;
    }
    memset(l->texts + l->text_size, 0, READ_AHEAD);
    for (size_t i = 0; i < kept; i++) l->classes[i] = class_of(&l->columns[i]);
    return assign_values(l, line_count);
}

void varde_free_layout(layout *l) {
    free(l->templates);
    free(l->columns);
    free(l->classes);
    free(l->piece_lengths);
    free(l->texts);
    free(l->lists);
    free(l->values);
}
