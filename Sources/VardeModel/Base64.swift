/// Base64 (RFC 4648, section 4), with padding.
package enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    package static func text(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let rest = bytes[start..<min(start + 3, bytes.count)]
            var group: UInt32 = 0
            for byte in rest { group = group << 8 | UInt32(byte) }
            group <<= UInt32(8 * (3 - rest.count))
            for place in 0..<4 { out.append(place <= rest.count ? alphabet[Int(group >> UInt32(18 - 6 * place) & 63)] : UInt8(ascii: "=")) }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// What a character stands for in the common alphabet or the one for URLs; nil for any other.
    package static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - 65
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - 71
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character + 4
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }

    /// nil where the text is no base64; the alphabet for URLs is read as well.
    package static func bytes(_ text: String) -> [UInt8]? {
        let digits = text.utf8.filter { $0 != UInt8(ascii: "=") }
        let (bytes, end) = prefix(digits.span)
        return end == digits.count ? bytes : nil
    }

    /// The bytes that the text begins with, and where it is base64 no longer.
    package static func prefix(_ text: Span<UInt8>) -> (bytes: [UInt8], end: Int) {
        var out: [UInt8] = []
        var group: UInt32 = 0
        var bits: UInt32 = 0
        for at in text.indices {
            guard let digit = digit(text[at]) else { return (out, at) }
            group = group << 6 | UInt32(digit)
            bits += 6
            if bits >= 8 {
                bits -= 8
                out.append(UInt8(truncatingIfNeeded: group >> bits))
            }
        }
        return (out, text.count)
    }
}
