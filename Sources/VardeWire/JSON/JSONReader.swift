import VardeKernels

/// Reads JSON from bytes, pulled value by value; nesting is bounded, strings are UTF-8 (invalid bytes become U+FFFD).
package struct JSONReader {
    /// Deepest nesting read; deeper input is refused.
    package static let maxDepth = 64

    package enum Kind: Sendable { case object, array, string, number, literal }

    package private(set) var at = 0
    private var depth = 0

    package init() {}

    private mutating func skipSpace(_ bytes: Span<UInt8>) {
        while at < bytes.count, bytes[at] == 32 || bytes[at] == 10 || bytes[at] == 13 || bytes[at] == 9 { at += 1 }
    }

    /// What the next value is.
    package mutating func kind(_ bytes: Span<UInt8>) throws(WireError) -> Kind {
        skipSpace(bytes)
        guard at < bytes.count else { throw WireError("JSON: unexpected end", at: at) }
        switch bytes[at] {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): return .literal
        default: throw WireError("JSON: unexpected character", at: at)
        }
    }

    private mutating func expect(_ byte: UInt8, _ bytes: Span<UInt8>) throws(WireError) {
        skipSpace(bytes)
        guard at < bytes.count, bytes[at] == byte else {
            throw WireError("JSON: expected “\(String(UnicodeScalar(byte)))”", at: at)
        }
        at += 1
    }

    /// Whether the byte comes next, passed over if so.
    private mutating func takes(_ byte: UInt8, _ bytes: Span<UInt8>) -> Bool {
        skipSpace(bytes)
        guard at < bytes.count, bytes[at] == byte else { return false }
        at += 1
        return true
    }

    /// Goes through an object: `body` reads (or skips) the value of each key.
    package mutating func object(
        _ bytes: Span<UInt8>, _ body: (inout JSONReader, String) throws(WireError) -> Void
    ) throws(WireError) {
        try expect(UInt8(ascii: "{"), bytes)
        try enter()
        if !takes(UInt8(ascii: "}"), bytes) {
            repeat {
                let key = try string(bytes)
                try expect(UInt8(ascii: ":"), bytes)
                try body(&self, key)
            } while takes(UInt8(ascii: ","), bytes)
            try expect(UInt8(ascii: "}"), bytes)
        }
        depth -= 1
    }

    /// Goes through an array: `body` reads (or skips) each element.
    package mutating func array(_ bytes: Span<UInt8>, _ body: (inout JSONReader, Int) throws(WireError) -> Void) throws(WireError) {
        try expect(UInt8(ascii: "["), bytes)
        try enter()
        var index = 0
        if !takes(UInt8(ascii: "]"), bytes) {
            repeat {
                try body(&self, index)
                index += 1
            } while takes(UInt8(ascii: ","), bytes)
            try expect(UInt8(ascii: "]"), bytes)
        }
        depth -= 1
    }

    private mutating func enter() throws(WireError) {
        depth += 1
        if depth > Self.maxDepth { throw WireError("JSON: nested more than \(Self.maxDepth) deep", at: at) }
    }

    package mutating func string(_ bytes: Span<UInt8>) throws(WireError) -> String {
        var out: [UInt8] = []
        let plain = try stringBytes(bytes, into: &out)
        return plain.map { Bytes.string(bytes.extracting($0)) } ?? String(decoding: out, as: UTF8.self)
    }

    /// Reads a string: its range where it has no escapes, else nil and the bytes appended to `out`.
    package mutating func stringBytes(_ bytes: Span<UInt8>, into out: inout [UInt8]) throws(WireError) -> Range<Int>? {
        try expect(UInt8(ascii: "\""), bytes)
        let start = at
        at = JSONStringScan.plainEnd(bytes, from: at)
        if at < bytes.count, bytes[at] == UInt8(ascii: "\"") {
            at += 1
            return start..<(at - 1)
        }
        Bytes.append(bytes.extracting(start..<at), to: &out)
        while at < bytes.count {
            // Escapes by number often come in rows.
            if bytes[at] == UInt8(ascii: "\\"), at + 1 < bytes.count, bytes[at + 1] != UInt8(ascii: "u") {
                JSONStringScan.unescape(bytes, at: &at, into: &out)
            }
            if at >= bytes.count { break }
            let byte = bytes[at]
            at += 1
            switch byte {
            case UInt8(ascii: "\""): return nil
            case UInt8(ascii: "\\"): try escape(bytes, into: &out)
            case 0..<32: throw WireError("JSON: a control character in a string", at: at - 1)
            default:
                let end = JSONStringScan.plainEnd(bytes, from: at)
                Bytes.append(bytes.extracting(at - 1..<end), to: &out)
                at = end
            }
        }
        throw WireError("JSON: a string does not end", at: start)
    }

    /// A whole number, as a number or in quotes; nil where it is none, `at` then behind it.
    package mutating func wholeNumber(_ bytes: Span<UInt8>) throws(WireError) -> Int64? {
        skipSpace(bytes)
        let start = at
        let quoted = takes(UInt8(ascii: "\""), bytes)
        let negative = takes(UInt8(ascii: "-"), bytes)
        var value: Int64 = 0
        var digits = 0
        // Eighteen digits fit whatever they are; longer ones are read with care.
        while at < bytes.count, bytes[at] &- 48 < 10, digits < 19 {
            let (product, over) = value.multipliedReportingOverflow(by: 10)
            let (sum, more) = product.addingReportingOverflow(Int64(bytes[at] &- 48))
            if over || more { break }
            value = sum
            digits += 1
            at += 1
        }
        let ends = at < bytes.count && (quoted ? bytes[at] == UInt8(ascii: "\"") : !isNumberByte(bytes[at]))
        if digits > 0, ends {
            if quoted { at += 1 }
            return negative ? -value : value
        }
        at = start
        if quoted { _ = try string(bytes) } else { _ = try number(bytes) }
        return nil
    }

    private func isNumberByte(_ byte: UInt8) -> Bool {
        byte &- 48 < 10 || byte == UInt8(ascii: ".") || byte | 32 == UInt8(ascii: "e") || byte == UInt8(ascii: "+")
            || byte == UInt8(ascii: "-")
    }

    private mutating func escape(_ bytes: Span<UInt8>, into out: inout [UInt8]) throws(WireError) {
        guard at < bytes.count else { throw WireError("JSON: a string does not end", at: at) }
        let byte = bytes[at]
        at += 1
        switch byte {
        case UInt8(ascii: "n"): out.append(10)
        case UInt8(ascii: "t"): out.append(9)
        case UInt8(ascii: "r"): out.append(13)
        case UInt8(ascii: "b"): out.append(8)
        case UInt8(ascii: "f"): out.append(12)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(byte)
        case UInt8(ascii: "u"):
            var code = try hex4(bytes)
            if (0xD800..<0xDC00).contains(code), at + 1 < bytes.count, bytes[at] == UInt8(ascii: "\\"), bytes[at + 1] == UInt8(ascii: "u") {
                let mark = at
                at += 2
                let low = try hex4(bytes)
                if (0xDC00..<0xE000).contains(low) { code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00) } else { at = mark }
            }
            out += Array(String(UnicodeScalar(code) ?? "\u{FFFD}").utf8)
        default: throw WireError("JSON: unknown escape", at: at - 1)
        }
    }

    private mutating func hex4(_ bytes: Span<UInt8>) throws(WireError) -> UInt32 {
        var code: UInt32 = 0
        for offset in 0..<4 {
            guard at + offset < bytes.count, let digit = HexDigit.value(bytes[at + offset]) else {
                throw WireError("JSON: \\u needs four hexadecimal digits", at: at)
            }
            code = code << 4 | UInt32(digit)
        }
        at += 4
        return code
    }

    /// The text of a number, as written.
    package mutating func number(_ bytes: Span<UInt8>) throws(WireError) -> String {
        Bytes.string(bytes.extracting(try numberRange(bytes)))
    }

    /// Passes over a number: a sign, digits without a leading zero, a fraction, an exponent (RFC 8259, section 6).
    package mutating func numberRange(_ bytes: Span<UInt8>) throws(WireError) -> Range<Int> {
        guard try kind(bytes) == .number else { throw WireError("JSON: expected a number", at: at) }
        let start = at
        func isDigit() -> Bool { at < bytes.count && bytes[at] >= UInt8(ascii: "0") && bytes[at] <= UInt8(ascii: "9") }
        func digits() throws(WireError) {
            guard isDigit() else { throw WireError("JSON: a digit is missing in a number", at: at) }
            while isDigit() { at += 1 }
        }
        if bytes[at] == UInt8(ascii: "-") { at += 1 }
        if at < bytes.count, bytes[at] == UInt8(ascii: "0") {
            at += 1
            if isDigit() { throw WireError("JSON: a number begins with 0", at: start) }
        } else {
            try digits()
        }
        if at < bytes.count, bytes[at] == UInt8(ascii: ".") {
            at += 1
            try digits()
        }
        if at < bytes.count, bytes[at] | 32 == UInt8(ascii: "e") {
            at += 1
            if at < bytes.count, bytes[at] == UInt8(ascii: "+") || bytes[at] == UInt8(ascii: "-") { at += 1 }
            try digits()
        }
        return start..<at
    }

    /// Passes over a value and returns its byte range.
    @discardableResult
    package mutating func skip(_ bytes: Span<UInt8>) throws(WireError) -> Range<Int> {
        let kind = try kind(bytes)
        let start = at
        switch kind {
        case .object: try object(bytes) { (reader, _) throws(WireError) in _ = try reader.skip(bytes) }
        case .array: try array(bytes) { (reader, _) throws(WireError) in _ = try reader.skip(bytes) }
        case .string:
            var ignored: [UInt8] = []
            _ = try stringBytes(bytes, into: &ignored)
        case .number: _ = try number(bytes)
        case .literal:
            for word in ["true", "false", "null"]
            where bytes.count - at >= word.utf8.count && Bytes.string(bytes.extracting(at..<(at + word.utf8.count))) == word {
                at += word.utf8.count
                return start..<at
            }
            throw WireError("JSON: unknown word", at: at)
        }
        return start..<at
    }

    /// Whether only white space is left.
    package mutating func isAtEnd(_ bytes: Span<UInt8>) -> Bool {
        skipSpace(bytes)
        return at >= bytes.count
    }
}
