// Strings of JSON.
#pragma once
#include "varde_bounds.h"

/// Where, from `from` on, the first quote, backslash or control character stands; `count` where there is none.
int64_t varde_json_plain_end(const uint8_t *VARDE_BYTES(count) text VARDE_NOESCAPE, size_t count, size_t from);
