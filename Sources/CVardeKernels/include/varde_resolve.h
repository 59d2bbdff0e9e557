// Names to addresses, as the system resolves them.
#pragma once
#include "varde_bounds.h"

/// Writes every address of a host as text, each ended by a zero byte, and returns their total size; a negative result is the resolver's
/// error. Blocks.
int64_t varde_resolve(const uint8_t *VARDE_BYTES(count) host VARDE_NOESCAPE, size_t count, uint8_t *VARDE_BYTES(capacity) output VARDE_NOESCAPE,
                      size_t capacity);
/// Text of a resolver's error; its size.
int64_t varde_resolve_error(int64_t error, uint8_t *VARDE_BYTES(capacity) output VARDE_NOESCAPE, size_t capacity);
