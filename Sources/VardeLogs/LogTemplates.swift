import VardeCompression
import VardeKernels
import VardeModel

/// A block's lines as templates with their variables in columns (`LineTemplates`).
///
///     lines = words size(u32) stored(u32) words numbers        words compressed by zstd where stored is less than their size
enum LogTemplates {
    private static let headerSize = 8

    /// The lines of columns; nil where templates do not pay.
    static func encode(_ columns: LogColumns, _ compression: LogCompression) -> (LogEncoding, [UInt8])? {
        var words: [UInt8] = []
        var numbers: [UInt8] = []
        guard LineTemplates.encode(columns.lineBytes.span, lineEnds: columns.lineEnds.span, words: &words, numbers: &numbers) else {
            return nil
        }
        let (_, stored) = LogBlock.compressed(words, LogCompression(encoding: .zstd, level: compression.level))
        var bytes: [UInt8] = []
        bytes.reserveCapacity(headerSize + stored.count + numbers.count)
        Bytes.append32(UInt32(words.count), to: &bytes)
        Bytes.append32(UInt32(stored.count), to: &bytes)
        bytes.append(contentsOf: stored)
        bytes.append(contentsOf: numbers)
        return bytes.count < columns.lineBytes.count / 2 ? (.templates, bytes) : nil
    }

    /// Adds lines to columns that have their head; entries whose lines are left out go.
    static func decode(
        _ bytes: Span<UInt8>, _ info: LogBlockInfo, _ needles: LineNeedles, into columns: inout LogColumns
    ) throws(LogStoreError) {
        let malformed = LogStoreError.damaged("a block's templates make no sense")
        guard bytes.count >= headerSize else { throw malformed }
        let size = Int(Bytes.load32(bytes, at: 0))
        let stored = Int(Bytes.load32(bytes, at: 4))
        guard stored <= bytes.count - headerSize, stored <= size, size <= max(info.linesRawSize, 4096) * 2 else { throw malformed }
        let words = bytes.extracting(headerSize..<(headerSize + stored))
        let numbers = bytes.extracting((headerSize + stored)..<bytes.count)
        var unpacked: [UInt8] = []
        try LogBlock.decompress(words, stored < size ? .zstd : .raw, size: size, into: &unpacked)
        var ends: [UInt32] = []
        var kept: [UInt32] = []
        let sets = columns.metadataSets
        let own = needles.withoutNumbers { name in sets.contains { $0[name] != nil } }
        let isDone = LineTemplates.decode(
            words: unpacked.span, numbers: numbers, lineCount: columns.count, size: info.linesRawSize,
            needles: own, into: &columns.lineBytes, lineEnds: &ends, kept: &kept)
        guard isDone else { throw malformed }
        if kept.count < columns.count {
            try columns.keep(kept, whose: ends, malformed)
        } else if ends != columns.lineEnds {
            throw malformed
        }
    }
}

extension LogColumns {
    /// Only the entries at these places, whose lines are in `lineBytes` already and end at `ends`.
    fileprivate mutating func keep(_ places: [UInt32], whose ends: [UInt32], _ malformed: LogStoreError) throws(LogStoreError) {
        var before: UInt32 = 0
        for (index, place) in places.enumerated() {
            // What the head says of a line's length holds for each that is left.
            guard ends[index] - before == UInt32(lineRange(Int(place)).count) else { throw malformed }
            before = ends[index]
        }
        for (index, place) in places.enumerated() {
            timestamps[index] = timestamps[Int(place)]
            if !metadataIndices.isEmpty { metadataIndices[index] = metadataIndices[Int(place)] }
        }
        timestamps.removeLast(count - places.count)
        if !metadataIndices.isEmpty { metadataIndices.removeLast(metadataIndices.count - places.count) }
        lineEnds = ends
    }
}
