#include "varde_templates.h"

#include "templates_columns.h"
#include "templates_tokens.h"

// A template: that of the line it was met in first.
typedef struct {
    uint64_t hash;
    uint32_t first_line, lines, start;
} template;

typedef struct {
    const uint8_t *text;
    size_t count;
    const uint32_t *ends;
    size_t line_count;
    token_list list;
    // Where each line's variables begin in the list; one more for the end.
    uint32_t *line_tokens;
    uint32_t *line_template;
    template *templates;
    size_t template_count, template_limit;
    uint32_t *slots;
    size_t slot_mask;
} page;

static inline size_t line_start(const page *p, size_t line) { return line == 0 ? 0 : p->ends[line - 1]; }

static inline uint64_t stir(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * 0x9E3779B97F4A7C15ull;
    return hash ^ hash >> 32;
}

static inline uint64_t hash_piece(uint64_t hash, const uint8_t *bytes, size_t count, size_t readable) {
    hash += count;
    for (; count > 8; bytes += 8, readable -= 8, count -= 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        hash = stir(hash, word);
    }
    return stir(hash, load_bytes(bytes, count, readable));
}

static uint64_t hash_pieces(const page *p, size_t line) {
    uint64_t hash = p->line_tokens[line + 1] - p->line_tokens[line];
    size_t at = line_start(p, line);
    for (size_t i = p->line_tokens[line]; i < p->line_tokens[line + 1]; i++) {
        hash = hash_piece(hash, p->text + at, p->list.tokens[i].at - at, p->count - at);
        at = p->list.tokens[i].at + p->list.tokens[i].length;
    }
    return hash_piece(hash, p->text + at, p->ends[line] - at, p->count - at);
}

// Whether two lines are the same but for their variables.
static int same_pieces(const page *p, size_t a, size_t b) {
    const token *in_a = p->list.tokens + p->line_tokens[a], *in_b = p->list.tokens + p->line_tokens[b];
    size_t count = p->line_tokens[a + 1] - p->line_tokens[a];
    if (count != p->line_tokens[b + 1] - p->line_tokens[b]) return 0;
    size_t at_a = line_start(p, a), at_b = line_start(p, b);
    for (size_t i = 0; i < count; i++, in_a++, in_b++) {
        size_t length = in_a->at - at_a;
        if (in_b->at - at_b != length) return 0;
        if (!same_bytes(p->text + at_a, p->count - at_a, p->text + at_b, p->count - at_b, length)) return 0;
        at_a = in_a->at + in_a->length;
        at_b = in_b->at + in_b->length;
    }
    size_t rest = p->ends[a] - at_a;
    return p->ends[b] - at_b == rest && same_bytes(p->text + at_a, p->count - at_a, p->text + at_b, p->count - at_b, rest);
}

// The template of a line, new where there is none; -1 where there are too many.
static int64_t template_of(page *p, size_t line) {
    uint64_t hash = hash_pieces(p, line);
    size_t slot = (size_t)hash & p->slot_mask;
    for (; p->slots[slot]; slot = (slot + 1) & p->slot_mask) {
        size_t index = p->slots[slot] - 1;
        if (p->templates[index].hash == hash && same_pieces(p, p->templates[index].first_line, line)) return (int64_t)index;
    }
    // Text that repeats little is not for templates: seen early, it costs little.
    if (p->template_count >= p->template_limit || p->template_count > 16 + line / 8) return -1;
    p->templates[p->template_count] = (template){hash, (uint32_t)line, 0, 0};
    p->slots[slot] = (uint32_t)++p->template_count;
    return (int64_t)p->template_count - 1;
}

static int split(page *p, const token_masks *masks) {
    for (size_t line = 0; line < p->line_count; line++) {
        p->line_tokens[line] = (uint32_t)p->list.count;
        varde_line_tokens(masks, line_start(p, line), p->ends[line], &p->list);
        p->line_tokens[line + 1] = (uint32_t)p->list.count;
        int64_t index = template_of(p, line);
        if (index < 0) return 0;
        p->line_template[line] = (uint32_t)index;
        p->templates[index].lines++;
    }
    return 1;
}

enum { TOGETHER = 8, AHEAD = 8 };

static void write_template(const page *p, const template *t, const uint32_t *order, token *gathered, column_scratch *scratch, sink *words,
                           sink *numbers) {
    size_t variables = p->line_tokens[t->first_line + 1] - p->line_tokens[t->first_line];
    const token *own = p->list.tokens + p->line_tokens[t->first_line];
    put_varint(words, t->lines);
    put_varint(words, variables);
    size_t at = line_start(p, t->first_line);
    for (size_t i = 0; i < variables; i++) {
        put_varint(words, own[i].at - at);
        at = own[i].at + own[i].length;
    }
    put_varint(words, p->ends[t->first_line] - at);
    // As many columns at once as a line's variables stand together in a cache line.
    for (size_t i = 0; i < variables; i += TOGETHER) {
        size_t columns = variables - i < TOGETHER ? variables - i : TOGETHER;
        for (size_t j = 0; j < t->lines; j++) {
            if (j + AHEAD < t->lines) {
                const token *later = p->list.tokens + p->line_tokens[order[j + AHEAD]] + i;
                __builtin_prefetch(later);
                __builtin_prefetch(later + columns - 1);
            }
            const token *line = p->list.tokens + p->line_tokens[order[j]] + i;
            for (size_t k = 0; k < columns; k++) gathered[k * t->lines + j] = line[k];
        }
        for (size_t k = 0; k < columns && !words->failed && !numbers->failed; k++) {
            scratch->tokens = gathered + k * t->lines;
            varde_encode_column(p->text, p->count, t->lines, scratch, words, numbers);
        }
    }
}

