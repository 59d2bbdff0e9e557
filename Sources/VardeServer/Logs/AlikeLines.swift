import VardeLogs
import VardeModel

/// Lines that differ as they came and no longer do once redacted.
///
/// The store takes lines of one time that are equal for one line sent twice. Two different lines must not become one because what told
/// them apart was personal.
enum AlikeLines {
    private struct Key: Hashable {
        var time: Int64
        var line: ArraySlice<UInt8>
        var metadata: Labels
    }

    /// The redacted write with such lines moved on by a nanosecond each; the same request sent again is moved alike.
    static func apart(_ raw: LogStreamWrite, _ redacted: LogStreamWrite) -> LogStreamWrite {
        let before = raw.entries
        let after = redacted.entries
        guard !before.strictlyAscends, before.lineBytes != after.lineBytes || before.metadataSets != after.metadataSets else {
            return redacted
        }
        var shared: [Int64: Int] = [:]
        for time in before.timestamps { shared[time, default: 0] += 1 }
        var result = redacted
        /// Raw lines seen of each redacted one, with the time they have now.
        var seen: [Key: [(index: Int, time: Int64)]] = [:]
        for index in before.timestamps.indices {
            let time = before.timestamps[index]
            guard shared[time, default: 0] > 1 else { continue }
            let key = key(after, index)
            let known = seen[key] ?? []
            if let same = known.first(where: { Self.key(before, $0.index) == Self.key(before, index) }) {
                result.entries.timestamps[index] = same.time
                continue
            }
            let moved = time + Int64(known.count)
            result.entries.timestamps[index] = moved
            seen[key, default: []].append((index, moved))
        }
        return result
    }

    private static func key(_ columns: LogColumns, _ index: Int) -> Key {
        let set = columns.metadataIndices.isEmpty ? 0 : Int(columns.metadataIndices[index])
        return Key(
            time: columns.timestamps[index], line: columns.lineBytes[columns.lineRange(index)],
            metadata: set < columns.metadataSets.count ? columns.metadataSets[set] : .empty)
    }
}
