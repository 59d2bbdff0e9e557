extension LineJudge {
    /// Four dotted numbers in range.
    mutating func judgeIPv4(_ text: Span<UInt8>, _ p: Int) {
        var i = p
        var bytes: (UInt8, UInt8, UInt8, UInt8) = (0, 0, 0, 0)
        for part in 0..<4 {
            var value = 0
            while i < text.count, ByteClass.isDigit(text[i]) {
                value = value * 10 + Int(text[i] & 15)
                i += 1
            }
            let byte = UInt8(truncatingIfNeeded: value)
            switch part {
            case 0: bytes.0 = byte
            case 1: bytes.1 = byte
            case 2: bytes.2 = byte
            default: bytes.3 = byte
            }
            if part < 3 { i += 1 }
        }
        if keepsPrivateAddresses, isPrivate(bytes) { return }
        if isVersion(text, p, i) { return }
        if isPhone(text, p, i) { return foundDigits(.phone, digits(text, p, i), p, i, prefix: "+47") }
        let mark = canonicalCount
        appendCanonical(bytes.0)
        appendCanonical(bytes.1)
        appendCanonical(bytes.2)
        appendCanonical(bytes.3)
        found(.ip, p, i, since: mark)
    }

    private func isPrivate(_ b: (UInt8, UInt8, UInt8, UInt8)) -> Bool {
        switch b.0 {
        case 0, 10, 127: true
        case 172: b.1 >= 16 && b.1 < 32
        case 192: b.1 == 168
        case 169: b.1 == 254
        case 100: b.1 >= 64 && b.1 < 128
        case 224...255: true
        default: false
        }
    }

    /// `tlf 41.23.45.67`.
    private func isPhone(_ text: Span<UInt8>, _ p: Int, _ end: Int) -> Bool {
        end - p == 11 && text.at(p + 2) == 0x2E && text.at(p + 5) == 0x2E && text.at(p + 8) == 0x2E && text[p] >= 0x32
            && context(text, p).meaning == .phone
    }

    /// `is` and `nr` right before, as in "version is 1.2.3.4".
    private func isCopula(_ text: Span<UInt8>, _ p: Int) -> Bool {
        ["is ", "er ", "nr ", "nr. ", "no ", "no. ", "number "].contains { text.has($0, at: p - $0.utf8.count) }
    }

    /// `lib.so.1.2.3.4`, `app-1.2.3.4.jar`, `1.2.3.4-SNAPSHOT`.
    private func isFileVersion(_ text: Span<UInt8>, _ p: Int, _ end: Int) -> Bool {
        if text.has(".so.", at: p - 4) { return true }
        guard text.at(end) == 0x2E || text.at(end) == 0x2D else { return false }
        return [
            ".jar", ".war", ".so", ".dll", ".exe", ".deb", ".rpm", ".whl", ".tgz", ".tar", ".zip", ".msi", ".apk", "-SNAPSHOT", "-RELEASE",
            "-alpine", "-slim", "-beta", "-alpha", "-rc", "-debian", "-ubuntu",
        ].contains { text.has($0, at: end) }
    }

    private func isVersion(_ text: Span<UInt8>, _ p: Int, _ end: Int) -> Bool {
        if text.at(p - 1) == 0x2F {
            // Product/1.2.3.4, as user agents write it; a path's part otherwise.
            return ByteClass.isLetter(text.at(p - 2)) && !isPathPart(text, p - 1)
        }
        if isFileVersion(text, p, end) { return true }
        let found = context(text, p)
        // "version mismatch from 89.160.20.112" speaks of somebody.
        return found.meaning == .version && (found.between == 0 || found.between == 1 && isCopula(text, p))
    }

    /// Whether the word before the slash begins with a slash or colon itself.
    private func isPathPart(_ text: Span<UInt8>, _ slash: Int) -> Bool {
        var i = slash
        while i > 0, slash - i < 40, ByteClass.isKeyByte(text[i - 1]) { i -= 1 }
        return text.at(i - 1) == 0x2F || text.at(i - 1) == 0x3A
    }

    /// Six bytes in hexadecimal.
    mutating func judgeMAC(_ text: Span<UInt8>, _ p: Int) {
        let isDotted = text[p] == 0x2E
        let start = isDotted ? p - 4 : p - 2
        let end = isDotted ? p + 10 : p + 15
        let mark = canonicalCount
        var any: UInt8 = 0
        var all: UInt8 = 0xFF
        for i in start..<end where ByteClass.isHex(text[i]) {
            let c = text[i] | 0x20
            any |= c == 0x30 ? 0 : 1
            all &= c == 0x66 ? 0xFF : 0
            appendCanonical(ByteClass.isDigit(text[i]) ? text[i] : c)
        }
        if isDotted, !hasLetter(text, start, end), context(text, start).meaning != .mac { return }
        // Neither all zeros nor broadcast is anybody's.
        if any == 0 || all == 0xFF { return }
        found(.mac, start, end, since: mark)
    }

    /// What may be an IPv6 address around a colon: parsed as a whole.
    mutating func judgeIPv6(_ text: Span<UInt8>, _ p: Int) {
        var start = p
        while start > 0, p - start < 45, ByteClass.isHex(text[start - 1]) || text[start - 1] == 0x3A { start -= 1 }
        var end = p
        while end < text.count, end - start < 46, ByteClass.isHex(text[end]) || text[end] == 0x3A || text[end] == 0x2E { end += 1 }
        while end > p + 1, text[end - 1] == 0x2E || (text[end - 1] == 0x3A && text.at(end - 2) != 0x3A) { end -= 1 }
        guard start < end, !ByteClass.isWord(text.at(start - 1)), !ByteClass.isWord(text.at(end)) else { return }
        // A leading colon separates a key from its value.
        if text[start] == 0x3A, text.at(start + 1) != 0x3A { start += 1 }
        guard let address = IPv6Address(text, start, end) else { return }
        if keepsPrivateAddresses, address.isPrivate { return }
        // `be::add` is code: an address with few groups is believed where addresses are given out (2000::/3).
        if end - start < 12, address.value >> 125 != 1, !address.isPrivate { return }
        let mark = canonicalCount
        for i in 0..<16 { appendCanonical(UInt8(truncatingIfNeeded: address.value >> UInt128(120 - 8 * i))) }
        found(.ip, start, end, since: mark)
    }

}

