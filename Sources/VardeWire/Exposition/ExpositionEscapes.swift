import VardeKernels

/// The escapes of exposition formats: `\\`, `\"` and `\n`; any other backslash stands for itself.
enum ExpositionEscapes {
    /// The text without its escapes; bytes that are no UTF-8 become U+FFFD.
    static func unescape(_ bytes: Span<UInt8>) -> String {
        var out: [UInt8] = []
        var clean = 0
        var at = 0
        while at + 1 < bytes.count {
            guard bytes[at] == UInt8(ascii: "\\") else {
                at += 1
                continue
            }
            let meant: UInt8
            switch bytes[at + 1] {
            case UInt8(ascii: "n"): meant = 10
            case UInt8(ascii: "\\"), UInt8(ascii: "\""): meant = bytes[at + 1]
            default:
                at += 2
                continue
            }
            Bytes.append(bytes.extracting(clean..<at), to: &out)
            out.append(meant)
            at += 2
            clean = at
        }
        if clean == 0 { return Bytes.string(bytes) }
        Bytes.append(bytes.extracting(clean..<bytes.count), to: &out)
        return String(decoding: out, as: UTF8.self)
    }
}
