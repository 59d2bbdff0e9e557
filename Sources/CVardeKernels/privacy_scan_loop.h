// The scan's loop, written once and compiled for each instruction set: SCAN_NAME, SCAN_CLASSIFY,
// SCAN_TARGET and SCAN_THOROUGH (whether nothing is dismissed by mask) are set by the includer.

// Masks of the block at p, which lies in the line; past the line's end there are zeros.
SCAN_TARGET static inline void SCAN_JOIN(SCAN_NAME)(const uint8_t *line, size_t count, size_t p, masks *m) {
    if (p + 66 <= count) {
        SCAN_CLASSIFY(line + p, line + p, m);
        return;
    }
    if (count < 66) {
        uint8_t padded[66] = {0};
        memcpy(padded, line + p, count - p);
        SCAN_CLASSIFY(padded, padded, m);
        return;
    }
    // The last blocks that lie in the line wholly, moved down: no prefix begins in the last two bytes.
    size_t block = p + 64 <= count ? p : count - 64, behind = count - 66;
    SCAN_CLASSIFY(line + block, line + behind, m);
    size_t by = p - block;
    m->digit >>= by, m->mark >>= by, m->colon >>= by, m->dash >>= by, m->dot >>= by, m->escape >>= by;
    m->letter >>= by, m->opener >>= by, m->joint >>= by, m->slashed >>= by, m->zero >>= by, m->wide >>= by;
    m->prefix = p - behind < 64 ? m->prefix >> (p - behind) : 0;
}

SCAN_TARGET static int64_t SCAN_NAME(const uint8_t *line, size_t count, size_t from, size_t to, const uint8_t *filter, uint32_t *output) {
    scan s = {line, count, filter, output, 2, output[0], 0, SCAN_THOROUGH};
    masks now = {0}, next;
    if (from < count) SCAN_JOIN(SCAN_NAME)(line, count, from, &now);
    for (size_t p = from; p < to; p += 64) {
        if (p + 64 < count) SCAN_JOIN(SCAN_NAME)(line, count, p + 64, &next);
        else memset(&next, 0, sizeof next);
        uint64_t window = to - p >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << (to - p)) - 1;
        uint64_t carried = p > 0 && is_digit(line[p - 1]);
        uint64_t starts = now.digit & ~(now.digit << 1 | carried);
#if SCAN_THOROUGH
        uint64_t worth = starts;
#else
        uint64_t worth = starts ? digits_worth(starts, &now) : 0;
#endif
#define AHEAD(field, k) (now.field >> (k) | next.field << (64 - (k)))
        uint64_t pairs = now.colon | now.dash, pairs_next = next.colon | next.dash;
#define PAIRS(k) (pairs >> (k) | pairs_next << (64 - (k)))
        uint64_t macs = pairs ? pairs & PAIRS(3) & PAIRS(6) & PAIRS(9) & PAIRS(12) : 0;
        uint64_t dotted = now.dot ? now.dot & AHEAD(dot, 5) : 0;
        uint64_t uuids = now.dash ? now.dash & AHEAD(dash, 5) & AHEAD(dash, 10) & AHEAD(dash, 15) : 0;
        if (!s.encoded) {
            uint64_t e = now.escape & window;
            while (e && !s.encoded) {
                escape(&s, p + (size_t)__builtin_ctzll(e));
                e &= e - 1;
            }
        }
        uint64_t special = macs | dotted | uuids;
        uint64_t events = (worth | now.mark | now.prefix | special) & window;
        while (events) {
            unsigned i = (unsigned)__builtin_ctzll(events);
            uint64_t bit = (uint64_t)1 << i;
            events &= events - 1;
            size_t q = p + i;
            if (q < s.skip) continue;
            if (worth & bit) {
                digits(&s, q);
                continue;
            }
            if (special & bit) {
                if ((uuids & bit) != 0) uuid(&s, q);
                if ((macs & bit) != 0 && mac_at(&s, q)) {
                    emit(&s, VARDE_CANDIDATE_MAC, q);
                    s.skip = q + 15;
                    continue;
                }
                if ((dotted & bit) != 0 && dotted_mac_at(&s, q)) emit(&s, VARDE_CANDIDATE_MAC, q);
            }
            if (now.mark & bit) {
                uint8_t c = line[q];
                if (c == '@') emit(&s, VARDE_CANDIDATE_AT, q);
                else if (c == '=') key(&s, q);
                else if (c == '>') element(&s, q);
                else colon(&s, q);
            }
            if (now.prefix & bit) prefix(&s, q);
        }
#undef AHEAD
#undef PAIRS
        now = next;
    }
    output[0] = (uint32_t)s.skip;
    output[1] = s.encoded;
    return (int64_t)(s.used - 2);
}
