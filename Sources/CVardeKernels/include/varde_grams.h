// Grams of log lines: which short byte strings a text holds, as bits of a table.
#pragma once
#include "varde_bounds.h"

/// Sets the bit of every gram of each line. A line's bytes end at its entry of `ends`, lines follow each other without a gap.
/// A gram is four bytes, or five where the first four are all hexadecimal digits (identifiers would else fill the table).
/// `bits` has `word_count` words, a power of two.
void varde_grams_add(const uint8_t *VARDE_BYTES(count) text VARDE_NOESCAPE, size_t count,
                     const uint32_t *VARDE_BYTES(line_count) ends VARDE_NOESCAPE, size_t line_count,
                     uint64_t *VARDE_BYTES(word_count) bits VARDE_NOESCAPE, size_t word_count);

/// Hashes of the grams of a needle, to `output`; how many, at most `capacity`. Their low bits are the positions in tables of any size.
int64_t varde_grams_of(const uint8_t *VARDE_BYTES(count) needle VARDE_NOESCAPE, size_t count,
                       uint32_t *VARDE_BYTES(capacity) output VARDE_NOESCAPE, size_t capacity);

/// Turns `columns` tables of `word_count` words each, one after the other, into rows: bit c of row r is bit r of table c.
/// A row has `row_bytes` bytes, at least (columns + 7) / 8; `rows` has word_count * 64 * row_bytes bytes.
void varde_bits_transpose(const uint64_t *VARDE_BYTES(total_words) tables VARDE_NOESCAPE, size_t total_words, size_t word_count,
                          uint8_t *VARDE_BYTES(rows_count) rows VARDE_NOESCAPE, size_t rows_count, size_t row_bytes);