/// An IPv6 address.
struct IPv6Address {
    /// Its sixteen bytes, the first being the highest.
    private(set) var value: UInt128 = 0

    /// Parses a text form strictly: groups of one to four digits, one `::` at most, an IPv4 tail allowed.
    init?(_ text: Span<UInt8>, _ start: Int, _ end: Int) {
        var groups = 0
        var gap = -1
        var i = start
        guard end - start >= 2 else { return nil }
        if text[i] == 0x3A {
            guard text[i + 1] == 0x3A else { return nil }
            gap = 0
            i += 2
        }
        while i < end {
            var value = 0
            var length = 0
            let groupStart = i
            while i < end, ByteClass.isHex(text[i]) {
                let c = text[i]
                value = value << 4 | Int(ByteClass.isDigit(c) ? c & 15 : (c & 15) + 9)
                length += 1
                if length > 4 { return nil }
                i += 1
            }
            guard length > 0 else { return nil }
            if i < end, text[i] == 0x2E {
                guard let tail = IPv6Address.dotted(text, groupStart, end) else { return nil }
                self.value = self.value << 32 | UInt128(tail)
                groups += 2
                i = end
                break
            }
            self.value = self.value << 16 | UInt128(UInt16(truncatingIfNeeded: value))
            groups += 1
            if groups > 8 { return nil }
            if i == end { break }
            guard text[i] == 0x3A else { return nil }
            i += 1
            if i < end, text[i] == 0x3A {
                if gap >= 0 { return nil }
                gap = groups
                i += 1
            } else if i == end {
                return nil
            }
        }
        if gap >= 0 {
            guard groups < 8 else { return nil }
            // What stands behind the gap goes to the end.
            let behind = UInt128(16 * (groups - gap))
            let tail = self.value & ((1 << behind) - 1)
            self.value = (self.value >> behind) << UInt128(16 * (8 - gap)) | tail
            groups = 8
        }
        guard groups == 8 else { return nil }
    }

    private static func dotted(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> UInt32? {
        var address: UInt32 = 0
        var parts = 0
        var value: UInt32 = 0
        var length = 0
        for i in start...end {
            let c = i < end ? text[i] : 0x2E
            if ByteClass.isDigit(c) {
                value = value * 10 + UInt32(c & 15)
                length += 1
                if length > 3 { return nil }
            } else if c == 0x2E {
                guard length > 0, value < 256, parts < 4 else { return nil }
                address = address << 8 | value
                parts += 1
                value = 0
                length = 0
            } else {
                return nil
            }
        }
        return parts == 4 ? address : nil
    }

    /// Loopback, unspecified, link-local, unique local, multicast, documentation of none: those of nobody in particular.
    var isPrivate: Bool {
        if value <= 1 { return true }
        let first = UInt16(truncatingIfNeeded: value >> 112)
        if first & 0xFFC0 == 0xFE80 || first & 0xFE00 == 0xFC00 || first >> 8 == 0xFF { return true }
        // IPv4 inside: private where that is.
        if value >> 32 == 0xFFFF {
            let a = UInt8(truncatingIfNeeded: value >> 24)
            let b = UInt8(truncatingIfNeeded: value >> 16)
            return a == 0 || a == 10 || a == 127 || (a == 172 && b >= 16 && b < 32) || (a == 192 && b == 168) || (a == 169 && b == 254)
        }
        return false
    }

    /// Appends the text of RFC 5952.
    static func append(_ address: UInt128, to output: inout [UInt8]) {
        func group(_ i: Int) -> UInt16 { UInt16(truncatingIfNeeded: address >> UInt128(112 - 16 * i)) }
        var best = 0..<0
        var i = 0
        while i < 8 {
            var j = i
            while j < 8, group(j) == 0 { j += 1 }
            if j - i > best.count, j - i >= 2 { best = i..<j }
            i = max(j, i + 1)
        }
        i = 0
        while i < 8 {
            if i == best.lowerBound, !best.isEmpty {
                output.append(0x3A)
                output.append(0x3A)
                i = best.upperBound
                continue
            }
            if i > 0, i != best.upperBound || best.isEmpty { output.append(0x3A) }
            let value = group(i)
            var shift = value >= 0x1000 ? 12 : value >= 0x100 ? 8 : value >= 0x10 ? 4 : 0
            while shift >= 0 {
                let digit = UInt8(truncatingIfNeeded: value >> UInt16(shift) & 15)
                output.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
                shift -= 4
            }
            i += 1
        }
    }
}
