/// Walks over JSON bytes without building values. Positions are offsets into the line.
enum JSONScan {
    /// Why a line is no JSON object, in the words of the library Loki reads it with.
    enum Fault: Error {
        case object
        case string
        case array
        case unknownValue

        var text: String {
            switch self {
            case .object: "Value looks like object, but can't find closing '}' symbol"
            case .string: "Value is string, but can't find closing '\"' symbol"
            case .array: "Value is array, but can't find closing ']' symbol"
            case .unknownValue: "Unknown value type"
            }
        }
    }

    enum Kind {
        case string
        /// A string with a backslash in it.
        case escapedString
        case number
        case bool
        case null
        case object
        case array
    }

    private static let trueText = Array("true".utf8)
    private static let falseText = Array("false".utf8)
    private static let nullText = Array("null".utf8)

    @inline(__always)
    static func skipSpace(_ line: Span<UInt8>, _ position: inout Int) {
        while position < line.count {
            switch line[position] {
            case 32, 9, 10, 13: position += 1
            default: return
            }
        }
    }

    /// At the opening quote; gives what is between the quotes and moves behind the closing one.
    @inline(__always)
    static func string(_ line: Span<UInt8>, _ position: inout Int, _ escaped: inout Bool) throws(Fault) -> Range<Int> {
        let start = position + 1
        var i = start
        let count = line.count
        escaped = false
        while i < count {
            let byte = line[i]
            if byte == UInt8(ascii: "\"") {
                position = i + 1
                return start..<i
            }
            if byte == UInt8(ascii: "\\") {
                escaped = true
                i += 1
            }
            i += 1
        }
        throw .string
    }

    /// Moves behind a value; gives its kind and its bytes, without the quotes of a string.
    static func value(_ line: Span<UInt8>, _ position: inout Int) throws(Fault) -> (kind: Kind, range: Range<Int>) {
        guard position < line.count else { throw .object }
        let start = position
        switch line[position] {
        case UInt8(ascii: "\""):
            var escaped = false
            let range = try string(line, &position, &escaped)
            return (escaped ? .escapedString : .string, range)
        case UInt8(ascii: "{"):
            try skipNested(line, &position, .object)
            return (.object, start..<position)
        case UInt8(ascii: "["):
            try skipNested(line, &position, .array)
            return (.array, start..<position)
        case UInt8(ascii: "t") where line.holds(trueText, at: position), UInt8(ascii: "n") where line.holds(nullText, at: position):
            let isNull = line[position] == UInt8(ascii: "n")
            position += 4
            return (isNull ? .null : .bool, start..<position)
        case UInt8(ascii: "f") where line.holds(falseText, at: position):
            position += 5
            return (.bool, start..<position)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            while position < line.count {
                switch line[position] {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "e"),
                    UInt8(ascii: "E"):
                    position += 1
                case 32, 9, 10, 13, UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"): return (.number, start..<position)
                default: throw .unknownValue
                }
            }
            return (.number, start..<position)
        default: throw .unknownValue
        }
    }

    /// Moves behind an object or array by counting brackets outside strings.
    private static func skipNested(_ line: Span<UInt8>, _ position: inout Int, _ fault: Fault) throws(Fault) {
        var depth = 0
        var i = position
        let count = line.count
        while i < count {
            switch line[i] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == 0 {
                    position = i + 1
                    return
                }
            case UInt8(ascii: "\""):
                var escaped = false
                _ = try string(line, &i, &escaped)
                continue
            default: break
            }
            i += 1
        }
        throw fault
    }

    /// Visits the members of the object that begins here; the visitor moves behind the value and says whether to go on.
    static func members(
        _ line: Span<UInt8>, _ position: inout Int, _ visit: (Range<Int>, Bool, inout Int) throws(Fault) -> Bool
    ) throws(Fault) -> Bool {
        skipSpace(line, &position)
        guard position < line.count, line[position] == UInt8(ascii: "{") else { throw .object }
        position += 1
        skipSpace(line, &position)
        if position < line.count, line[position] == UInt8(ascii: "}") {
            position += 1
            return true
        }
        while true {
            skipSpace(line, &position)
            guard position < line.count, line[position] == UInt8(ascii: "\"") else { throw .object }
            var escaped = false
            let key = try string(line, &position, &escaped)
            skipSpace(line, &position)
            guard position < line.count, line[position] == UInt8(ascii: ":") else { throw .object }
            position += 1
            skipSpace(line, &position)
            if !(try visit(key, escaped, &position)) { return false }
            skipSpace(line, &position)
            guard position < line.count else { throw .object }
            if line[position] == UInt8(ascii: ",") {
                position += 1
            } else if line[position] == UInt8(ascii: "}") {
                position += 1
                return true
            } else {
                throw .object
            }
        }
    }

    /// Text of a value; nil for a string with a malformed escape.
    static func text(_ line: Span<UInt8>, _ kind: Kind, _ range: Range<Int>) -> String {
        kind == .escapedString ? unescape(line.extracting(range)) ?? "" : LineScan.text(line, range)
    }

    /// Resolves JSON escapes; nil where one is malformed.
    static func unescape(_ raw: Span<UInt8>) -> String? {
        var out: [UInt8] = []
        out.reserveCapacity(raw.count)
        var i = 0
        func hex(_ at: Int) -> UInt32? {
            if at + 4 > raw.count { return nil }
            return UInt32(LineScan.text(raw, at..<(at + 4)), radix: 16)
        }
        while i < raw.count {
            let byte = raw[i]
            i += 1
            if byte != UInt8(ascii: "\\") {
                out.append(byte)
                continue
            }
            guard i < raw.count else { return nil }
            let kind = raw[i]
            i += 1
            switch kind {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "'"): out.append(kind)
            case UInt8(ascii: "b"): out.append(8)
            case UInt8(ascii: "f"): out.append(12)
            case UInt8(ascii: "n"): out.append(10)
            case UInt8(ascii: "r"): out.append(13)
            case UInt8(ascii: "t"): out.append(9)
            case UInt8(ascii: "u"):
                guard var value = hex(i) else { return nil }
                i += 4
                if value >= 0xD800, value < 0xDC00, i + 1 < raw.count, raw[i] == UInt8(ascii: "\\"), raw[i + 1] == UInt8(ascii: "u"),
                    let low = hex(i + 2), low >= 0xDC00, low < 0xE000
                {
                    value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
                    i += 6
                }
                out += Array(String(Unicode.Scalar(value) ?? "\u{FFFD}").utf8)
            default: return nil
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}

extension Span<UInt8> {
    /// Whether a word stands at an offset.
    func holds(_ word: [UInt8], at offset: Int) -> Bool {
        if offset + word.count > count { return false }
        for i in word.indices where self[offset + i] != word[i] { return false }
        return true
    }

    /// Whether these are the bytes of a text.
    func isEqual(_ bytes: [UInt8]) -> Bool {
        if count != bytes.count { return false }
        for i in bytes.indices where self[i] != bytes[i] { return false }
        return true
    }
}
