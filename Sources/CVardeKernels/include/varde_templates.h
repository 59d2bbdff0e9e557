// Lines as templates with their variables in columns: what stays the same is written once, numbers take the bits they need.
#pragma once
#include "varde_bounds.h"

/// Splits lines into templates and variables. A line's bytes end at its entry of `ends`, lines follow each other without a gap.
/// Descriptions and texts go to `words`, packed numbers to `numbers`, how many bytes of each to `sizes[0]` and `sizes[1]`; the bytes are
/// read by `varde_templates_decode` alone. 0 where that was done, -1 where it does not pay (too many templates, or no room).
int64_t varde_templates_encode(const uint8_t *VARDE_BYTES(count) text VARDE_NOESCAPE, size_t count,
                               const uint32_t *VARDE_BYTES(line_count) ends VARDE_NOESCAPE, size_t line_count,
                               uint8_t *VARDE_BYTES(words_capacity) words VARDE_NOESCAPE, size_t words_capacity,
                               uint8_t *VARDE_BYTES(numbers_capacity) numbers VARDE_NOESCAPE, size_t numbers_capacity,
                               int64_t *VARDE_BYTES(sizes_count) sizes VARDE_NOESCAPE, size_t sizes_count);

/// The lines again, end to end into `output`. Of the lines kept, `ends` gets where they end and `kept` which they are; both have room
/// for all of them, `line_count`. Returns how many are kept, -1 where the bytes make no sense or the room is not enough.
///
/// With needles, lines of templates that cannot hold one of each group are left out. `marks` are pairs: where a needle ends in `needles`,
/// and its group; groups ascend. Without needles every line is kept.
///
/// With names, lines are left out too that are JSON objects in which the member that makes a label of such a name (`varde_json_member`)
/// is a number out of its bounds, lowest and highest, or is not there. `name_ends` says where each name ends in `names`.
int64_t varde_templates_decode(const uint8_t *VARDE_BYTES(words_count) words VARDE_NOESCAPE, size_t words_count,
                               const uint8_t *VARDE_BYTES(numbers_count) numbers VARDE_NOESCAPE, size_t numbers_count,
                               const uint8_t *VARDE_BYTES(needles_count) needles VARDE_NOESCAPE, size_t needles_count,
                               const uint32_t *VARDE_BYTES(marks_count) marks VARDE_NOESCAPE, size_t marks_count,
                               const uint8_t *VARDE_BYTES(names_count) names VARDE_NOESCAPE, size_t names_count,
                               const uint32_t *VARDE_BYTES(name_ends_count) name_ends VARDE_NOESCAPE, size_t name_ends_count,
                               const double *VARDE_BYTES(bounds_count) bounds VARDE_NOESCAPE, size_t bounds_count,
                               uint8_t *VARDE_BYTES(capacity) output VARDE_NOESCAPE, size_t capacity,
                               uint32_t *VARDE_BYTES(ends_count) ends VARDE_NOESCAPE, size_t ends_count,
                               uint32_t *VARDE_BYTES(kept_count) kept VARDE_NOESCAPE, size_t kept_count, size_t line_count);
