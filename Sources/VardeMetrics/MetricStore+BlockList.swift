import Synchronization

/// What is told of a block: range in ms, both ends inclusive, and counts.
package struct BlockSummary: Sendable {
    /// 26 characters in Crockford's base 32: 48 bits of the block's first time, 80 of its number.
    package var ulid: String
    package var first: Int64
    package var last: Int64
    package var samples: Int
    package var series: Int
    package var level: Int
}

extension MetricStore {
    /// The blocks, the oldest first.
    package var blockSummaries: [BlockSummary] {
        state.withLock { $0.blocks }.sorted { ($0.first, $0.sequence) < ($1.first, $1.sequence) }.map { block in
            BlockSummary(
                ulid: Self.ulid(time: block.first, number: block.sequence), first: block.first, last: block.last, samples: block.samples,
                series: block.seriesCount, level: block.level)
        }
    }

    private static func ulid(time: Int64, number: UInt64) -> String {
        let digits = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
        var out: [UInt8] = []
        for shift in stride(from: 45, through: 0, by: -5) {
            out.append(digits[Int(UInt64(max(time, 0)) >> UInt64(shift) & 31)])
        }
        for shift in stride(from: 75, through: 0, by: -5) { out.append(digits[Int(shift > 60 ? 0 : number >> UInt64(shift) & 31)]) }
        return String(decoding: out, as: UTF8.self)
    }
}
