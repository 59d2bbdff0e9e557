/// Bytes as hexadecimal digits.
package enum HexText {
    private static let digits = Array("0123456789abcdef".utf8)

    package static func of(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        for byte in bytes { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }

    /// nil where a character is no digit, or one is left over.
    package static func bytes(_ text: some StringProtocol) -> [UInt8]? {
        var values: [UInt8] = []
        for character in text.utf8 {
            switch character {
            case 0x30...0x39: values.append(character - 0x30)
            case 0x61...0x66: values.append(character - 0x57)
            case 0x41...0x46: values.append(character - 0x37)
            default: return nil
            }
        }
        if values.count % 2 != 0 { return nil }
        return stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] }
    }
}
