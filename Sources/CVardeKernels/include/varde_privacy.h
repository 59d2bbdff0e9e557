// The search for what may be personal data: one pass by byte class, which names places; judging them is the caller's.
#pragma once
#include "varde_bounds.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Kinds of candidate, in the top four bits of an entry; the other 28 hold its offset.
enum {
    VARDE_CANDIDATE_NUMBER = 1,   // a bare run of 6 to 25 digits: offset of its first
    VARDE_CANDIDATE_GROUPED = 2,  // digits in groups of a known shape: offset of the first
    VARDE_CANDIDATE_PHONE = 3,    // digits after + or starting with 00: offset of the first digit
    VARDE_CANDIDATE_IPV4 = 4,     // four dotted numbers: offset of the first digit
    VARDE_CANDIDATE_LETTERED = 5, // digits behind one to three letters: offset of the first digit
    VARDE_CANDIDATE_AT = 6,       // an @
    VARDE_CANDIDATE_KEY = 7,      // = or : behind a word of the key filter
    VARDE_CANDIDATE_PREFIX = 8,   // one of the known beginnings of secrets and user names
    VARDE_CANDIDATE_SCHEME = 9,   // the colon of ://
    VARDE_CANDIDATE_MAC = 10,     // six bytes in hex: offset of the first separator
    VARDE_CANDIDATE_IPV6 = 11,    // a colon of what may be an IPv6 address
    VARDE_CANDIDATE_POSITION = 12,// a pair of decimals: offset of the first digit
    VARDE_CANDIDATE_ACCESS = 13,  // the [ before the time of an access log line
    VARDE_CANDIDATE_HOME = 14,    // digits in groups from a zero on: offset of the first
    VARDE_CANDIDATE_BIRTH = 15,   // a date behind a word of births: offset of its first digit
};

/// Bytes of a key filter: a bit per hash of a key, read from its last byte to its first (`h = h * 131 + byte`, lower-case); in the
/// second half a bit per hash of the last three bytes of every longer key.
enum { VARDE_KEY_FILTER_BYTES = 8192 };

/// Writes the candidates with offsets in [from, to) to `output` from index 2 on, ascending but for a few bytes, and returns how many.
/// `output[0]` is the offset up to which everything is dismissed already (0 at first; handed from window to window), `output[1]`
/// becomes 1 where the window holds %-encodings or backslashes. `capacity` must be 2 + 2 * (to - from) at least, else -1.
/// Each byte is looked at a bounded number of times.
int64_t varde_privacy_scan(const uint8_t *VARDE_BYTES(count) line VARDE_NOESCAPE, size_t count, size_t from, size_t to,
                           const uint8_t *VARDE_BYTES(filter_count) filter VARDE_NOESCAPE, size_t filter_count,
                           uint32_t *VARDE_BYTES(capacity) output VARDE_NOESCAPE, size_t capacity);

/// What a scan may be done by at most; what the processor has not is not used.
enum { VARDE_SCAN_BY_BYTES = 0, VARDE_SCAN_BY_256 = 1, VARDE_SCAN_BY_512 = 2 };

/// The same by instructions chosen, for comparison in tests. By bytes alone, candidates of which no judge makes anything are named too.
int64_t varde_privacy_scan_by(uint32_t means, const uint8_t *VARDE_BYTES(count) line VARDE_NOESCAPE, size_t count, size_t from, size_t to,
                              const uint8_t *VARDE_BYTES(filter_count) filter VARDE_NOESCAPE, size_t filter_count,
                              uint32_t *VARDE_BYTES(capacity) output VARDE_NOESCAPE, size_t capacity);

#ifdef __cplusplus
}
#endif
