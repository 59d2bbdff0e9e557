import CVardeRE2

/// A compiled RE2 regular expression: the semantics Prometheus and Loki promise, in time linear in the text.
///
/// Immutable after compiling and safe to share between threads.
package final class Regex: Sendable {
    /// A pattern RE2 refuses, with its reason.
    package struct SyntaxError: Error, Sendable, Equatable {
        package var pattern: String
        package var reason: String
    }

    /// Memory one compiled pattern and its automata may take, in bytes.
    package static let maxMemory: Int64 = 8 << 20

    private let handle: varde_re2

    package let pattern: String

    /// Compiles a pattern. With `dotMatchesNewline` (Prometheus 3, Loki) `.` matches `\n` as well.
    package init(_ pattern: String, dotMatchesNewline: Bool = true, caseInsensitive: Bool = false) throws(SyntaxError) {
        self.pattern = pattern
        let bytes = Array(pattern.utf8)
        handle = varde_re2_new(bytes.span, dotMatchesNewline ? 1 : 0, caseInsensitive ? 1 : 0, Self.maxMemory)
        guard handle != 0 else {
            throw SyntaxError(pattern: pattern, reason: "out of memory")
        }
        guard varde_re2_ok(handle) == 1 else {
            var text = [UInt8](repeating: 0, count: 512)
            var span = text.mutableSpan
            let size = varde_re2_error(handle, &span)
            throw SyntaxError(pattern: pattern, reason: String(decoding: text[..<Int(size)], as: UTF8.self))
        }
    }

    deinit { varde_re2_free(handle) }

    /// Number of capturing groups, the whole match not counted.
    package var groupCount: Int { Int(varde_re2_group_count(handle)) }

    /// Names of the groups by index, nil where a group has none; index 0 is the whole match.
    package var groupNames: [String?] {
        (0...groupCount).map { index in
            if index == 0 { return nil }
            var text = [UInt8](repeating: 0, count: 256)
            var span = text.mutableSpan
            let size = varde_re2_group_name(handle, Int32(index), &span)
            return size == 0 ? nil : String(decoding: text[..<Int(size)], as: UTF8.self)
        }
    }

    /// Whether the whole text matches, as label matchers mean it.
    package func matchesWhole(_ text: Span<UInt8>) -> Bool { varde_re2_full_match(handle, text) == 1 }

    /// Whether the whole text matches, as label matchers mean it.
    package func matchesWhole(_ text: String) -> Bool {
        let utf8 = text.utf8Span
        return matchesWhole(utf8.span)
    }

    /// Whether the text holds a match, as line filters mean it.
    package func matchesAnywhere(_ text: Span<UInt8>) -> Bool { varde_re2_partial_match(handle, text) == 1 }

    /// First match at or after `from`: byte ranges of the whole match and of each group, nil for a group not taken.
    package func firstMatch(in text: Span<UInt8>, from: Int = 0, whole: Bool = false) -> [Range<Int>?]? {
        var slots = [Int64](repeating: -1, count: 2 * (groupCount + 1))
        var span = slots.mutableSpan
        guard varde_re2_match(handle, text, from, text.count, whole ? 1 : 0, &span) == 1 else { return nil }
        return (0...groupCount).map { slots[2 * $0] < 0 ? nil : Int(slots[2 * $0])..<Int(slots[2 * $0 + 1]) }
    }
}
