// Strings of JSON.
#pragma once
#include "varde_bounds.h"

/// Where, from `from` on, the first quote, backslash or control character stands; `count` where there is none.
int64_t varde_json_plain_end(const uint8_t *VARDE_BYTES(count) text VARDE_NOESCAPE, size_t count, size_t from);

/// Takes the escapes off a string from `at[0]` on, inside its quotes, and writes what it says to `output` from `at[1]` on; both places are
/// moved on. Stops, in front of it, at the closing quote, a control character, an escape by number or one that is none, the text's end,
/// or where `output` may be too short.
void varde_json_unescape(const uint8_t *VARDE_BYTES(count) text VARDE_NOESCAPE, size_t count,
                         uint8_t *VARDE_BYTES(capacity) output VARDE_NOESCAPE, size_t capacity,
                         int64_t *VARDE_BYTES(at_count) at VARDE_NOESCAPE, size_t at_count);
