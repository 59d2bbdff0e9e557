import VardeModel

/// What of one block is deleted: spans of time, each with the numbers of the series it was deleted of.
///
/// A block never changes, so a number stands for the same series for as long as the block lives. Reads leave out what is covered;
/// rewriting the block, alone or merged with others, leaves it out for good.
struct BlockTombstones: Sendable, Equatable {
    /// Milliseconds, both ends inclusive; series ascending.
    struct Span: Sendable, Equatable {
        var from: Int64
        var through: Int64
        var series: [UInt32]
    }

    /// Spans beyond this many are worth a rewriting of the block.
    static let maxSpans = 256

    private(set) var spans: [Span] = []

    var isEmpty: Bool { spans.isEmpty }

    /// Adds a deletion; what an older one covers within the same or a narrower time need not be known twice.
    mutating func add(_ span: Span) {
        guard !span.series.isEmpty, span.from <= span.through else { return }
        for index in spans.indices where spans[index].from >= span.from && spans[index].through <= span.through {
            spans[index].series = PostingSets.subtracting(spans[index].series, span.series)
        }
        spans.removeAll { $0.series.isEmpty }
        spans.append(span)
    }

    /// Spans a series was deleted in.
    func spans(of series: UInt32) -> [(from: Int64, through: Int64)] {
        spans.compactMap { Self.contains($0.series, series) ? ($0.from, $0.through) : nil }
    }

    /// Takes the deleted samples of a series out of those behind the first `start`.
    func remove(from columns: inout SampleColumns, behind start: Int, of series: UInt32) {
        if columns.count == start { return }
        let spans = spans(of: series)
        if spans.isEmpty { return }
        var kept = start
        for index in start..<columns.count {
            let time = columns.timestamps[index]
            if spans.contains(where: { $0.from <= time && time <= $0.through }) { continue }
            if kept < index { columns.move(index, to: kept) }
            kept += 1
        }
        columns.truncate(to: kept)
    }

    /// Whether a series still has one of these times, ascending.
    func leaves(anyOf times: ArraySlice<Int64>, of series: UInt32) -> Bool {
        let spans = spans(of: series)
        if spans.isEmpty { return !times.isEmpty }
        return times.contains { time in !spans.contains { $0.from <= time && time <= $0.through } }
    }

    private static func contains(_ series: [UInt32], _ number: UInt32) -> Bool {
        var low = 0
        var high = series.count
        while low < high {
            let middle = (low + high) / 2
            if series[middle] < number { low = middle + 1 } else { high = middle }
        }
        return low < series.count && series[low] == number
    }
}

extension SampleColumns {
    /// Puts a sample in the place of an earlier one.
    fileprivate mutating func move(_ index: Int, to other: Int) {
        timestamps[other] = timestamps[index]
        values[other] = values[index]
        if !histograms.isEmpty { histograms[other] = histograms[index] }
        if !startTimestamps.isEmpty { startTimestamps[other] = startTimestamps[index] }
    }
}