static void write_texts(const page *p, const template *t, sink *words) {
    size_t at = line_start(p, t->first_line);
    for (size_t i = p->line_tokens[t->first_line]; i < p->line_tokens[t->first_line + 1]; i++) {
        put_bytes(words, p->text + at, p->list.tokens[i].at - at);
        at = p->list.tokens[i].at + p->list.tokens[i].length;
    }
    put_bytes(words, p->text + at, p->ends[t->first_line] - at);
}

static void write_page(page *p, uint32_t *order, token *gathered, column_scratch *scratch, sink *words, sink *numbers) {
    // Lines by template, each in their order.
    uint32_t start = 0;
    for (size_t i = 0; i < p->template_count; i++) {
        p->templates[i].start = start;
        start += p->templates[i].lines;
    }
    for (size_t line = 0; line < p->line_count; line++) {
        scratch->values[line] = p->line_template[line];
        order[p->templates[p->line_template[line]].start++] = (uint32_t)line;
    }
    varde_pack_numbers(scratch->values, p->line_count, numbers);
    put_varint(words, numbers->at);
    put_varint(words, p->template_count);
    for (size_t i = 0; i < p->template_count && !words->failed && !numbers->failed; i++) {
        template *t = &p->templates[i];
        write_template(p, t, order + t->start - t->lines, gathered, scratch, words, numbers);
    }
    for (size_t i = 0; i < p->template_count && !words->failed; i++) write_texts(p, &p->templates[i], words);
}

// Memory a thread keeps from page to page: having it made anew would cost a fault for each of its pages.
enum { KEPT_MEMORY = 16 << 20 };
static __thread uint8_t *kept_memory;
static __thread size_t kept_size;

static uint8_t *working_memory(size_t size) {
    if (size > KEPT_MEMORY) return malloc(size);
    if (size > kept_size) {
        free(kept_memory);
        kept_memory = malloc(size);
        kept_size = kept_memory ? size : 0;
    }
    return kept_memory;
}

// Room for what is worked with, cut out of one piece of memory.
static void *cut(uint8_t **memory, size_t count, size_t size) {
    uint8_t *at = *memory;
    *memory += (count * size + 15) & ~(size_t)15;
    return at;
}

int64_t varde_templates_encode(const uint8_t *text, size_t count, const uint32_t *ends, size_t line_count, uint8_t *words,
                               size_t words_capacity, uint8_t *numbers, size_t numbers_capacity, int64_t *sizes, size_t sizes_count) {
    if (line_count == 0 || sizes_count < 2 || count >= UINT32_MAX || line_count >= UINT32_MAX || ends[line_count - 1] != count) return -1;
    for (size_t i = 1; i < line_count; i++) {
        if (ends[i] < ends[i - 1]) return -1;
    }
    page p = {text, count, ends, line_count, .template_limit = line_count / 8 + 17};
    size_t slots = 64;
    while (slots < p.template_limit * 2) slots *= 2;
    size_t most_tokens = count / 2 + line_count + 1;
    size_t mask_words = count / 64 + 3;
    size_t total = most_tokens * sizeof(token) + line_count * (3 * 4 + TOGETHER * sizeof(token) + 16) + p.template_limit * sizeof(template) +
                   slots * 4 + mask_words * 24 + COLUMN_SLOTS(line_count) * 4 + 1024;
    uint8_t *memory = working_memory(total);
    if (!memory) return -1;
    uint8_t *at = memory;
    p.list.tokens = cut(&at, most_tokens, sizeof(token));
    p.line_tokens = cut(&at, line_count + 1, 4);
    p.line_template = cut(&at, line_count, 4);
    uint32_t *order = cut(&at, line_count, 4);
    p.templates = cut(&at, p.template_limit, sizeof(template));
    p.slots = cut(&at, slots, 4);
    p.slot_mask = slots - 1;
    memset(p.slots, 0, slots * 4);
    token_masks masks = {cut(&at, mask_words, 8), cut(&at, mask_words, 8), cut(&at, mask_words, 8)};
    token *gathered = cut(&at, line_count * TOGETHER, sizeof(token));
    column_scratch scratch = {
        .values = cut(&at, line_count, 8), .deltas = cut(&at, line_count, 8), .slots = cut(&at, COLUMN_SLOTS(line_count), 4)};
    varde_token_masks(text, count, &masks);
    sink words_sink = {words, 0, words_capacity, 0}, numbers_sink = {numbers, 0, numbers_capacity, 0};
    int done = split(&p, &masks);
    if (done) write_page(&p, order, gathered, &scratch, &words_sink, &numbers_sink);
    if (total > KEPT_MEMORY) free(memory);
    if (!done || words_sink.failed || numbers_sink.failed) return -1;
    sizes[0] = (int64_t)words_sink.at;
    sizes[1] = (int64_t)numbers_sink.at;
    return 0;
}
