/// Text with `%41` and the like resolved; what is no such thing stays as it is.
package enum PercentEncoding {
    package static func text(_ bytes: some Collection<UInt8>, plusIsBlank: Bool) -> String {
        String(decoding: Self.bytes(bytes, plusIsBlank: plusIsBlank), as: UTF8.self)
    }

    package static func bytes(_ bytes: some Collection<UInt8>, plusIsBlank: Bool) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        let all = Array(bytes)
        var at = 0
        while at < all.count {
            let byte = all[at]
            if byte == UInt8(ascii: "%"), at + 2 < all.count, let high = hex(all[at + 1]), let low = hex(all[at + 2]) {
                out.append(high << 4 | low)
                at += 3
            } else {
                out.append(byte == UInt8(ascii: "+") && plusIsBlank ? 32 : byte)
                at += 1
            }
        }
        return out
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
