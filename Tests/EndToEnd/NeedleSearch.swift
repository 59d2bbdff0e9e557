import Foundation

/// Finds which of many needles occur in bytes: by a filter over their first six bytes, then by comparison.
struct NeedleSearch {
    private static let prefix = 6
    private static let filterBits = 18

    private var byPrefix: [UInt64: [[UInt8]]] = [:]
    private var filter = [Bool](repeating: false, count: 1 << filterBits)

    /// Needles of less than six bytes are left out.
    init(_ needles: some Sequence<String>) {
        for needle in Set(needles) where needle.utf8.count >= Self.prefix {
            let bytes = Array(needle.utf8)
            let key = bytes[0..<Self.prefix].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            byPrefix[key, default: []].append(bytes)
            filter[Self.place(key)] = true
        }
    }

    @inline(__always)
    private static func place(_ key: UInt64) -> Int { Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> UInt64(64 - filterBits)) }

    func found(in data: Data) -> Set<String> {
        var found: Set<String> = []
        data.withUnsafeBytes { bytes in each(in: bytes) { needle, _ in found.insert(needle) } }
        return found
    }

    /// Tells of every place a needle is found at.
    func each(in bytes: UnsafeRawBufferPointer, _ body: (_ needle: String, _ offset: Int) -> Void) {
        guard bytes.count >= Self.prefix else { return }
        filter.withUnsafeBufferPointer { filter in
            var window: UInt64 = 0
            var end = 0
            while end < bytes.count {
                window = (window << 8 | UInt64(bytes[end])) & 0xFFFF_FFFF_FFFF
                end &+= 1
                if !filter[Self.place(window)] { continue }
                let start = end - Self.prefix
                guard start >= 0, let candidates = byPrefix[window] else { continue }
                for needle in candidates where bytes[start...].starts(with: needle) {
                    body(String(decoding: needle, as: UTF8.self), start)
                }
            }
        }
    }
}
