internal import VardeModel

/// What a string literal of PromQL stands for.
enum PromQLUnquoting {
    /// The bytes between the quotes with escapes resolved; nil where the literal is malformed.
    static func unquote(_ literal: String) -> [UInt8]? {
        let all = Array(literal.utf8)
        guard all.count >= 2, let quote = all.first, quote == all.last else { return nil }
        let inner = all[1..<(all.count - 1)]
        if quote == UInt8(ascii: "`") { return inner.contains(quote) ? nil : Array(inner) }
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'"), !inner.contains(10) else { return nil }
        guard inner.contains(UInt8(ascii: "\\")) || inner.contains(quote) else { return Array(inner) }
        var out: [UInt8] = []
        var i = inner.startIndex
        while i < inner.endIndex {
            let byte = inner[i]
            i += 1
            if byte == quote { return nil }
            if byte != UInt8(ascii: "\\") {
                out.append(byte)
                continue
            }
            guard i < inner.endIndex else { return nil }
            let kind = inner[i]
            i += 1
            switch kind {
            case UInt8(ascii: "a"): out.append(7)
            case UInt8(ascii: "b"): out.append(8)
            case UInt8(ascii: "f"): out.append(12)
            case UInt8(ascii: "n"): out.append(10)
            case UInt8(ascii: "r"): out.append(13)
            case UInt8(ascii: "t"): out.append(9)
            case UInt8(ascii: "v"): out.append(11)
            case UInt8(ascii: "\\"): out.append(kind)
            case UInt8(ascii: "'"), UInt8(ascii: "\""):
                if kind != quote { return nil }
                out.append(kind)
            case UInt8(ascii: "x"), UInt8(ascii: "u"), UInt8(ascii: "U"):
                let count = kind == UInt8(ascii: "x") ? 2 : kind == UInt8(ascii: "u") ? 4 : 8
                guard i + count <= inner.endIndex,
                    let value = UInt32(String(decoding: inner[i..<(i + count)], as: UTF8.self), radix: 16)
                else { return nil }
                i += count
                if count == 2 {
                    out.append(UInt8(value))
                } else {
                    guard let scalar = Unicode.Scalar(value) else { return nil }
                    out += Array(String(scalar).utf8)
                }
            case UInt8(ascii: "0")...UInt8(ascii: "7"):
                guard i + 2 <= inner.endIndex, let value = UInt32(String(decoding: inner[(i - 1)..<(i + 2)], as: UTF8.self), radix: 8),
                    value <= 255
                else { return nil }
                i += 2
                out.append(UInt8(value))
            default: return nil
            }
        }
        return out
    }

    /// Bytes in double quotes, those that are no UTF-8 as `\xNN`, as Go quotes them.
    static func quote(_ bytes: [UInt8]) -> String {
        var out = ""
        var rest = bytes[...]
        while !rest.isEmpty {
            let length = (1...min(4, rest.count)).first { String(validating: rest.prefix($0), as: UTF8.self) != nil }
            if let length {
                out += String(String(decoding: rest.prefix(length), as: UTF8.self).quoted.dropFirst().dropLast())
            } else {
                let hex = String(rest[rest.startIndex], radix: 16)
                out += "\\x" + (hex.utf8.count < 2 ? "0" : "") + hex
            }
            rest = rest.dropFirst(length ?? 1)
        }
        return "\"" + out + "\""
    }
}
