#include "varde_sample_text.h"

#include <charconv>
#include <cmath>
#include <cstring>

namespace {

char *literal(char *out, const char *text, size_t size) {
    memcpy(out, text, size);
    return out + size;
}

/// From 2^53 on: the shortest digits, filled up with zeros, and not the exact value.
char *filledUp(char *out, double value) {
    char digits[VARDE_SAMPLE_TEXT_SIZE];
    const char *end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::scientific).ptr;
    const char *mark = static_cast<const char *>(memchr(digits, 'e', static_cast<size_t>(end - digits)));
    int exponent = 0;
    // A plus is not read.
    std::from_chars(mark + 2, end, exponent);
    int written = 0;
    for (const char *at = digits; at < mark; at++) {
        if (*at == '.') continue;
        *out++ = *at;
        if (*at != '-') written++;
    }
    for (; written <= exponent; written++) *out++ = '0';
    return out;
}

char *sample(char *out, double value) {
    char *end = out + VARDE_SAMPLE_TEXT_SIZE;
    if (std::isnan(value)) return literal(out, "NaN", 3);
    if (std::isinf(value)) return literal(out, value < 0 ? "-Inf" : "+Inf", 4);
    double size = std::fabs(value);
    if (size < 9007199254740992.0) {
        int64_t whole = static_cast<int64_t>(value);
        if (static_cast<double>(whole) == value) {
            if (whole == 0 && std::signbit(value)) return literal(out, "-0", 2);
            return std::to_chars(out, end, whole).ptr;
        }
        auto format = size < 1e-6 ? std::chars_format::scientific : std::chars_format::fixed;
        return std::to_chars(out, end, value, format).ptr;
    }
    if (size < 1e21) return filledUp(out, value);
    return std::to_chars(out, end, value, std::chars_format::scientific).ptr;
}

/// Milliseconds as seconds: whole, or with exactly three decimals.
char *seconds(char *out, int64_t milliseconds) {
    uint64_t size = milliseconds < 0 ? 0 - static_cast<uint64_t>(milliseconds) : static_cast<uint64_t>(milliseconds);
    if (milliseconds < 0) *out++ = '-';
    out = std::to_chars(out, out + 20, size / 1000).ptr;
    unsigned rest = static_cast<unsigned>(size % 1000);
    if (rest != 0) {
        *out++ = '.';
        *out++ = static_cast<char>('0' + rest / 100);
        *out++ = static_cast<char>('0' + rest / 10 % 10);
        *out++ = static_cast<char>('0' + rest % 10);
    }
    return out;
}

}  // namespace

size_t varde_sample_text(double value, uint8_t *out, size_t capacity) {
    if (capacity < VARDE_SAMPLE_TEXT_SIZE) return 0;
    char *start = reinterpret_cast<char *>(out);
    return static_cast<size_t>(sample(start, value) - start);
}

size_t varde_points_text(const int64_t *times, const double *values, const uint8_t *kinds, size_t count, uint8_t wanted, uint8_t *out,
                         size_t capacity) {
    char *start = reinterpret_cast<char *>(out);
    char *at = start;
    if (capacity / VARDE_POINT_TEXT_SIZE < count) return 0;
    for (size_t i = 0; i < count; i++) {
        if (kinds[i] != wanted) continue;
        if (at != start) *at++ = ',';
        *at++ = '[';
        at = seconds(at, times[i]);
        *at++ = ',';
        *at++ = '"';
        at = sample(at, values[i]);
        *at++ = '"';
        *at++ = ']';
    }
    return static_cast<size_t>(at - start);
}
