#include "varde_sample_text.h"

#include <charconv>
#include <cmath>
#include <cstring>

namespace {

constexpr char pairs[] =
    "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
    "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

/// Powers of five.
constexpr uint64_t fives[] = {
    1, 5, 25, 125, 625, 3125, 15625, 78125, 390625, 1953125, 9765625, 48828125, 244140625, 1220703125, 6103515625, 30517578125,
    152587890625, 762939453125, 3814697265625, 19073486328125, 95367431640625, 476837158203125, 2384185791015625, 11920928955078125,
};

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

/// `digits` times ten to the power of `exponent`.
struct Decimal {
    uint64_t digits;
    int exponent;
};

/// The shortest digits that read back as `value`, the nearest of them, for 1e-6 <= value < 2^52 (Giulietti's Schubfach, 2020). At this
/// size every power of five fits into 64 bits, so that all products are exact.
Decimal shortest(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint64_t fraction = bits & ((uint64_t{1} << 52) - 1);
    uint64_t whole = fraction | uint64_t{1} << 52;
    int power = static_cast<int>(bits >> 52) - 1075;
    // The value is whole * 2^power; below a power of two its neighbour is half as far away as above.
    bool isNearBelow = fraction == 0;
    // The logarithms of two and of three quarters, in units of 2^-22.
    int tens = -((power * 1262611 - (isNearBelow ? 524031 : 0)) >> 22);
    int shift = -power - tens;
    unsigned __int128 five = fives[tens];
    // Four times the value in units of 10^-tens; the last bit stands for all that was cut off.
    auto scaled = [=](uint64_t quarters) {
        unsigned __int128 product = quarters * five;
        uint64_t low = static_cast<uint64_t>(product), high = static_cast<uint64_t>(product >> 64);
        // The shift is below 64.
        uint64_t kept = low >> shift | high << 1 << (63 - shift);
        return kept | ((low & ((uint64_t{1} << shift) - 1)) != 0 ? 1 : 0);
    };
    uint64_t middle = scaled(4 * whole);
    // The ends of what is rounded to the value; they belong to it where it is even.
    uint64_t low = scaled(4 * whole - (isNearBelow ? 1 : 2)) + (whole & 1);
    uint64_t high = scaled(4 * whole + 2) - (whole & 1);
    uint64_t below = middle / 4;
    uint64_t shorter = below / 10;
    bool isShorterIn = low <= 40 * shorter;
    bool isNextShorterIn = 40 * shorter + 40 <= high;
    if (isShorterIn != isNextShorterIn) return {shorter + (isNextShorterIn ? 1 : 0), 1 - tens};
    bool isBelowIn = low <= 4 * below;
    bool isAboveIn = 4 * below + 4 <= high;
    if (isBelowIn != isAboveIn) return {below + (isAboveIn ? 1 : 0), -tens};
    uint64_t half = 4 * below + 2;
    return {below + (middle > half || (middle == half && (below & 1)) ? 1 : 0), -tens};
}

/// Writes eight digits, zeros in front among them.
char *eight(char *out, uint32_t number) {
    uint32_t high = number / 10000, low = number % 10000;
    memcpy(out, pairs + high / 100 * 2, 2);
    memcpy(out + 2, pairs + high % 100 * 2, 2);
    memcpy(out + 4, pairs + low / 100 * 2, 2);
    memcpy(out + 6, pairs + low % 100 * 2, 2);
    return out + 8;
}

/// Writes a number below 10^18; up to seven bytes behind its digits are written as well.
char *digits(char *out, uint64_t number) {
    constexpr uint64_t unit = 100000000;
    if (number >= unit) {
        uint64_t high = number / unit;
        out = digits(out, high);
        return eight(out, static_cast<uint32_t>(number % unit));
    }
    char all[8];
    eight(all, static_cast<uint32_t>(number));
    int zeros = number >= 10000000 ? 0 : number >= 1000000 ? 1 : number >= 100000 ? 2 : number >= 10000 ? 3 : number >= 1000 ? 4
        : number >= 100 ? 5 : number >= 10 ? 6 : 7;
    // All eight places are written, the first digit in the first of them.
    uint64_t word;
    memcpy(&word, all, sizeof word);
    word >>= 8 * zeros;
    memcpy(out, &word, sizeof word);
    return out + 8 - zeros;
}

/// Without the zeros at its end.
Decimal trimmed(Decimal decimal) {
    constexpr struct { uint64_t unit; int zeros; } steps[] = {{100000000, 8}, {10000, 4}, {100, 2}, {10, 1}};
    if (decimal.digits % 10 != 0) return decimal;
    for (auto step : steps) {
        if (decimal.digits % step.unit != 0) continue;
        decimal.digits /= step.unit;
        decimal.exponent += step.zeros;
    }
    return decimal;
}

/// A fraction of 1e-6 or more, without an exponent. Digits are moved in pieces of one size, past their end.
char *fraction(char *out, double size) {
    Decimal decimal = trimmed(shortest(size));
    char text[40];
    ptrdiff_t count = digits(text, decimal.digits) - text;
    ptrdiff_t point = count + decimal.exponent;
    if (point <= 0) {
        memcpy(out, "0.000000", 8);
        memcpy(out + 2 - point, text, 24);
        return out + 2 - point + count;
    }
    memcpy(out, text, 16);
    out[point] = '.';
    memcpy(out + point + 1, text + point, 16);
    return out + count + 1;
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
            if (whole < 0) *out++ = '-';
            return digits(out, static_cast<uint64_t>(size));
        }
        if (size < 1e-6) return std::to_chars(out, end, value, std::chars_format::scientific).ptr;
        if (value < 0) *out++ = '-';
        return fraction(out, size);
    }
    if (size < 1e21) return filledUp(out, value);
    return std::to_chars(out, end, value, std::chars_format::scientific).ptr;
}

/// Milliseconds as seconds: whole, or with exactly three decimals.
char *seconds(char *out, int64_t milliseconds) {
    uint64_t size = milliseconds < 0 ? 0 - static_cast<uint64_t>(milliseconds) : static_cast<uint64_t>(milliseconds);
    if (milliseconds < 0) *out++ = '-';
    out = digits(out, size / 1000);
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
