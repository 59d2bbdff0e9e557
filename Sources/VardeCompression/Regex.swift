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
        let bytes = try Self.adapted(pattern)
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

    /// A pattern of Go's as RE2 takes it: groups named by `(?<name>…)` have a `P` there, and `\C`, a byte, is nothing Go knows.
    private static func adapted(_ pattern: String) throws(SyntaxError) -> [UInt8] {
        let bytes = Array(pattern.utf8)
        guard bytes.contains(UInt8(ascii: "<")) || bytes.contains(UInt8(ascii: "C")) else { return bytes }
        var out: [UInt8] = []
        var isInClass = false
        var isQuoted = false
        var at = 0
        while at < bytes.count {
            let byte = bytes[at]
            let next = at + 1 < bytes.count ? bytes[at + 1] : 0
            if byte == UInt8(ascii: "\\"), next != 0, !isQuoted || next == UInt8(ascii: "E") {
                if next == UInt8(ascii: "C") { throw SyntaxError(pattern: pattern, reason: "invalid escape sequence: \\C") }
                if next == UInt8(ascii: "Q") || next == UInt8(ascii: "E") { isQuoted = next == UInt8(ascii: "Q") }
                out += [byte, next]
                at += 2
                continue
            }
            out.append(byte)
            at += 1
            if isQuoted { continue }
            if isInClass {
                isInClass = byte != UInt8(ascii: "]")
            } else if byte == UInt8(ascii: "[") {
                isInClass = true
                // A bracket at the start of a class is one of its characters.
                if at < bytes.count, bytes[at] == UInt8(ascii: "^") { out.append(bytes[at]); at += 1 }
                if at < bytes.count, bytes[at] == UInt8(ascii: "]") { out.append(bytes[at]); at += 1 }
            } else if byte == UInt8(ascii: "("), bytes[at...].starts(with: Array("?<".utf8)) {
                out += Array("?P".utf8)
                at += 1
            }
        }
        return out
    }

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
