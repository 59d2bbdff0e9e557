/// An address of IPv4 or IPv6, as a number: what ranges and CIDR blocks compare.
package struct IPAddress: Sendable, Equatable, Hashable {
    /// Whether it is of IPv4; an IPv4 address in IPv6 clothes (`::ffff:…`) is IPv6 until `unmapped`.
    package let isV4: Bool
    /// The address as a number: 32 or 128 bits.
    package let value: UInt128

    package init(isV4: Bool, value: UInt128) {
        self.isV4 = isV4
        self.value = value
    }

    /// An address in its usual text form; nil where the text is none.
    package init?(_ text: Span<UInt8>) {
        for i in text.indices where text[i] == UInt8(ascii: ":") {
            guard let value = Self.parseV6(text) else { return nil }
            self.init(isV4: false, value: value)
            return
        }
        guard let value = Self.parseV4(text) else { return nil }
        self.init(isV4: true, value: UInt128(value))
    }

    /// An IPv4-mapped IPv6 address as the IPv4 address it stands for; any other unchanged.
    package var unmapped: IPAddress {
        !isV4 && value >> 32 == 0xFFFF ? IPAddress(isV4: true, value: value & 0xFFFF_FFFF) : self
    }

    /// Bits of an address of its kind.
    package var width: Int { isV4 ? 32 : 128 }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }

    private static func isHex(_ byte: UInt8) -> Bool {
        isDigit(byte) || (byte | 32) >= UInt8(ascii: "a") && (byte | 32) <= UInt8(ascii: "f")
    }

    private static func parseV4(_ text: Span<UInt8>) -> UInt32? {
        var value: UInt32 = 0
        var part: UInt32 = 0
        var digits = 0
        var parts = 0
        for i in text.indices {
            let byte = text[i]
            if byte == UInt8(ascii: ".") {
                if digits == 0 || parts == 3 { return nil }
                value = value << 8 | part
                parts += 1
                part = 0
                digits = 0
            } else if isDigit(byte) {
                if digits > 0, part == 0 { return nil }
                part = part * 10 + UInt32(byte - 48)
                digits += 1
                if part > 255 { return nil }
            } else {
                return nil
            }
        }
        return digits > 0 && parts == 3 ? value << 8 | part : nil
    }

    private static func parseV6(_ text: Span<UInt8>) -> UInt128? {
        var groups: [UInt16] = []
        var gap: Int?
        var i = 0
        let count = text.count
        if count >= 2, text[0] == UInt8(ascii: ":") {
            if text[1] != UInt8(ascii: ":") { return nil }
            gap = 0
            i = 2
        }
        while i < count {
            let start = i
            var value: UInt32 = 0
            while i < count, isHex(text[i]), i - start < 4 {
                let byte = text[i]
                value = value << 4 | UInt32(isDigit(byte) ? byte - 48 : (byte | 32) - 87)
                i += 1
            }
            if i == start { return nil }
            if i < count, text[i] == UInt8(ascii: ".") {
                guard groups.count <= 6, let v4 = parseV4(text.extracting(start..<count)) else { return nil }
                groups += [UInt16(v4 >> 16), UInt16(v4 & 0xFFFF)]
                i = count
                break
            }
            groups.append(UInt16(value))
            if groups.count > 8 { return nil }
            if i == count { break }
            if text[i] != UInt8(ascii: ":") { return nil }
            i += 1
            if i == count { return nil }
            if text[i] == UInt8(ascii: ":") {
                if gap != nil { return nil }
                gap = groups.count
                i += 1
            }
        }
        if let gap {
            if groups.count >= 8 { return nil }
            groups.insert(contentsOf: repeatElement(0, count: 8 - groups.count), at: gap)
        }
        if groups.count != 8 { return nil }
        return groups.reduce(UInt128(0)) { $0 << 16 | UInt128($1) }
    }
}
