#include "varde_re2.h"

#include <re2/re2.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <new>
#include <string>

namespace {

struct Compiled {
    re2::RE2 regex;
    // Names by group, made once: RE2 would build its map on each call.
    std::map<int, std::string> names;
    Compiled(const re2::StringPiece &pattern, const re2::RE2::Options &options) : regex(pattern, options) {
        if (regex.ok()) names = regex.CapturingGroupNames();
    }
};

const Compiled &get(varde_re2 handle) { return *reinterpret_cast<const Compiled *>(static_cast<uintptr_t>(handle)); }

int64_t copy_out(const std::string &text, uint8_t *output, size_t capacity) {
    size_t size = std::min(text.size(), capacity);
    std::memcpy(output, text.data(), size);
    return static_cast<int64_t>(size);
}

re2::StringPiece piece(const uint8_t *bytes, size_t count) {
    return re2::StringPiece(reinterpret_cast<const char *>(bytes), count);
}

}  // namespace

extern "C" {

varde_re2 varde_re2_new(const uint8_t *pattern, size_t count, int32_t dot_all, int32_t case_insensitive, int64_t max_memory) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_dot_nl(dot_all != 0);
    options.set_case_sensitive(case_insensitive == 0);
    if (max_memory > 0) options.set_max_mem(max_memory);
    return static_cast<varde_re2>(reinterpret_cast<uintptr_t>(new (std::nothrow) Compiled(piece(pattern, count), options)));
}

void varde_re2_free(varde_re2 regex) { delete &get(regex); }

int32_t varde_re2_ok(varde_re2 regex) { return get(regex).regex.ok() ? 1 : 0; }

int64_t varde_re2_error(varde_re2 regex, uint8_t *output, size_t capacity) {
    return copy_out(get(regex).regex.error(), output, capacity);
}

int32_t varde_re2_group_count(varde_re2 regex) { return get(regex).regex.NumberOfCapturingGroups(); }

int64_t varde_re2_group_name(varde_re2 regex, int32_t index, uint8_t *output, size_t capacity) {
    auto found = get(regex).names.find(index);
    return found == get(regex).names.end() ? 0 : copy_out(found->second, output, capacity);
}

int32_t varde_re2_full_match(varde_re2 regex, const uint8_t *text, size_t count) {
    return get(regex).regex.Match(piece(text, count), 0, count, re2::RE2::ANCHOR_BOTH, nullptr, 0) ? 1 : 0;
}

int32_t varde_re2_partial_match(varde_re2 regex, const uint8_t *text, size_t count) {
    return get(regex).regex.Match(piece(text, count), 0, count, re2::RE2::UNANCHORED, nullptr, 0) ? 1 : 0;
}

int32_t varde_re2_match(varde_re2 regex, const uint8_t *text, size_t count, size_t from, size_t end, int32_t anchored,
                        int64_t *groups, size_t group_slots) {
    constexpr size_t max_groups = 128;
    re2::StringPiece found[max_groups];
    size_t wanted = std::min({group_slots / 2, max_groups, static_cast<size_t>(get(regex).regex.NumberOfCapturingGroups()) + 1});
    auto anchor = anchored ? re2::RE2::ANCHOR_BOTH : re2::RE2::UNANCHORED;
    if (!get(regex).regex.Match(piece(text, count), from, end, anchor, found, static_cast<int>(wanted))) return 0;
    for (size_t i = 0; i < group_slots / 2; i++) {
        if (i < wanted && found[i].data() != nullptr) {
            groups[2 * i] = found[i].data() - reinterpret_cast<const char *>(text);
            groups[2 * i + 1] = groups[2 * i] + static_cast<int64_t>(found[i].size());
        } else {
            groups[2 * i] = groups[2 * i + 1] = -1;
        }
    }
    return 1;
}
}
