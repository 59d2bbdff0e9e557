package import VardeModel

/// Series in memory, with counter-reset hints as a store of Prometheus' kind gives them back.
package struct PromQLMemorySource: SeriesSource {
    struct Series: Sendable {
        var labels: Labels
        var samples = SampleColumns()
        /// The last counter histogram of the chunk being filled, nil where the next one begins a chunk.
        var lastHistogram: NativeHistogram?
        /// Whether the last sample marked the end of the series.
        var ended = false
    }

    private(set) var series: [Series] = []
    private var places: [Labels: Int] = [:]

    package init() {}

    package mutating func append(_ labels: Labels, _ time: Int64, _ value: Double, start: Int64 = 0) {
        let place = place(of: labels)
        series[place].samples.append(time, value, startTimestamp: start)
        if value.isStaleMarker, series[place].lastHistogram != nil {
            series[place].ended = true
        } else {
            series[place].lastHistogram = nil
        }
    }

    package mutating func append(_ labels: Labels, _ time: Int64, _ histogram: NativeHistogram, start: Int64 = 0) {
        let place = place(of: labels)
        var stored = histogram
        if histogram.counterResetHint == .gauge {
            series[place].lastHistogram = nil
        } else {
            var plain = histogram
            plain.counterResetHint = .unknown
            stored.counterResetHint = .unknown
            // A reset, the end of a series and another layout begin a chunk, and of a chunk's first histogram nothing is known.
            if histogram.counterResetHint != .reset, !series[place].ended, let last = series[place].lastHistogram {
                let hasSameLayout =
                    last.schema == plain.schema && last.zeroThreshold == plain.zeroThreshold && last.customBounds == plain.customBounds
                if hasSameLayout, plain.count >= last.count, !plain.isReset(after: last) { stored.counterResetHint = .notReset }
            }
            series[place].lastHistogram = plain
        }
        series[place].ended = false
        series[place].samples.append(time, stored, startTimestamp: start)
    }

    private mutating func place(of labels: Labels) -> Int {
        if let place = places[labels] { return place }
        places[labels] = series.count
        series.append(Series(labels: labels))
        return series.count - 1
    }

    private struct Selection: SeriesSelection {
        var series: [Series]
        var count: Int { series.count }
        func labels(at index: Int) -> Labels { series[index].labels }
        func readSamples(at index: Int, from: Int64, through: Int64, into columns: inout SampleColumns) throws {
            let own = series[index].samples
            for i in 0..<own.count where own.timestamps[i] >= from && own.timestamps[i] <= through {
                let start = own.startTimestamps.isEmpty ? 0 : own.startTimestamps[i]
                if !own.histograms.isEmpty, let histogram = own.histograms[i] {
                    columns.append(own.timestamps[i], histogram, startTimestamp: start)
                } else {
                    columns.append(own.timestamps[i], own.values[i], startTimestamp: start)
                }
            }
        }
    }

    package func select(_ request: SeriesRequest) throws -> any SeriesSelection {
        let matchers = try request.matchers.map { try CompiledMatcher($0) }
        return Selection(series: series.filter { own in matchers.allSatisfy { $0.matches(own.labels) } })
    }

    package func labelNames(_ request: SeriesRequest) throws -> [String] {
        let selection = try select(request)
        return Set((0..<selection.count).flatMap { selection.labels(at: $0).map(\.name) }).sorted { $0.utf8Precedes($1) }
    }

    package func labelValues(of name: String, _ request: SeriesRequest) throws -> [String] {
        let selection = try select(request)
        return Set((0..<selection.count).compactMap { selection.labels(at: $0)[name] }).sorted { $0.utf8Precedes($1) }
    }
}
