#include "templates.h"

static inline int in_class(uint8_t c, uint8_t kind) {
    if (is_digit_byte(c)) return 1;
    if (kind == 0) return 0;
    return kind == 1 ? (uint8_t)((c | 32) - 'a') < 6 : is_letter_byte(c);
}

// Walks the template from left to right with the set of how much of the needle may end where the walk stands.
int varde_template_may_hold(const uint8_t *text, const uint32_t *piece_lengths, size_t pieces, const uint8_t *classes,
                            const uint8_t *needle, size_t needle_count, uint8_t *scratch) {
    if (needle_count == 0) return 1;
    // here[j]: the needle's first j bytes may end just before the piece; next[j]: just after it.
    uint8_t *here = scratch, *next = scratch + needle_count + 1;
    memset(here, 0, needle_count + 1);
    for (size_t piece = 0; piece < pieces; piece++) {
        size_t length = piece_lengths[piece];
        memset(next, 0, needle_count + 1);
        // Begun before: the rest of the needle begins with the piece, or the other way round.
        for (size_t j = 1; j < needle_count; j++) {
            if (!here[j]) continue;
            size_t rest = needle_count - j;
            if (memcmp(text, needle + j, rest < length ? rest : length) != 0) continue;
            if (rest <= length) return 1;
            next[j + length] = 1;
        }
        // Begins in the piece.
        for (size_t at = 0; at < length; at++) {
            size_t rest = length - at;
            if (text[at] != needle[0] || memcmp(text + at, needle, rest < needle_count ? rest : needle_count) != 0) continue;
            if (needle_count <= rest) return 1;
            next[rest] = 1;
        }
        text += length;
        if (piece + 1 == pieces) return 0;
        // Through the variable, beginning in it too.
        next[0] = 1;
        for (size_t j = 0; j < needle_count; j++) {
            if (next[j] && in_class(needle[j], classes[piece])) next[j + 1] = 1;
        }
        if (next[needle_count]) return 1;
        uint8_t *swap = here;
        here = next;
        next = swap;
    }
    return 0;
}
