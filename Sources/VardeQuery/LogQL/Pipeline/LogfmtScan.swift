internal import VardeModel

/// Walks over `key=value` pairs as go-logfmt reads them.
struct LogfmtScan {
    private(set) var position = 0
    private(set) var key = 0..<0
    private(set) var value = 0..<0
    /// Whether the value stands in quotes and holds escapes.
    private(set) var hasEscapes = false
    private(set) var error: String?

    mutating func fail(_ what: String) -> Bool {
        error = "logfmt syntax error at pos \(position + 1) : \(what)"
        return false
    }

    private mutating func unexpected(_ byte: UInt8) -> Bool {
        fail("unexpected '\(String(decoding: [byte], as: UTF8.self))'")
    }

    /// Skips what is left of a malformed pair.
    mutating func skip(_ line: Span<UInt8>) {
        while position < line.count, line[position] > 32 { position += 1 }
        error = nil
    }

    /// Moves to the next pair; false at the end or at an error.
    mutating func next(_ line: Span<UInt8>) -> Bool {
        let count = line.count
        value = 0..<0
        hasEscapes = false
        while position < count, line[position] <= 32 { position += 1 }
        if position == count { return false }
        let start = position
        scan: while position < count {
            let byte = line[position]
            switch byte {
            case UInt8(ascii: "="): break scan
            case UInt8(ascii: "\""): return unexpected(byte)
            case 0...32: break scan
            default: position += 1
            }
        }
        key = start..<position
        if position == count || line[position] != UInt8(ascii: "=") { return true }
        if key.isEmpty { return unexpected(UInt8(ascii: "=")) }
        position += 1
        if position == count || line[position] <= 32 { return true }
        if line[position] == UInt8(ascii: "\"") { return quoted(line) }
        let begin = position
        while position < count, line[position] > 32 {
            if line[position] == UInt8(ascii: "=") || line[position] == UInt8(ascii: "\"") { return unexpected(line[position]) }
            position += 1
        }
        value = begin..<position
        return true
    }

    private mutating func quoted(_ line: Span<UInt8>) -> Bool {
        let begin = position + 1
        var i = begin
        while i < line.count {
            if line[i] == UInt8(ascii: "\\") {
                hasEscapes = true
                i += 2
                continue
            }
            if line[i] == UInt8(ascii: "\"") {
                value = begin..<i
                position = i + 1
                return true
            }
            i += 1
        }
        position = line.count
        return fail("unterminated quoted value")
    }

    /// The value's text.
    func text(_ line: Span<UInt8>) -> String? {
        hasEscapes ? JSONScan.unescape(line.extracting(value)) : LineScan.text(line, value)
    }
}
