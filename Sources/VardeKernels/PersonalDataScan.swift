import CVardeKernels

/// The search for places in a line that may hold personal data, by byte class at memory speed. Judging them is the caller's.
package enum PersonalDataScan {
    /// What a place may be.
    package enum Kind: UInt8, Sendable {
        /// A bare run of 6 to 25 digits.
        case number = 1
        /// Digits in groups of a known shape.
        case grouped = 2
        /// Digits after `+`, or starting with `00`.
        case phone = 3
        /// Four dotted numbers.
        case ipv4 = 4
        /// Digits behind one to three letters.
        case lettered = 5
        /// An `@`.
        case at = 6
        /// `=` or `:` behind a word that may be in the key filter.
        case key = 7
        /// A known beginning of secrets and user names.
        case prefix = 8
        /// The colon of `://`.
        case scheme = 9
        /// Six bytes in hexadecimal; the offset is that of the first separator.
        case mac = 10
        /// A colon of what may be an IPv6 address.
        case ipv6 = 11
        /// A pair of decimals.
        case position = 12
        /// The `[` before the time of an access log line.
        case access = 13
        /// Digits in groups from a zero on, as telephone numbers are dialled at home.
        case home = 14
        /// A date behind a word that tells of a birth.
        case birth = 15
    }

    /// What a scan may be done by at most; what the processor has not is not used.
    package enum Means: UInt32, Sendable, CaseIterable {
        /// Byte by byte, nothing dismissed that judges can dismiss.
        case bytes = 0
        case vectors256 = 1
        case any = 2
    }

    /// A line at least this long cannot be scanned, in bytes.
    package static let maxLineLength = 1 << 28
    /// Bytes scanned by one call at most.
    package static let windowLength = 8192
    /// Room `candidates` must have.
    package static let capacity = 2 + 2 * windowLength

    /// Kind and offset of a candidate.
    @inlinable @inline(__always)
    package static func kind(_ candidate: UInt32) -> Kind? { Kind(rawValue: UInt8(candidate >> 28)) }
    @inlinable @inline(__always)
    package static func offset(_ candidate: UInt32) -> Int { Int(candidate & 0x0FFF_FFFF) }

    /// Candidates with offsets in `from..<to`, written to `candidates` from index 2 on; returns how many, or nil where the line cannot
    /// be scanned. `candidates[0]` carries over from window to window (0 before the first); `candidates[1]` becomes 1 where the
    /// window holds %-encodings, backslashes, character references or full-width forms. Complexity: O(to - from).
    /// - Parameter means: for comparison: by bytes alone, candidates of which no judge makes anything are named too.
    package static func scan(
        _ line: Span<UInt8>, from: Int, to: Int, filter: KeyFilter, candidates: inout [UInt32], means: Means = .any
    ) -> Int? {
        var output = candidates.mutableSpan
        let found =
            means == .any
            ? varde_privacy_scan(line, from, to, filter.bits.span, &output)
            : varde_privacy_scan_by(means.rawValue, line, from, to, filter.bits.span, &output)
        return found < 0 ? nil : Int(found)
    }
}

/// A bit per hash of a key: keys of no interest are dismissed by one look.
package struct KeyFilter: Sendable {
    private(set) var bits: [UInt8]

    package init() {
        bits = [UInt8](repeating: 0, count: Int(VARDE_KEY_FILTER_BYTES))
    }

    /// One step of the hash of a key, read from its last byte to its first.
    @inlinable @inline(__always)
    package static func step(_ hash: UInt32, _ byte: UInt8) -> UInt32 { hash &* 131 &+ UInt32(byte) }

    /// Lets keys through that end in a word, given as it is compared: in lower case, its last byte first.
    package mutating func insert(reversed word: [UInt8]) {
        let half = bits.count / 2
        var hash: UInt32 = 0
        for (index, byte) in word.enumerated() {
            hash = Self.step(hash, byte)
            if index == 2 { set(half, hash) }
        }
        set(0, hash)
    }

    private mutating func set(_ base: Int, _ hash: UInt32) {
        let h = hash ^ (hash >> 15)
        bits[base + Int(h >> 3) & (bits.count / 2 - 1)] |= 1 << UInt8(h & 7)
    }
}
