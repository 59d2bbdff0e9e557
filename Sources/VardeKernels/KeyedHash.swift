/// A 128-bit keyed hash of bytes, for look-up tables whose keys come from outside.
///
/// Two lanes of folded 64×64→128 multiplications over 16 bytes a round; the key is random per process, so a sender cannot
/// choose colliding keys. Not cryptographic: where a look-up must be certain, compare the bytes as well.
package struct KeyedHash: Sendable {
    package struct Value: Hashable, Sendable {
        package var low: UInt64
        package var high: UInt64

        @inlinable
        package init(low: UInt64, high: UInt64) {
            self.low = low
            self.high = high
        }

        @inlinable @inline(__always)
        package static func == (a: Value, b: Value) -> Bool { a.low == b.low && a.high == b.high }

        // The value is a hash already: its low half is as good as any.
        @inlinable
        package func hash(into hasher: inout Hasher) { hasher.combine(low) }
    }

    @usableFromInline let key0: UInt64
    @usableFromInline let key1: UInt64

    package init() {
        var generator = SystemRandomNumberGenerator()
        self.init(key0: generator.next(), key1: generator.next())
    }

    package init(key0: UInt64, key1: UInt64) {
        self.key0 = key0
        self.key1 = key1
    }

    @inlinable @inline(__always)
    static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }

    /// As `Bytes.load64`, in this file because release builds compile the module file by file and would call it otherwise.
    @inlinable @inline(__always)
    static func load64(_ bytes: Span<UInt8>, at offset: Int) -> UInt64 {
        precondition(offset >= 0 && offset <= bytes.count &- 8, "8-byte load out of bounds")
        // In bounds by the check above; every bit pattern is a valid UInt64.
        return unsafe UInt64(littleEndian: bytes.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
    }

    /// Hash of the bytes. Complexity: O(count), about 16 bytes a nanosecond.
    @inlinable
    package func callAsFunction(_ bytes: Span<UInt8>) -> Value {
        var a = key0 ^ 0x9E37_79B9_7F4A_7C15
        var b = key1 ^ 0xC2B2_AE3D_27D4_EB4F
        var offset = 0
        let count = bytes.count
        while offset + 16 <= count {
            let low = Self.load64(bytes, at: offset)
            let high = Self.load64(bytes, at: offset &+ 8)
            a = Self.fold(a ^ low, high ^ 0xA076_1D64_78BD_642F) ^ b
            b = Self.fold(b ^ high, low ^ 0xE703_7ED1_A0B4_28DB) &+ a
            offset &+= 16
        }
        var low: UInt64 = 0
        var high: UInt64 = 0
        if count >= 16 {
            if offset < count {
                low = Self.load64(bytes, at: count &- 16)
                high = Self.load64(bytes, at: count &- 8)
            }
        } else if count >= 8 {
            low = Self.load64(bytes, at: 0)
            high = Self.load64(bytes, at: count &- 8)
        } else {
            for i in 0..<count { low |= UInt64(bytes[i]) << UInt64(8 &* i) }
        }
        a = Self.fold(a ^ low, high ^ key1 ^ UInt64(count))
        b = Self.fold(b ^ high, low ^ key0 ^ 0x8EBC_6AF0_9C88_C6E3)
        return Value(low: Self.fold(a ^ 0x5899_65CC_7537_4CC3, b ^ key0), high: Self.fold(b ^ 0x1D8E_4E27_C47D_124F, a ^ key1))
    }
}
