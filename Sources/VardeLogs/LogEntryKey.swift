import VardeKernels
import VardeModel

/// What makes an entry of a stream the same as another: time, line and metadata, by a keyed hash of 128 bits.
struct LogEntryKey: Hashable, Sendable {
    var timestamp: Int64
    var content: KeyedHash.Value
}

/// Hashes entries of one set of columns.
struct LogEntryHasher {
    private let hash: KeyedHash
    private var sets: [KeyedHash.Value?]

    init(_ hash: KeyedHash, _ columns: LogColumns) {
        self.hash = hash
        sets = Array(repeating: nil, count: columns.metadataSets.count)
    }

    mutating func key(_ index: Int, of columns: LogColumns) -> LogEntryKey {
        var content = hash(columns.lineBytes.span.extracting(columns.lineRange(index)))
        let set = columns.metadataIndices.isEmpty ? 0 : Int(columns.metadataIndices[index])
        if set != 0 {
            let metadata = sets[set] ?? self.hash(of: columns.metadataSets[set])
            sets[set] = metadata
            content.low = content.low &* 0x9E37_79B9_7F4A_7C15 &+ metadata.low
            content.high = content.high &* 0xC2B2_AE3D_27D4_EB4F &+ metadata.high
        }
        return LogEntryKey(timestamp: columns.timestamps[index], content: content)
    }

    private func hash(of labels: Labels) -> KeyedHash.Value {
        var bytes: [UInt8] = []
        LogBytes.append(labels: labels, to: &bytes)
        return hash(bytes.span)
    }
}
