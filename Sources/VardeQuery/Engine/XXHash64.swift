internal import VardeKernels
internal import VardeModel

/// The 64-bit xxHash of bytes, seed 0 (xxHash specification 0.1.1): what Prometheus hashes labels with.
enum XXHash64 {
    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

    private static func rotate(_ value: UInt64, _ bits: UInt64) -> UInt64 { value << bits | value >> (64 - bits) }

    private static func round(_ accumulator: UInt64, _ lane: UInt64) -> UInt64 {
        rotate(accumulator &+ lane &* prime2, 31) &* prime1
    }

    static func hash(_ bytes: Span<UInt8>) -> UInt64 {
        var offset = 0
        var result: UInt64
        if bytes.count >= 32 {
            var lanes = (prime1 &+ prime2, prime2, UInt64(0), 0 &- prime1)
            while offset + 32 <= bytes.count {
                lanes.0 = round(lanes.0, Bytes.load64(bytes, at: offset))
                lanes.1 = round(lanes.1, Bytes.load64(bytes, at: offset + 8))
                lanes.2 = round(lanes.2, Bytes.load64(bytes, at: offset + 16))
                lanes.3 = round(lanes.3, Bytes.load64(bytes, at: offset + 24))
                offset += 32
            }
            result = rotate(lanes.0, 1) &+ rotate(lanes.1, 7) &+ rotate(lanes.2, 12) &+ rotate(lanes.3, 18)
            for lane in [lanes.0, lanes.1, lanes.2, lanes.3] { result = (result ^ round(0, lane)) &* prime1 &+ prime4 }
        } else {
            result = prime5
        }
        result &+= UInt64(bytes.count)
        while offset + 8 <= bytes.count {
            result = rotate(result ^ round(0, Bytes.load64(bytes, at: offset)), 27) &* prime1 &+ prime4
            offset += 8
        }
        if offset + 4 <= bytes.count {
            result = rotate(result ^ UInt64(Bytes.load32(bytes, at: offset)) &* prime1, 23) &* prime2 &+ prime3
            offset += 4
        }
        while offset < bytes.count {
            result = rotate(result ^ UInt64(bytes[offset]) &* prime5, 11) &* prime1
            offset += 1
        }
        result = (result ^ result >> 33) &* prime2
        result = (result ^ result >> 29) &* prime3
        return result ^ result >> 32
    }
}

extension Labels {
    /// Prometheus' hash of a label set: over names and values, each after its length.
    var prometheusHash: UInt64 {
        var bytes: [UInt8] = []
        func append(_ text: String) {
            let count = text.utf8.count
            if count < 255 {
                bytes.append(UInt8(count))
            } else {
                bytes += [255, UInt8(count & 255), UInt8(count >> 8 & 255), UInt8(count >> 16 & 255)]
            }
            bytes.append(contentsOf: text.utf8)
        }
        for label in self {
            append(label.name)
            append(label.value)
        }
        return XXHash64.hash(bytes.span)
    }
}
