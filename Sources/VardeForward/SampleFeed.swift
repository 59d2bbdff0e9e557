import Synchronization
import VardeCompression
package import VardeDisk
import VardeKernels
package import VardeMetrics
package import VardeModel
package import VardeWire

/// Samples of the metrics store as remote write sends them.
package final class SampleFeed: ForwardFeed, @unchecked Sendable {  // Its state is touched by its forwarder alone, a call at a time.
    package typealias Batch = RawSampleBatch

    private let store: MetricStore
    private let endpoint: RemoteWriteEndpoint
    private let clock: @Sendable () -> Int64
    private let metadata: Mutex<[String: RemoteWrite.Metadata]>
    private var tail: SampleTail
    private var samples = LoggedSamples()
    private var readBefore = 0
    /// Counts of tails that are no more, and what is dropped here.
    private var counted = ForwardStatistics()

    /// Goes on at a cursor of the store's log.
    package init(_ store: MetricStore, _ endpoint: RemoteWriteEndpoint, from cursor: LogCursor, clock: @escaping @Sendable () -> Int64) {
        self.store = store
        self.endpoint = endpoint
        self.clock = clock
        metadata = Mutex([:])
        tail = Self.tail(store, endpoint, cursor)
    }

    private static func tail(_ store: MetricStore, _ endpoint: RemoteWriteEndpoint, _ cursor: LogCursor) -> SampleTail {
        SampleTail(store, from: cursor, exemplars: endpoint.sendsExemplars) { labels in
            endpoint.labels(labels).map { RemoteWrite.labelBytes($0) }
        }
    }

    /// What requests of 2.0 say of metric families from here on.
    package func use(_ families: [RemoteWrite.Metadata]) {
        let byName = Dictionary(families.map { ($0.family, $0) }) { first, _ in first }
        metadata.withLock { $0 = byName }
    }

    package func restart(at cursor: LogCursor) {
        note(tail, in: &counted)
        readBefore += tail.bytesRead
        tail = Self.tail(store, endpoint, cursor)
        samples.removeAll()
    }

    package func read(most: Int, through end: LogCursor?) throws -> Bool {
        try tail.read(into: &samples, most: most, through: end)
    }

    package var count: Int { samples.count + samples.exemplars.count }
    package var cursor: LogCursor { tail.cursor }
    package var bytesRead: Int { readBefore + tail.bytesRead }
    package func bytesLeft() throws -> Int { try tail.bytesLeft() }
    package func removeAll() { samples.removeAll() }

    package func add(to statistics: inout ForwardStatistics) {
        var own = counted
        note(tail, in: &own)
        statistics.missingSegments = own.missingSegments
        for (reason, count) in own.dropped { statistics.dropped[reason] = count }
    }

    private func note(_ tail: SampleTail, in statistics: inout ForwardStatistics) {
        statistics.missingSegments += tail.missingSegments
        if tail.unwantedSamples > 0 { statistics.dropped["relabelled", default: 0] += tail.unwantedSamples }
        if tail.lostSamples > 0 { statistics.dropped["undecodable", default: 0] += tail.lostSamples }
    }

    // MARK: Batches

    package func batches(shards: Int, most: Int) -> [[RawSampleBatch]] {
        var kinds = [Bool](repeating: false, count: samples.count)
        for (index, _) in samples.histograms { kinds[index] = true }
        let oldest = endpoint.queue.ageLimit > 0 ? clock() - endpoint.queue.ageLimit : .min
        var chosen = [[Int]](repeating: [], count: shards)
        for index in 0..<samples.count {
            if kinds[index], !endpoint.sendsHistograms {
                counted.dropped["native_histogram", default: 0] += 1
            } else if samples.timestamps[index] < oldest {
                counted.dropped["too_old", default: 0] += 1
            } else {
                chosen[Int(samples.series[index]) % shards].append(index)
            }
        }
        let histograms = Dictionary(uniqueKeysWithValues: samples.histograms.map { ($0.index, $0.histogram) })
        var exemplars = [[(series: UInt32, exemplar: Exemplar)]](repeating: [], count: shards)
        for one in samples.exemplars where one.exemplar.timestamp >= oldest { exemplars[Int(one.series) % shards].append(one) }
        return zip(chosen, exemplars).map { indices, exemplars in
            if indices.isEmpty, !exemplars.isEmpty { return [batch([], histograms, exemplars)] }
            return stride(from: 0, to: indices.count, by: most).map { start in
                let end = min(start + most, indices.count)
                // Behind the samples of the same series, as they were taken in.
                return batch(Array(indices[start..<end]), histograms, end == indices.count ? exemplars : [])
            }
        }
    }

    /// Samples by series, those of each by time; of several with one time the last, as the store has it. Exemplars stand with their series.
    private func batch(
        _ indices: [Int], _ histograms: [Int: NativeHistogram], _ exemplars: [(series: UInt32, exemplar: Exemplar)]
    ) -> RawSampleBatch {
        let sorted = indices.sorted { a, b in
            (samples.series[a], samples.timestamps[a], a) < (samples.series[b], samples.timestamps[b], b)
        }
        var batch = RawSampleBatch()
        var waiting = exemplars.sorted { a, b in (a.series, a.exemplar.timestamp) < (b.series, b.exemplar.timestamp) }[...]
        func begin(_ series: UInt32) {
            batch.labelStarts.append(UInt32(batch.bytes.count))
            batch.bytes += tail.text(of: series)
            batch.labelEnds.append(UInt32(batch.bytes.count))
            while let next = waiting.first, next.series == series {
                batch.exemplars.append((batch.seriesCount - 1, next.exemplar))
                waiting.removeFirst()
            }
        }
        /// Series before this one of which there are exemplars alone.
        func beginThose(before series: UInt32) {
            while let next = waiting.first, next.series < series {
                begin(next.series)
                batch.sampleEnds.append(UInt32(batch.sampleCount))
            }
        }
        for (position, index) in sorted.enumerated() {
            let next = position + 1 < sorted.count ? sorted[position + 1] : nil
            let isSameSeries = next.map { samples.series[$0] == samples.series[index] } ?? false
            if isSameSeries, let next, samples.timestamps[next] == samples.timestamps[index] { continue }
            if batch.labelEnds.count == batch.sampleEnds.count {
                beginThose(before: samples.series[index])
                begin(samples.series[index])
            }
            if let histogram = histograms[index] { batch.histograms.append((batch.sampleCount, histogram)) }
            batch.timestamps.append(samples.timestamps[index])
            batch.values.append(samples.values[index])
            if !isSameSeries { batch.sampleEnds.append(UInt32(batch.sampleCount)) }
        }
        beginThose(before: .max)
        return batch
    }

    package func exemplarCount(of batch: RawSampleBatch) -> Int { batch.exemplars.count }
    package func count(of batch: RawSampleBatch) -> Int { batch.sampleCount }
    package func newest(of batch: RawSampleBatch) -> Int64 { batch.timestamps.max() ?? 0 }

    package func body(of batch: RawSampleBatch, _ form: ForwardForm) -> ForwardBody {
        switch form {
        case .older: Self.body(RemoteWrite.request(batch), .first)
        case .newer: Self.body(RemoteWriteSymbols.encode(batch, metadata: metadata.withLock { $0 }), .symbols)
        }
    }

    /// A request of remote write, compressed, with its headers.
    static func body(_ plain: [UInt8], _ message: RemoteWriteEndpoint.Message) -> ForwardBody {
        var bytes: [UInt8] = []
        Snappy.compress(plain.span, into: &bytes)
        let isFirst = message == .first
        return ForwardBody(
            bytes: bytes,
            headers: [
                ("Content-Type", isFirst ? "application/x-protobuf" : "application/x-protobuf;proto=\(message.rawValue)"),
                ("Content-Encoding", "snappy"), ("X-Prometheus-Remote-Write-Version", isFirst ? "0.1.0" : "2.0.0"),
            ], form: isFirst ? .older : .newer)
    }

    package func halves(of batch: RawSampleBatch) -> (RawSampleBatch, RawSampleBatch)? {
        if batch.seriesCount > 1 {
            let middle = batch.seriesCount / 2
            return (batch.picking(0..<middle), batch.picking(middle..<batch.seriesCount))
        }
        guard batch.sampleCount > 1 else { return nil }
        let middle = batch.sampleCount / 2
        return (batch.pickingSamples(0..<middle), batch.pickingSamples(middle..<batch.sampleCount))
    }
}

