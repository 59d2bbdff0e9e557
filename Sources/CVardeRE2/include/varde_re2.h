// RE2 behind handles. Handles are made by varde_re2_new, ended by varde_re2_free, and safe to use from several threads.
#pragma once
#include "varde_bounds.h"

#ifdef __cplusplus
extern "C" {
#endif

/// A compiled pattern; 0 is none.
typedef uint64_t varde_re2;

/// Compiles a pattern of RE2 syntax, bytes as UTF-8. With `dot_all`, `.` matches a newline. On failure the handle holds the error.
varde_re2 varde_re2_new(const uint8_t *VARDE_BYTES(count) pattern VARDE_NOESCAPE, size_t count, int32_t dot_all,
                         int32_t case_insensitive, int64_t max_memory);
void varde_re2_free(varde_re2 regex);
/// Whether the pattern compiled.
int32_t varde_re2_ok(varde_re2 regex);
/// RE2's error text copied to `output`; its length (it may be cut).
int64_t varde_re2_error(varde_re2 regex, uint8_t *VARDE_BYTES(capacity) output VARDE_NOESCAPE, size_t capacity);
/// Number of capturing groups, without the whole match.
int32_t varde_re2_group_count(varde_re2 regex);
/// Name of group `index` (1-based) copied to `output`; its length, 0 where it has none.
int64_t varde_re2_group_name(varde_re2 regex, int32_t index, uint8_t *VARDE_BYTES(capacity) output VARDE_NOESCAPE,
                             size_t capacity);
/// Whether the whole text matches.
int32_t varde_re2_full_match(varde_re2 regex, const uint8_t *VARDE_BYTES(count) text VARDE_NOESCAPE, size_t count);
/// Whether the text holds a match.
int32_t varde_re2_partial_match(varde_re2 regex, const uint8_t *VARDE_BYTES(count) text VARDE_NOESCAPE, size_t count);
/// Finds the first match in `text[from..<end]`, `^`, `$` and `\b` seeing the whole text. With `anchored` it must cover all of it.
/// `groups` receives start and end offsets pair by pair, -1 for a group not taken; 1 on a match, else 0.
int32_t varde_re2_match(varde_re2 regex, const uint8_t *VARDE_BYTES(count) text VARDE_NOESCAPE, size_t count, size_t from,
                        size_t end, int32_t anchored, int64_t *VARDE_BYTES(group_slots) groups VARDE_NOESCAPE, size_t group_slots);

#ifdef __cplusplus
}
#endif
