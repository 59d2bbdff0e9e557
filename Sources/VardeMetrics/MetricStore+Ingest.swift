import Synchronization
import VardeDisk
import VardeKernels
package import VardeModel

extension MetricStore: SampleSink {
    /// Refs hold the generation of the series' numbering in their upper half.
    private static func ref(_ series: UInt32, _ generation: UInt32) -> SeriesRef {
        SeriesRef(id: UInt64(generation) << 32 | UInt64(series))
    }

    package func resolve(_ labels: Labels) throws(IngestError) -> SeriesRef {
        try check(labels)
        let identity = SeriesIdentity(labels)
        let result: Result<SeriesRef, IngestError> = state.withLock { state in
            do throws(IngestError) {
                let series = try series(labels, identity, &state)
                return .success(Self.ref(series, state.generation))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Holds labels against the limits of size.
    private func check(_ labels: Labels) throws(IngestError) {
        if labels.count > options.maxLabels {
            throw refused("\(labels.count) labels, more than limits.labels_per_series (\(options.maxLabels)), in \(labels)")
        }
        for label in labels {
            if label.name.isEmpty { throw .invalidLabels("a label with an empty name in \(labels)") }
            if label.name.utf8.count > options.maxNameBytes {
                throw refused(
                    "the label name \(label.name.prefix(60))… is longer than limits.label_name_size (\(options.maxNameBytes) bytes)")
            }
            if label.value.utf8.count > options.maxValueBytes {
                throw refused("the value of label \(label.name) is longer than limits.label_value_size (\(options.maxValueBytes) bytes)")
            }
        }
    }

    private func refused(_ text: String) -> IngestError {
        state.withLock { $0.statistics.refusedSeries += 1 }
        return .limit(text)
    }

    /// Number of a series, added where it is new and the limits allow it. Under the lock.
    private func series(_ labels: Labels, _ identity: SeriesIdentity, _ state: inout State) throws(IngestError) -> UInt32 {
        if let known = state.table.find(identity) { return known }
        if state.table.count >= options.maxSeries {
            state.statistics.refusedSeries += 1
            throw .limit("\(state.table.count) series are active, limits.series is \(options.maxSeries): \(labels) is not taken")
        }
        let name = labels.name
        if state.table.count(ofMetric: name) >= options.maxSeriesPerName {
            state.statistics.refusedSeries += 1
            throw .limit("\(name) has \(options.maxSeriesPerName) series, as many as limits.series_per_name allows: \(labels) is not taken")
        }
        return state.addSeries(labels, identity)
    }

    package func append(_ batch: SampleBatch) async throws(IngestError) -> AppendReport {
        var report = AppendReport()
        let bounds = bounds()
        let result: Result<WriteAheadLog.Position?, DiskError> = state.withLock { state in
            var writer = RecordWriter()
            var nextHistogram = 0
            for index in 0..<batch.count {
                var histogram: NativeHistogram?
                if nextHistogram < batch.histograms.count, batch.histograms[nextHistogram].index == index {
                    histogram = batch.histograms[nextHistogram].histogram
                    nextHistogram += 1
                }
                let series = UInt32(truncatingIfNeeded: batch.refs[index].id)
                guard UInt32(truncatingIfNeeded: batch.refs[index].id >> 32) == state.generation, Int(series) < state.table.count else {
                    report.staleRefs.append(index)
                    continue
                }
                do throws(DiskError) {
                    try put(series, batch.timestamps[index], batch.values[index], histogram, bounds, &state, &writer, &report)
                } catch {
                    return .failure(error)
                }
            }
            return finish(&writer, &state, report)
        }
        try await acknowledge(result)
        return report
    }

    /// Takes a batch as a sender encoded it. `decodeLabels` is asked for each series whose bytes are new; what it refuses is left out.
    ///
    /// - Returns: the report, and for series that were refused one error each, up to ten.
    package func ingest(
        _ batch: RawSampleBatch, decodeLabels: (Span<UInt8>) throws(IngestError) -> Labels
    ) async throws(IngestError) -> (report: AppendReport, refused: Int, errors: [IngestError]) {
        var report = AppendReport()
        var errors: [IngestError] = []
        var refusedCount = 0
        // Hashing needs no lock.
        var keys: [KeyedHash.Value] = []
        keys.reserveCapacity(batch.seriesCount)
        let bytes = batch.bytes.span
        for index in 0..<batch.seriesCount {
            keys.append(bytesHash(bytes.extracting(Int(batch.labelStarts[index])..<Int(batch.labelEnds[index]))))
        }
        var refs = [UInt32](repeating: .max, count: batch.seriesCount)
        var generation = state.withLock { state -> UInt32 in
            for index in refs.indices { refs[index] = state.refOfBytes[keys[index]] ?? .max }
            return state.generation
        }
        // New series are decoded, redacted and checked outside the lock, then added under it.
        for index in refs.indices where refs[index] == .max {
            do throws(IngestError) {
                let labels = try decodeLabels(bytes.extracting(Int(batch.labelStarts[index])..<Int(batch.labelEnds[index])))
                let ref = try resolve(labels)
                let current = UInt32(truncatingIfNeeded: ref.id >> 32)
                if current != generation {
                    // Renumbered in between: everything looked up so far is void.
                    return try await ingest(batch, decodeLabels: decodeLabels)
                }
                refs[index] = UInt32(truncatingIfNeeded: ref.id)
                let series = refs[index]
                state.withLock { if $0.generation == current { $0.refOfBytes[keys[index]] = series } }
            } catch {
                let start = index == 0 ? 0 : Int(batch.sampleEnds[index - 1])
                refusedCount += Int(batch.sampleEnds[index]) - start
                if errors.count < 10 { errors.append(error) }
            }
        }
        let bounds = bounds()
        let result: Result<WriteAheadLog.Position?, DiskError>? = state.withLock { state in
            if state.generation != generation { return nil }
            var writer = RecordWriter()
            var nextHistogram = 0
            var sample = 0
            for index in refs.indices {
                let end = Int(batch.sampleEnds[index])
                let series = refs[index]
                if series == .max {
                    while nextHistogram < batch.histograms.count, batch.histograms[nextHistogram].index < end { nextHistogram += 1 }
                    sample = end
                    continue
                }
                while sample < end {
                    var histogram: NativeHistogram?
                    if nextHistogram < batch.histograms.count, batch.histograms[nextHistogram].index == sample {
                        histogram = batch.histograms[nextHistogram].histogram
                        nextHistogram += 1
                    }
                    do throws(DiskError) {
                        try put(series, batch.timestamps[sample], batch.values[sample], histogram, bounds, &state, &writer, &report)
                    } catch {
                        return .failure(error)
                    }
                    sample += 1
                }
            }
            return finish(&writer, &state, report)
        }
        guard let result else {
            generation = 0
            return try await ingest(batch, decodeLabels: decodeLabels)
        }
        try await acknowledge(result)
        return (report, refusedCount, errors)
    }

    /// Oldest and newest time taken now.
    private func bounds() -> ClosedRange<Int64> {
        let now = clock()
        return (now - options.retention)...(now + options.maxFuture)
    }

    /// A record of samples in the making.
    private struct RecordWriter {
        var count = 0
        var bytes: [UInt8] = []
        var number: Int64 = 0
        var time: Int64 = 0

        @inline(__always)
        mutating func begin(_ series: UInt32, _ timestamp: Int64) {
            count += 1
            Varint.append(Varint.zigzag(Int64(series) &- number), to: &bytes)
            Varint.append(Varint.zigzag(timestamp &- time), to: &bytes)
            number = Int64(series)
            time = timestamp
        }
    }

    /// One sample to the log's record and the head. Under the lock.
    @inline(__always)
    private func put(
        _ series: UInt32, _ timestamp: Int64, _ value: Double, _ histogram: NativeHistogram?, _ bounds: ClosedRange<Int64>,
        _ state: inout State,
        _ writer: inout RecordWriter, _ report: inout AppendReport
    ) throws(DiskError) {
        if timestamp < bounds.lowerBound || timestamp > bounds.upperBound {
            report.outOfBounds += 1
            return
        }
        let slot = Int(series)
        let bits = value.bitPattern
        let newest = state.newestTimes[slot]
        if timestamp <= newest {
            if timestamp == newest, histogram == nil {
                if bits == state.newestBits[slot] {
                    report.duplicates += 1
                    return
                }
                report.overwritten += 1
            } else {
                report.outOfOrder += 1
            }
        }
        if state.logEpochs[slot] != state.epoch {
            let record = MetricLogRecord.encodeSeries(series, state.table.labels(series))
            _ = try log.appendBuffered(kind: MetricLogRecord.series, record.span)
            state.logEpochs[slot] = state.epoch
            state.loggedBits[slot] = 0
        }
        writer.begin(series, timestamp)
        if let histogram {
            var encoded: [UInt8] = []
            HistogramColumn.encode(histogram, to: &encoded)
            writer.bytes.append(0xff)
            Varint.append(UInt64(encoded.count), to: &writer.bytes)
            writer.bytes += encoded
            state.samples.append(series: series, timestamp, histogram)
        } else {
            MetricLogRecord.appendValue(bits, last: state.loggedBits[slot], to: &writer.bytes)
            state.loggedBits[slot] = bits
            state.samples.append(series: series, timestamp, value)
        }
        if timestamp >= newest {
            state.newestTimes[slot] = timestamp
            state.newestBits[slot] = bits
        }
        report.accepted += 1
    }

    /// Hands the record to the log. Under the lock.
    private func finish(
        _ writer: inout RecordWriter, _ state: inout State, _ report: AppendReport
    ) -> Result<WriteAheadLog.Position?, DiskError> {
        state.statistics.accepted += UInt64(report.accepted)
        state.statistics.duplicates += UInt64(report.duplicates)
        state.statistics.overwritten += UInt64(report.overwritten)
        state.statistics.outOfOrder += UInt64(report.outOfOrder)
        state.statistics.outOfBounds += UInt64(report.outOfBounds)
        // A duplicate is as durable as the sample it repeats, which may still be on its way.
        if writer.count == 0 { return .success(report.duplicates > 0 ? log.end : nil) }
        if state.headSince == nil { state.headSince = clock() }
        var record: [UInt8] = []
        record.reserveCapacity(writer.bytes.count + 10)
        Varint.append(UInt64(writer.count), to: &record)
        record += writer.bytes
        do throws(DiskError) {
            return .success(try log.appendBuffered(kind: MetricLogRecord.samples, record.span))
        } catch {
            return .failure(error)
        }
    }

    private func acknowledge(_ result: Result<WriteAheadLog.Position?, DiskError>) async throws(IngestError) {
        do throws(DiskError) {
            if let position = try result.get() { try await log.sync(through: position) }
        } catch {
            throw .unavailable("the write-ahead log: \(error)")
        }
    }
}
