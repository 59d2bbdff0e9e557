// The clock on the wall, and how it is kept.
#pragma once
#include "varde_bounds.h"

/// Nanoseconds since 1970-01-01 UTC.
int64_t varde_wall_clock(void);

/// Places of `varde_clock_discipline`'s numbers, as the kernel's `struct timex` has them.
enum {
    varde_clock_state, varde_clock_offset, varde_clock_frequency, varde_clock_max_error, varde_clock_estimated_error, varde_clock_status,
    varde_clock_constant, varde_clock_tick, varde_clock_pps_frequency, varde_clock_pps_jitter, varde_clock_pps_shift,
    varde_clock_pps_stability, varde_clock_pps_jitters, varde_clock_pps_calibrations, varde_clock_pps_errors,
    varde_clock_pps_stability_exceeded, varde_clock_tai, varde_clock_numbers
};

/// Reads how the kernel keeps the clock, changing nothing; 1, or 0 where it may not be read.
int32_t varde_clock_discipline(int64_t *VARDE_BYTES(count) output VARDE_NOESCAPE, size_t count);

/// Seconds the local time is ahead of UTC; the zone's name is copied to `output`, ended by a zero byte.
int64_t varde_time_zone(uint8_t *VARDE_BYTES(capacity) output VARDE_NOESCAPE, size_t capacity);
