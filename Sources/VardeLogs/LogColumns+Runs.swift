import VardeKernels
package import VardeModel

extension LogColumns {
    /// Whether times never go back.
    var ascends: Bool {
        for i in timestamps.indices.dropFirst() where timestamps[i] < timestamps[i - 1] { return false }
        return true
    }

    /// Whether each time is later than the one before.
    package var strictlyAscends: Bool {
        for i in timestamps.indices.dropFirst() where timestamps[i] <= timestamps[i - 1] { return false }
        return true
    }

    /// Bytes this takes in memory, roughly.
    var footprint: Int {
        timestamps.capacity * 8 + lineBytes.capacity + lineEnds.capacity * 4 + metadataIndices.capacity * 4 + metadataSets.count * 200
    }

    /// Appends entries `range` of another in their order. Complexity: O(bytes), at memory speed where neither has metadata.
    package mutating func append(_ other: LogColumns, _ range: Range<Int>) {
        guard !range.isEmpty else { return }
        let first = other.lineRange(range.lowerBound).lowerBound
        let last = other.lineRange(range.upperBound - 1).upperBound
        precondition(lineBytes.count + last - first <= Int(UInt32.max), "a page's lines exceed 4 GiB")
        let shift = UInt32(truncatingIfNeeded: lineBytes.count - first)
        let before = timestamps.count
        timestamps.append(contentsOf: other.timestamps[range])
        Bytes.append(other.lineBytes.span.extracting(first..<last), to: &lineBytes)
        // Modulo 2^32: a sum that wraps is the right one, as ends fit.
        for i in range { lineEnds.append(other.lineEnds[i] &+ shift) }
        if other.metadataIndices.isEmpty {
            if !metadataIndices.isEmpty { metadataIndices.append(contentsOf: repeatElement(0, count: range.count)) }
            return
        }
        if metadataIndices.isEmpty { metadataIndices = Array(repeating: 0, count: before) }
        if metadataSets.isEmpty { metadataSets.append(.empty) }
        var known: [UInt32?] = Array(repeating: nil, count: other.metadataSets.count)
        for i in range {
            let old = Int(other.metadataIndices[i])
            let new = known[old] ?? metadataIndexQuickly(for: other.metadataSets[old])
            known[old] = new
            metadataIndices.append(new)
        }
    }

    /// As `metadataIndex`, but with many sets a set may be kept twice: looking through all of them for each would be quadratic.
    private mutating func metadataIndexQuickly(for set: Labels) -> UInt32 {
        if set.isEmpty || metadataSets.count <= 64 { return metadataIndex(for: set) }
        metadataSets.append(set)
        return UInt32(metadataSets.count - 1)
    }

    /// The entries in order of time; those of one time stay in the order they came in.
    func sortedByTime() -> LogColumns {
        if ascends { return self }
        return picking(timestamps.indices.sorted { (timestamps[$0], $0) < (timestamps[$1], $1) })
    }

    /// The entries at these places, in this order; metadata sets are taken over as they are.
    package func picking(_ indices: [Int]) -> LogColumns {
        var picked = LogColumns()
        picked.timestamps.reserveCapacity(indices.count)
        picked.lineEnds.reserveCapacity(indices.count)
        picked.lineBytes.reserveCapacity(lineBytes.count)
        let all = lineBytes.span
        for i in indices {
            picked.timestamps.append(timestamps[i])
            Bytes.append(all.extracting(lineRange(i)), to: &picked.lineBytes)
            picked.lineEnds.append(UInt32(picked.lineBytes.count))
        }
        if !metadataIndices.isEmpty {
            picked.metadataIndices = indices.map { metadataIndices[$0] }
            picked.metadataSets = metadataSets
        }
        return picked
    }

    /// Entries whose times lie in one UTC day each, in order of day; `self` ascends.
    func daySlices() -> [(day: Int64, range: Range<Int>)] {
        var slices: [(day: Int64, range: Range<Int>)] = []
        var start = 0
        while start < count {
            let day = LogDay.number(of: timestamps[start])
            var low = start + 1
            var high = count
            // The first entry of a later day, by halving.
            while low < high {
                let middle = (low + high) / 2
                if LogDay.number(of: timestamps[middle]) == day { low = middle + 1 } else { high = middle }
            }
            slices.append((day, start..<low))
            start = low
        }
        return slices
    }
}

/// UTC days, by which segments are kept apart.
enum LogDay {
    static let length: Int64 = 86_400_000_000_000

    /// Days since the epoch.
    static func number(of timestamp: Int64) -> Int64 {
        timestamp >= 0 ? timestamp / length : (timestamp &+ 1) / length - 1
    }
}

extension LogColumns {
    /// The same entries with only the metadata sets they have, so that nothing of dropped entries remains.
    func withoutUnusedMetadata() -> LogColumns {
        guard !metadataIndices.isEmpty else { return self }
        var copy = self
        copy.metadataIndices = []
        copy.metadataSets = []
        var places: [UInt32: UInt32] = [0: 0]
        copy.metadataSets.append(.empty)
        for index in metadataIndices {
            if places[index] == nil {
                places[index] = UInt32(copy.metadataSets.count)
                copy.metadataSets.append(metadataSets[Int(index)])
            }
            copy.metadataIndices.append(places[index] ?? 0)
        }
        return copy
    }
}
