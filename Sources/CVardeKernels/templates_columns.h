// Columns of one template's variables.
#pragma once
#include "templates.h"

// Slots for finding equal values among so many.
#define COLUMN_SLOTS(count) ((count) * 4 + 2048)

// Room for one column.
typedef struct {
    const token *tokens;
    uint64_t *values, *deltas;
    uint32_t *slots;
} column_scratch;

// Writes the column of the first `count` of the scratch's tokens: what it is to `words`, numbers to `numbers`.
//
//     constant         length(varint) bytes
//     numbers          [width(u8) where fixed] [size(varint) of the stream of widths where varied]
//                      [first(varint) where differences] [count(varint) values(varint, ascending, as differences) where listed]
//                      size(varint) of the stream of values
//     strings, indexed count(varint) lengths(varint) bytes, size(varint) of the stream of places
//     strings          size(varint) of the stream of lengths, bytes in all(varint) bytes
void varde_encode_column(const uint8_t *text, size_t text_count, size_t count, column_scratch *scratch, sink *words, sink *numbers);
