// Passes over columns of 64-bit values.
#pragma once
#include "varde_bounds.h"

#ifdef __cplusplus
extern "C" {
#endif

/// How many of the values have exactly these bits.
size_t varde_count_equal(const uint64_t *__counted_by(count) values VARDE_NOESCAPE, size_t count, uint64_t wanted);

/// How many of the values are less than the one before; NaN is neither less nor more than any.
size_t varde_count_falls(const double *__counted_by(count) values VARDE_NOESCAPE, size_t count);

/// Whether two columns differ in any place.
int varde_columns_differ(const int64_t *__counted_by(count) left VARDE_NOESCAPE, const int64_t *__counted_by(count) right VARDE_NOESCAPE,
                         size_t count);

/// Writes the integers as doubles, times `factor` (wrapping), divided by `divisor`.
void varde_doubles(const int64_t *__counted_by(count) integers VARDE_NOESCAPE, size_t count, int64_t factor, double divisor,
                   double *__counted_by(count) output VARDE_NOESCAPE);

/// Sum of y less its centre, and of the products of both less their centres.
typedef struct {
    double deviations;
    double products;
} varde_centred_sums;
varde_centred_sums varde_sum_centred(const double *__counted_by(count) x VARDE_NOESCAPE, const double *__counted_by(count) y VARDE_NOESCAPE,
                                     size_t count, double x_centre, double y_centre);

#ifdef __cplusplus
}
#endif
