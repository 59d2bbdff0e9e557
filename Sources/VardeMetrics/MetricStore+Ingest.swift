import Synchronization
import VardeDisk
import VardeKernels
package import VardeModel

extension MetricStore: SampleSink {
    /// Refs hold the generation of the series' numbering in their upper half.
    private static func ref(_ series: UInt32, _ generation: UInt32) -> SeriesRef {
        SeriesRef(id: UInt64(generation) << 32 | UInt64(series))
    }

    package func resolve(_ all: [Labels], isOwn: Bool) throws(IngestError) -> [SeriesRef] {
        for labels in all { try check(labels) }
        let identities = SeriesIdentity.all(all)
        let result: Result<[SeriesRef], IngestError> = state.withLock { state in
            do throws(IngestError) {
                var refs: [SeriesRef] = []
                refs.reserveCapacity(all.count)
                for index in all.indices {
                    let series = try series(all[index], identities[index], isOwn: isOwn, &state)
                    refs.append(Self.ref(series, state.generation))
                }
                return .success(refs)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Holds labels against the limits of size.
    private func check(_ labels: Labels) throws(IngestError) {
        if labels.count > options.maxLabels {
            throw refused("\(labels.count) labels, more than limits.labels_per_series (\(options.maxLabels)), in \(shown(labels))")
        }
        for label in labels.all {
            if label.name.isEmpty { throw .invalidLabels("a label with an empty name in \(shown(labels))") }
            if label.name.utf8.count > options.maxNameBytes {
                throw refused(
                    "the label name \(label.name.prefix(60))… is longer than limits.label_name_size (\(options.maxNameBytes) bytes)")
            }
            if label.value.utf8.count > options.maxValueBytes {
                throw refused("the value of label \(label.name) is longer than limits.label_value_size (\(options.maxValueBytes) bytes)")
            }
        }
    }

    /// A series as errors name it: what is refused may be long for that very reason.
    private func shown(_ labels: Labels) -> String {
        let text = "\(labels)"
        return text.utf8.count <= 300 ? text : text.prefix(300) + "…"
    }

    private func refused(_ text: String) -> IngestError {
        state.withLock { $0.statistics.refusedSeries += 1 }
        return .limit(text)
    }

    /// Number of a series, added where it is new and the limits allow it. Under the lock.
    private func series(
        _ labels: Labels, _ identity: SeriesIdentity, isOwn: Bool, _ state: inout State
    ) throws(IngestError) -> UInt32 {
        if let known = state.table.find(identity) { return known }
        if isOwn { return state.addSeries(labels, identity) }
        if state.table.count >= options.maxSeries {
            state.statistics.refusedSeries += 1
            state.wantsRoom = true
            throw .full("\(state.table.count) series are active, limits.series is \(options.maxSeries): \(shown(labels)) is not taken")
        }
        let name = labels.name
        if state.table.count(ofMetric: name) >= options.maxSeriesPerName {
            state.statistics.refusedSeries += 1
            throw .limit(
                "\(name) has \(options.maxSeriesPerName) series, as many as limits.series_per_name allows: \(shown(labels)) is not taken")
        }
        return state.addSeries(labels, identity)
    }

    package func append(_ batch: SampleBatch) async throws(IngestError) -> AppendReport {
        var report = AppendReport()
        let bounds = bounds()
        let result: Result<WriteAheadLog.Position?, DiskError> = state.withLock { state in
            var pass = AppendPass(bounds: bounds, state: &state)
            var nextHistogram = 0
            for index in 0..<batch.count {
                let series = UInt32(truncatingIfNeeded: batch.refs[index].id)
                let isHistogram = nextHistogram < batch.histograms.count && batch.histograms[nextHistogram].index == index
                if isHistogram { nextHistogram += 1 }
                guard UInt32(truncatingIfNeeded: batch.refs[index].id >> 32) == state.generation, Int(series) < state.table.count else {
                    pass.report.staleRefs.append(index)
                    continue
                }
                if isHistogram {
                    put(series, batch.timestamps[index], batch.histograms[nextHistogram - 1].histogram, &state, &pass)
                } else {
                    put(series, batch.timestamps[index], batch.values[index], &state, &pass)
                }
            }
            report = pass.report
            return finish(&pass, &state)
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
        var refusedSeries: [Int] = []
        var isFull = false
        // Hashing needs no lock.
        var keys: [KeyedHash.Value] = []
        keys.reserveCapacity(batch.seriesCount)
        let bytes = batch.bytes.span
        for index in 0..<batch.seriesCount {
            keys.append(bytesHash(bytes.extracting(Int(batch.labelStarts[index])..<Int(batch.labelEnds[index]))))
        }
        var refs = [UInt32](repeating: .max, count: batch.seriesCount)
        var generation = state.withLock { state -> UInt32 in
            for index in refs.indices { refs[index] = state.seriesOfBytes.find(keys[index]) }
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
                state.withLock { state in
                    if state.generation == current { state.seriesOfBytes.insert(keys[index], series, seriesCount: state.table.count) }
                }
            } catch {
                let start = index == 0 ? 0 : Int(batch.sampleEnds[index - 1])
                refusedCount += Int(batch.sampleEnds[index]) - start
                refusedSeries.append(index)
                if errors.count < 10 { errors.append(error) }
                if case .full = error { isFull = true }
            }
        }
        let bounds = bounds()
        let result: Result<WriteAheadLog.Position?, DiskError>? = state.withLock { state in
            if state.generation != generation { return nil }
            var pass = AppendPass(bounds: bounds, state: &state)
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
                    if nextHistogram < batch.histograms.count, batch.histograms[nextHistogram].index == sample {
                        put(series, batch.timestamps[sample], batch.histograms[nextHistogram].histogram, &state, &pass)
                        nextHistogram += 1
                    } else {
                        put(series, batch.timestamps[sample], batch.values[sample], &state, &pass)
                    }
                    sample += 1
                }
            }
            report = pass.report
            return finish(&pass, &state)
        }
        guard let result else {
            generation = 0
            return try await ingest(batch, decodeLabels: decodeLabels)
        }
        try await acknowledge(result)
        report.refusedSeries = refusedSeries
        report.isFull = isFull
        return (report, refusedCount, errors)
    }

    /// Oldest and newest time taken now.
    private func bounds() -> ClosedRange<Int64> {
        let now = clock()
        return (now - options.retention)...(now + options.maxFuture)
    }

    /// One batch on its way through the head, under the lock.
    struct AppendPass {
        let bounds: ClosedRange<Int64>
        var report = AppendReport()
        var record: SampleRecordWriter
        /// Of the first record of definitions the log did not take.
        var failure: DiskError?

        init(bounds: ClosedRange<Int64>, state: inout State) {
            self.bounds = bounds
            var storage: [UInt8] = []
            swap(&storage, &state.recordStorage)
            record = SampleRecordWriter(reusing: storage)
        }
    }

    /// Notes a sample out of bounds.
    @inline(never)
    private func refuse(_ series: UInt32, _ timestamp: Int64, _ state: borrowing State, _ pass: inout AppendPass) {
        pass.report.outOfBounds += 1
        if pass.report.firstOutOfBounds == nil { pass.report.firstOutOfBounds = (state.table.labels(series), timestamp) }
    }

    /// One float sample to the log's record and the head.
    @inline(__always)
    private func put(_ series: UInt32, _ timestamp: Int64, _ value: Double, _ state: inout State, _ pass: inout AppendPass) {
        if timestamp < pass.bounds.lowerBound || timestamp > pass.bounds.upperBound {
            refuse(series, timestamp, state, &pass)
            return
        }
        let bits = value.bitPattern
        var edge = state.edges[Int(series)]
        let isLater = timestamp > edge.newestTime
        if !isLater {
            if timestamp < edge.newestTime {
                pass.report.outOfOrder += 1
            } else if bits == edge.newestBits, !edge.isHistogram, !state.holdsUnlogged {
                pass.report.duplicates += 1
                return
            } else {
                pass.report.overwritten += 1
            }
        }
        if edge.logEpoch != state.epoch { define(series, &edge, &state, &pass) }
        pass.record.append(series, timestamp, bits, last: edge.loggedBits)
        edge.loggedBits = bits
        edge.note(timestamp, bits)
        state.edges[Int(series)] = edge
        state.samples.append(series: series, timestamp, value, isLater: isLater)
        pass.report.accepted += 1
    }

    /// One histogram sample to the log's record and the head.
    @inline(never)
    private func put(_ series: UInt32, _ timestamp: Int64, _ histogram: NativeHistogram, _ state: inout State, _ pass: inout AppendPass) {
        if timestamp < pass.bounds.lowerBound || timestamp > pass.bounds.upperBound {
            refuse(series, timestamp, state, &pass)
            pass.report.outOfBoundsHistograms += 1
            return
        }
        var edge = state.edges[Int(series)]
        if timestamp < edge.newestTime {
            pass.report.outOfOrder += 1
        } else if timestamp == edge.newestTime {
            if edge.isHistogram, !state.holdsUnlogged, state.samples.newestHistogram(of: series, at: timestamp) == histogram {
                pass.report.duplicates += 1
                return
            }
            pass.report.overwritten += 1
        }
        if edge.logEpoch != state.epoch { define(series, &edge, &state, &pass) }
        pass.record.append(series, timestamp, histogram)
        edge.note(timestamp, 0, isHistogram: true)
        state.edges[Int(series)] = edge
        state.samples.append(series: series, timestamp, histogram)
        pass.report.accepted += 1
    }

    /// Tells the log which series a number stands for.
    @inline(never)
    func define(_ series: UInt32, _ edge: inout SeriesEdge, _ state: inout State, _ pass: inout AppendPass) {
        state.definitions.define(series, of: state.table, epoch: state.epoch)
        if state.definitions.size > MetricLogRecord.definitionsSize { logDefinitions(&state, &pass) }
        edge.logEpoch = state.epoch
        edge.loggedBits = 0
    }

    /// Hands what was defined to the log, before any sample of it.
    func logDefinitions(_ state: inout State, _ pass: inout AppendPass) {
        if state.definitions.isEmpty { return }
        let record = state.definitions.takeRecord(sequence: state.logSequence)
        do throws(DiskError) {
            _ = try log.appendBuffered(kind: MetricLogRecord.definitions, record.span)
            state.logSequence += 1
        } catch {
            if pass.failure == nil { pass.failure = error }
        }
    }

    /// Hands the record to the log.
    ///
    /// Where the log does not take it, the batch is refused; what it brought stays in memory and is written with the head or sent
    /// again. A new stretch of the log begins, as values to come must not differ from ones the log never got.
    private func finish(_ pass: inout AppendPass, _ state: inout State) -> Result<WriteAheadLog.Position?, DiskError> {
        let report = pass.report
        state.statistics.accepted += UInt64(report.accepted)
        state.statistics.duplicates += UInt64(report.duplicates)
        state.statistics.overwritten += UInt64(report.overwritten)
        state.statistics.outOfOrder += UInt64(report.outOfOrder)
        state.statistics.outOfBounds += UInt64(report.outOfBounds)
        defer { state.recordStorage = pass.record.takeStorage() }
        // A duplicate is as durable as the sample it repeats, which may still be on its way.
        if pass.record.count == 0 { return .success(report.duplicates > 0 ? log.end : nil) }
        state.latestAppend = clock()
        if state.headSince == nil { state.headSince = state.latestAppend }
        logDefinitions(&state, &pass)
        var result: Result<WriteAheadLog.Position?, DiskError>
        if let failure = pass.failure {
            result = .failure(failure)
        } else {
            result = pass.record.finish(sequence: state.logSequence) { record in
                do throws(DiskError) {
                    return .success(try log.appendBuffered(kind: MetricLogRecord.samples, record))
                } catch {
                    return .failure(error)
                }
            }
        }
        switch result {
        case .success: state.logSequence += 1
        case .failure:
            state.epoch += 1
            state.holdsUnlogged = true
        }
        return result
    }

    private func acknowledge(_ result: Result<WriteAheadLog.Position?, DiskError>) async throws(IngestError) {
        do throws(DiskError) {
            if let position = try result.get() { try await log.sync(through: position) }
        } catch {
            throw .unavailable("the write-ahead log: \(error)")
        }
    }
}
