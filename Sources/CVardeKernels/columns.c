#include "varde_columns.h"

// Plain loops: the compiler makes them vectors of the width that is named.
#define COUNT_EQUAL                                                     \
    size_t found = 0;                                                   \
    for (size_t i = 0; i < count; i++) found += values[i] == wanted;    \
    return found;
#define COUNT_FALLS                                                             \
    size_t found = 0;                                                           \
    for (size_t i = 1; i < count; i++) found += values[i] < values[i - 1];      \
    return found;
#define DIFFER                                                              \
    uint64_t differing = 0;                                                 \
    for (size_t i = 0; i < count; i++) differing |= left[i] ^ right[i];     \
    return differing != 0;

#define DOUBLES                                                                                                                    \
    if (divisor == 1) {                                                                                                            \
        for (size_t i = 0; i < count; i++) output[i] = (double)(int64_t)((uint64_t)integers[i] * (uint64_t)factor);                \
    } else {                                                                                                                       \
        for (size_t i = 0; i < count; i++) output[i] = (double)(int64_t)((uint64_t)integers[i] * (uint64_t)factor) / divisor;      \
    }

// In any order: as many sums as there are places in a vector.
#define CENTRED_SUMS                                                        \
    _Pragma("clang fp reassociate(on) contract(fast)")                      \
    double deviations = 0, products = 0;                                    \
    for (size_t i = 0; i < count; i++) {                                    \
        double deviation = y[i] - y_centre;                                 \
        deviations += deviation;                                            \
        products += (x[i] - x_centre) * deviation;                          \
    }                                                                       \
    return (varde_centred_sums){deviations, products};

static size_t count_equal_portable(const uint64_t *values, size_t count, uint64_t wanted) { COUNT_EQUAL }
static size_t count_falls_portable(const double *values, size_t count) { COUNT_FALLS }
static int differ_portable(const int64_t *left, const int64_t *right, size_t count) { DIFFER }
static void doubles_portable(const int64_t *integers, size_t count, int64_t factor, double divisor, double *output) { DOUBLES }
static varde_centred_sums centred_sums_portable(const double *x, const double *y, size_t count, double x_centre, double y_centre) {
    CENTRED_SUMS
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static varde_centred_sums centred_sums_avx2(const double *x, const double *y, size_t count,
                                                                               double x_centre, double y_centre) {
    CENTRED_SUMS
}
__attribute__((target("avx2"))) static size_t count_equal_avx2(const uint64_t *values, size_t count, uint64_t wanted) { COUNT_EQUAL }
__attribute__((target("avx2"))) static size_t count_falls_avx2(const double *values, size_t count) { COUNT_FALLS }
__attribute__((target("avx2"))) static int differ_avx2(const int64_t *left, const int64_t *right, size_t count) { DIFFER }
// AVX2 has no conversion of 64-bit integers.
__attribute__((target("avx512dq,avx512vl,prefer-256-bit"))) static void doubles_avx512(
    const int64_t *integers, size_t count, int64_t factor, double divisor, double *output) { DOUBLES }

size_t varde_count_equal(const uint64_t *values, size_t count, uint64_t wanted) {
    return __builtin_cpu_supports("avx2") ? count_equal_avx2(values, count, wanted) : count_equal_portable(values, count, wanted);
}

size_t varde_count_falls(const double *values, size_t count) {
    return __builtin_cpu_supports("avx2") ? count_falls_avx2(values, count) : count_falls_portable(values, count);
}

int varde_columns_differ(const int64_t *left, const int64_t *right, size_t count) {
    return __builtin_cpu_supports("avx2") ? differ_avx2(left, right, count) : differ_portable(left, right, count);
}

varde_centred_sums varde_sum_centred(const double *x, const double *y, size_t count, double x_centre, double y_centre) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? centred_sums_avx2(x, y, count, x_centre, y_centre)
                                                                           : centred_sums_portable(x, y, count, x_centre, y_centre);
}

void varde_doubles(const int64_t *integers, size_t count, int64_t factor, double divisor, double *output) {
    if (__builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
        doubles_avx512(integers, count, factor, divisor, output);
    } else {
        doubles_portable(integers, count, factor, divisor, output);
    }
}
#else
size_t varde_count_equal(const uint64_t *values, size_t count, uint64_t wanted) { return count_equal_portable(values, count, wanted); }
size_t varde_count_falls(const double *values, size_t count) { return count_falls_portable(values, count); }
int varde_columns_differ(const int64_t *left, const int64_t *right, size_t count) { return differ_portable(left, right, count); }
varde_centred_sums varde_sum_centred(const double *x, const double *y, size_t count, double x_centre, double y_centre) {
    return centred_sums_portable(x, y, count, x_centre, y_centre);
}
void varde_doubles(const int64_t *integers, size_t count, int64_t factor, double divisor, double *output) {
    doubles_portable(integers, count, factor, divisor, output);
}
#endif
