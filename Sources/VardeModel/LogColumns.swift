/// Log entries as columns, lines as bytes end to end. Reused from page to page without allocating.
package struct LogColumns: Sendable {
    /// Nanoseconds since the epoch, one an entry.
    package var timestamps: [Int64] = []
    /// Lines end to end, UTF-8.
    package var lineBytes: [UInt8] = []
    /// Where each line ends in `lineBytes`; a line begins where the one before ends.
    package var lineEnds: [UInt32] = []
    /// Which entry of `metadataSets` an entry has; empty where none has any.
    package var metadataIndices: [UInt32] = []
    /// Distinct structured-metadata sets; index 0 is always the empty set where `metadataIndices` is not empty.
    package var metadataSets: [Labels] = []

    package init() {}

    package var count: Int { timestamps.count }

    /// Byte range of one line in `lineBytes`.
    package func lineRange(_ index: Int) -> Range<Int> {
        Int(index == 0 ? 0 : lineEnds[index - 1])..<Int(lineEnds[index])
    }

    /// Structured metadata of one entry.
    package func metadata(_ index: Int) -> Labels {
        metadataIndices.isEmpty ? .empty : metadataSets[Int(metadataIndices[index])]
    }

    /// Appends an entry; `metadata` must be a set added before, 0 for none.
    package mutating func append(_ timestamp: Int64, line: Span<UInt8>, metadataIndex: UInt32 = 0) {
        // Room is made by doubling: asked for what a line needs, the array would take just that, and move with every line.
        let needed = lineBytes.count + line.count
        if needed > lineBytes.capacity { lineBytes.reserveCapacity(max(needed, 2 * lineBytes.capacity)) }
        lineBytes.append(addingCapacity: line.count) { output in
            for i in line.indices { output.append(line[i]) }
        }
        endLine(timestamp, metadataIndex: metadataIndex)
    }

    /// Makes an entry of what was appended to `lineBytes` since the last.
    package mutating func endLine(_ timestamp: Int64, metadataIndex: UInt32) {
        timestamps.append(timestamp)
        lineEnds.append(UInt32(lineBytes.count))
        if metadataIndices.isEmpty {
            if metadataIndex == 0 { return }
            metadataIndices = Array(repeating: 0, count: timestamps.count - 1)
        }
        metadataIndices.append(metadataIndex)
    }

    /// Index for a metadata set, added where it is new. Complexity: O(1) for the empty set and the one used last, else O(sets).
    package mutating func metadataIndex(for set: Labels) -> UInt32 {
        if set.isEmpty { return 0 }
        if metadataSets.isEmpty { metadataSets.append(.empty) }
        if let last = metadataSets.last, last == set { return UInt32(metadataSets.count - 1) }
        if let found = metadataSets.firstIndex(of: set) { return UInt32(found) }
        metadataSets.append(set)
        return UInt32(metadataSets.count - 1)
    }

    package mutating func removeAll() {
        timestamps.removeAll(keepingCapacity: true)
        lineBytes.removeAll(keepingCapacity: true)
        lineEnds.removeAll(keepingCapacity: true)
        metadataIndices.removeAll(keepingCapacity: true)
        metadataSets.removeAll(keepingCapacity: true)
    }
}