extension RawSampleBatch {
    /// Some of the series with their samples and exemplars.
    func picking(_ series: Range<Int>) -> RawSampleBatch {
        var part = RawSampleBatch()
        let first = series.lowerBound == 0 ? 0 : Int(sampleEnds[series.lowerBound - 1])
        let end = Int(sampleEnds[series.upperBound - 1])
        for index in series {
            part.labelStarts.append(UInt32(part.bytes.count))
            part.bytes += bytes[Int(labelStarts[index])..<Int(labelEnds[index])]
            part.labelEnds.append(UInt32(part.bytes.count))
            part.sampleEnds.append(sampleEnds[index] - UInt32(first))
        }
        part.exemplars = exemplars.filter { series.contains($0.series) }.map { ($0.series - series.lowerBound, $0.exemplar) }
        part.timestamps = Array(timestamps[first..<end])
        part.values = Array(values[first..<end])
        part.histograms = histograms.filter { $0.index >= first && $0.index < end }.map { ($0.index - first, $0.histogram) }
        return part
    }

    /// Some of the samples of a batch with one series.
    func pickingSamples(_ range: Range<Int>) -> RawSampleBatch {
        var part = self
        part.sampleEnds = [UInt32(range.count)]
        if range.lowerBound > 0 { part.exemplars = [] }
        part.timestamps = Array(timestamps[range])
        part.values = Array(values[range])
        part.histograms = histograms.filter { range.contains($0.index) }.map { ($0.index - range.lowerBound, $0.histogram) }
        return part
    }
}
