// What this binary was built from.
#pragma once
#include "varde_bounds.h"

/// The commit, copied to `output`; its length, 0 where it is not known.
int64_t varde_build_commit(uint8_t *VARDE_BYTES(capacity) output VARDE_NOESCAPE, size_t capacity);
