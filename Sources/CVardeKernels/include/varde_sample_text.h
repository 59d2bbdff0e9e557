// Numbers as text, shortest digits that read back as the same double.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "varde_bounds.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Room that `varde_sample_text` needs, and `varde_points_text` for each point; what is written is shorter.
enum { VARDE_SAMPLE_TEXT_SIZE = 40, VARDE_POINT_TEXT_SIZE = 64 };

/// Writes a sample's value as Prometheus does: no exponent from 1e-6 up to 1e21, `NaN`, `+Inf`, `-Inf`; the bytes written.
/// `out` has VARDE_SAMPLE_TEXT_SIZE bytes.
size_t varde_sample_text(double value, uint8_t *VARDE_BYTES(capacity) out VARDE_NOESCAPE, size_t capacity);

/// Writes `[seconds,"value"]` for each of `count` points whose kind is `wanted`, commas between; the bytes written.
/// Times are milliseconds; `out` has VARDE_POINT_TEXT_SIZE bytes a point.
size_t varde_points_text(const int64_t *VARDE_BYTES(count) times VARDE_NOESCAPE, const double *VARDE_BYTES(count) values VARDE_NOESCAPE,
                         const uint8_t *VARDE_BYTES(count) kinds VARDE_NOESCAPE, size_t count, uint8_t wanted,
                         uint8_t *VARDE_BYTES(capacity) out VARDE_NOESCAPE, size_t capacity);

#ifdef __cplusplus
}
#endif
