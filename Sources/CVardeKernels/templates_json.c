#include "templates_read.h"

enum { DEEPEST = 16 };

typedef struct {
    const uint8_t *text;
    size_t count, at;
} scanner;

static inline int at_byte(const scanner *s, uint8_t byte) { return s->at < s->count && s->text[s->at] == byte; }

static int take(scanner *s, uint8_t byte) {
    if (!at_byte(s, byte)) return 0;
    s->at++;
    return 1;
}

static void skip_space(scanner *s) {
    while (at_byte(s, ' ') || at_byte(s, '\t') || at_byte(s, '\n') || at_byte(s, '\r')) s->at++;
}

// Moves behind the string that begins here. There are no escapes.
static int take_string(scanner *s, size_t *from, size_t *to) {
    if (!take(s, '"')) return 0;
    const uint8_t *end = memchr(s->text + s->at, '"', s->count - s->at);
    if (!end) return 0;
    *from = s->at;
    *to = (size_t)(end - s->text);
    s->at = *to + 1;
    return 1;
}

// Moves behind an object or array by counting brackets outside strings, as the parser does.
static int skip_nested(scanner *s) {
    size_t depth = 0, from, to;
    while (s->at < s->count) {
        uint8_t byte = s->text[s->at];
        if (byte == '"') {
            if (!take_string(s, &from, &to)) return 0;
            continue;
        }
        s->at++;
        if (byte == '{' || byte == '[') depth++;
        if ((byte == '}' || byte == ']') && --depth == 0) return 1;
    }
    return 0;
}

// Moves behind a number, a word or variables; 0 for what is none of them.
static int take_bare(scanner *s, size_t *from, size_t *to) {
    *from = s->at;
    for (; s->at < s->count; s->at++) {
        uint8_t byte = s->text[s->at];
        if (byte == ',' || byte == '}' || byte == ']' || byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r') break;
        if (!is_digit_byte(byte) && !is_letter_byte(byte) && byte != VARIABLE && byte != '.' && byte != '-' && byte != '+') return 0;
    }
    *to = s->at;
    return *to > *from && s->at < s->count;
}

static int take_value(scanner *s, size_t *from, size_t *to) {
    if (at_byte(s, '"')) return take_string(s, from, to);
    if (at_byte(s, '{') || at_byte(s, '[')) return skip_nested(s);
    return take_bare(s, from, to);
}

enum { KEY_UNSURE = -2, KEY_OTHER = -1 };

// How many bytes of the name a key is, as labels are named; KEY_UNSURE where that depends on the line or on characters beyond ASCII.
static int64_t match_key(const uint8_t *key, size_t count, const uint8_t *name, size_t name_count, int is_first) {
    size_t at = 0;
    int is_other = 0;
    for (size_t i = 0; i < count; i++) {
        if (key[i] == VARIABLE || key[i] >= 0x80) return KEY_UNSURE;
        if (i == 0 && is_first && is_digit_byte(key[i])) is_other |= at >= name_count || name[at++] != '_';
        uint8_t byte = is_digit_byte(key[i]) || is_letter_byte(key[i]) ? key[i] : '_';
        is_other |= at >= name_count || name[at++] != byte;
    }
    return is_other ? KEY_OTHER : (int64_t)at;
}

// Looks through the object that begins here. Of two members of one name the first counts; a null or an array makes no label.
static member_outcome find(scanner *s, const uint8_t *name, size_t name_count, int depth, size_t *from, size_t *to) {
    if (depth > DEEPEST || !take(s, '{')) return MEMBER_UNSURE;
    skip_space(s);
    if (take(s, '}')) return MEMBER_ABSENT;
    for (;;) {
        size_t key, key_end;
        skip_space(s);
        if (!take_string(s, &key, &key_end)) return MEMBER_UNSURE;
        skip_space(s);
        if (!take(s, ':')) return MEMBER_UNSURE;
        skip_space(s);
        int64_t used = match_key(s->text + key, key_end - key, name, name_count, depth == 0);
        if (used == KEY_UNSURE) return MEMBER_UNSURE;
        // A key of nothing makes no label, and hides what it holds.
        if (depth == 0 && key == key_end) used = KEY_OTHER;
        int is_object = at_byte(s, '{'), is_array = at_byte(s, '[');
        if (is_object && used >= 0 && (size_t)used < name_count && name[used] == '_') {
            member_outcome inner = find(s, name + used + 1, name_count - (size_t)used - 1, depth + 1, from, to);
            if (inner != MEMBER_ABSENT) return inner;
        } else {
            if (!take_value(s, from, to)) return MEMBER_UNSURE;
            int is_null = !is_object && !is_array && s->text[*to] != '"' && *to - *from == 4 && memcmp(s->text + *from, "null", 4) == 0;
            if (used >= 0 && (size_t)used == name_count && !is_object && !is_array && !is_null) return MEMBER_FOUND;
        }
        skip_space(s);
        if (take(s, ',')) continue;
        return take(s, '}') ? MEMBER_ABSENT : MEMBER_UNSURE;
    }
}

member_outcome varde_json_member(const uint8_t *text, size_t count, const uint8_t *name, size_t name_count, size_t *from, size_t *to) {
    scanner s = {text, count, 0};
    skip_space(&s);
    if (!at_byte(&s, '{')) return MEMBER_ABSENT;
    if (memchr(text, '\\', count)) return MEMBER_UNSURE;
    return find(&s, name, name_count, 0, from, to);
}
