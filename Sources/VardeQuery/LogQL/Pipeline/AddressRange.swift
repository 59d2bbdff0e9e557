internal import VardeModel

/// Addresses `ip("…")` means: one, a range or a CIDR block, of IPv4 or IPv6.
struct AddressRange: Sendable {
    private let isV4: Bool
    private let first: UInt128
    private let last: UInt128

    init(_ pattern: String) throws(LogQLValueError) {
        let invalid = LogQLValueError("ip: invalid pattern")
        let text = Array(pattern.utf8)
        if let slash = text.firstIndex(of: UInt8(ascii: "/")) {
            let sizeText = String(decoding: text[(slash + 1)...], as: UTF8.self)
            let before = Array(text[..<slash])
            guard let address = IPAddress(before.span), let bits = Int(sizeText), bits >= 0, bits <= (address.isV4 ? 32 : 128),
                sizeText.utf8.allSatisfy(LogQLUnits.isDigit)
            else { throw invalid }
            let width = address.isV4 ? 32 : 128
            let hostMask: UInt128 = bits == width ? 0 : (UInt128.max >> UInt128(128 - (width - bits)))
            isV4 = address.isV4
            first = address.value & ~hostMask
            last = address.value | hostMask
            return
        }
        if let dash = text.firstIndex(of: UInt8(ascii: "-")) {
            let before = Array(text[..<dash])
            let behind = Array(text[(dash + 1)...])
            guard let from = IPAddress(before.span), let to = IPAddress(behind.span), from.isV4 == to.isV4,
                from.value <= to.value
            else { throw invalid }
            isV4 = from.isV4
            first = from.value
            last = to.value
            return
        }
        guard let address = IPAddress(text.span) else { throw invalid }
        isV4 = address.isV4
        first = address.value
        last = address.value
    }

    private func contains(_ address: IPAddress) -> Bool {
        address.isV4 == isV4 && address.value >= first && address.value <= last
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }

    private static func isHex(_ byte: UInt8) -> Bool {
        isDigit(byte) || (byte | 32) >= UInt8(ascii: "a") && (byte | 32) <= UInt8(ascii: "f")
    }

    /// Whether a text holds an address of the range anywhere.
    func isFound(in text: Span<UInt8>) -> Bool {
        var i = 0
        let count = text.count
        while i < count {
            let byte = text[i]
            if isV4 {
                guard Self.isDigit(byte) else {
                    i += 1
                    continue
                }
                var end = i
                while end < count, Self.isDigit(text[end]) || text[end] == UInt8(ascii: ".") { end += 1 }
                if let address = IPAddress(text.extracting(i..<end)), contains(address) { return true }
                i = end
            } else {
                guard Self.isHex(byte) || byte == UInt8(ascii: ":") else {
                    i += 1
                    continue
                }
                var end = i
                while end < count, Self.isHex(text[end]) || text[end] == UInt8(ascii: ":") || text[end] == UInt8(ascii: ".") { end += 1 }
                if let address = IPAddress(text.extracting(i..<end)), contains(address) { return true }
                i = end
            }
        }
        return false
    }
}
