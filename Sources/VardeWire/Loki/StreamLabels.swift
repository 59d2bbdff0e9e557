import VardeKernels
package import VardeModel

/// The label set of a Loki stream as text: `{app="nginx", env="prod"}`.
package enum StreamLabels {
    package static func parse(_ text: String) throws(WireError) -> Labels {
        let bytes = Array(text.utf8)
        var at = 0
        func fail(_ what: String) -> WireError { WireError("error parsing labels \(text): \(what)", at: at) }
        func skipSpace() { while at < bytes.count, bytes[at] == 32 || bytes[at] == 9 || bytes[at] == 10 { at += 1 } }
        func takes(_ byte: UInt8) -> Bool {
            skipSpace()
            guard at < bytes.count, bytes[at] == byte else { return false }
            at += 1
            return true
        }
        guard takes(UInt8(ascii: "{")) else { throw fail("a label set begins with {") }
        var labels: [Label] = []
        var seen: Set<String> = []
        while !takes(UInt8(ascii: "}")) {
            if !labels.isEmpty, !takes(UInt8(ascii: ",")) { throw fail("expected , or }") }
            if takes(UInt8(ascii: "}")) { break }
            skipSpace()
            let start = at
            while at < bytes.count, isNameByte(bytes[at], first: at == start) { at += 1 }
            guard at > start else { throw fail("expected a label name") }
            let name = String(decoding: bytes[start..<at], as: UTF8.self)
            guard takes(UInt8(ascii: "=")) else { throw fail("expected = after \(name)") }
            skipSpace()
            guard at < bytes.count, let value = quoted(bytes, &at) else { throw fail("the value of \(name) is not a quoted string") }
            guard seen.insert(name).inserted else { throw fail("label \(name) is given twice") }
            labels.append(Label(name, value))
        }
        skipSpace()
        guard at == bytes.count else { throw fail("text after the closing }") }
        return Labels(labels)
    }

    private static func isNameByte(_ byte: UInt8, first: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): !first
        default: false
        }
    }

    /// A string in double quotes with Go's escapes, or in backquotes without any.
    private static func quoted(_ bytes: [UInt8], _ at: inout Int) -> String? {
        let quote = bytes[at]
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "`") else { return nil }
        at += 1
        var out: [UInt8] = []
        while at < bytes.count, bytes[at] != quote {
            if bytes[at] == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                at += 1
                guard at < bytes.count else { return nil }
                switch bytes[at] {
                case UInt8(ascii: "n"): out.append(10)
                case UInt8(ascii: "t"): out.append(9)
                case UInt8(ascii: "r"): out.append(13)
                case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"): out.append(bytes[at])
                case UInt8(ascii: "x"):
                    guard at + 2 < bytes.count, let code = HexDigit.number(bytes[(at + 1)...(at + 2)])
                    else { return nil }
                    out.append(UInt8(code))
                    at += 2
                case UInt8(ascii: "u"):
                    guard at + 4 < bytes.count, let code = HexDigit.number(bytes[(at + 1)...(at + 4)]),
                        let scalar = UnicodeScalar(code)
                    else { return nil }
                    out += Array(String(scalar).utf8)
                    at += 4
                default: return nil
                }
            } else {
                out.append(bytes[at])
            }
            at += 1
        }
        guard at < bytes.count else { return nil }
        at += 1
        return String(decoding: out, as: UTF8.self)
    }
}
