/// `%41` and the like, in both directions.
package enum PercentEncoding {
    /// The text with such places resolved; what is none stays as it is.
    package static func text(_ bytes: some Collection<UInt8>, plusIsBlank: Bool) -> String {
        String(decoding: Self.bytes(bytes, plusIsBlank: plusIsBlank), as: UTF8.self)
    }

    package static func bytes(_ bytes: some Collection<UInt8>, plusIsBlank: Bool) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        let all = Array(bytes)
        var at = 0
        while at < all.count {
            let byte = all[at]
            if byte == UInt8(ascii: "%"), at + 2 < all.count, let high = hex(all[at + 1]), let low = hex(all[at + 2]) {
                out.append(high << 4 | low)
                at += 3
            } else {
                out.append(byte == UInt8(ascii: "+") && plusIsBlank ? 32 : byte)
                at += 1
            }
        }
        return out
    }

    /// Whether two digits of base 16 follow each `%`.
    package static func isWhole(_ bytes: some Collection<UInt8>) -> Bool {
        var rest = bytes[...]
        while let sign = rest.firstIndex(of: UInt8(ascii: "%")) {
            let digits = rest[sign...].dropFirst().prefix(2)
            if digits.count < 2 || !digits.allSatisfy({ hex($0) != nil }) { return false }
            rest = rest[digits.endIndex...]
        }
        return true
    }

    /// Text of which only letters, digits, `-`, `_`, `.` and `~` stand as they are.
    package static func escaped(_ text: String, blankIsPlus: Bool) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        out.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"):
                out.append(byte)
            case 32 where blankIsPlus: out.append(UInt8(ascii: "+"))
            default: out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// `name=value` pairs with `&` between them, as a query string or a form has them.
    package static func form(_ parameters: [(String, String)], blankIsPlus: Bool) -> String {
        parameters.map { escaped($0.0, blankIsPlus: blankIsPlus) + "=" + escaped($0.1, blankIsPlus: blankIsPlus) }.joined(separator: "&")
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
