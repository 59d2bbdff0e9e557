// The clock on the wall.
#pragma once
#include <stdint.h>

/// Nanoseconds since 1970-01-01 UTC.
int64_t varde_wall_clock(void);
