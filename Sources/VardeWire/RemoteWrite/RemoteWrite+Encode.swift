package import VardeModel

extension RemoteWrite {
    /// Labels of one series as they lie in a request of 1.0: what `labels` reads, and `RawSampleBatch` holds.
    package static func labelBytes(_ labels: Labels) -> [UInt8] {
        var batch = RawSampleBatch()
        for label in labels { batch.label(label.name, label.value) }
        return batch.bytes
    }

    /// A request of 1.0 with all series of a batch, before compression.
    package static func request(_ batch: RawSampleBatch) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(batch.bytes.count + batch.sampleCount * 24)
        var walk = BatchWalk(batch)
        while let series = walk.next() {
            var one = Array(batch.bytes[series.labels])
            appendSamples(of: series, batch, histogramField: 4, to: &one)
            for (_, exemplar) in batch.exemplars[series.exemplars] {
                var own = labelBytes(exemplar.labels)
                ProtobufWriter.double(2, exemplar.value, to: &own)
                ProtobufWriter.integer(3, exemplar.timestamp, to: &own)
                ProtobufWriter.bytes(3, own, to: &one)
            }
            ProtobufWriter.bytes(1, one, to: &out)
        }
        return out
    }

    /// The samples of a series, floats as field 2 as both versions have them.
    static func appendSamples(
        of series: BatchWalk.Series, _ batch: RawSampleBatch, histogramField: UInt64, to out: inout [UInt8]
    ) {
        var histogram = series.histograms.lowerBound
        for sample in series.samples {
            if histogram < series.histograms.upperBound, batch.histograms[histogram].index == sample {
                let encoded = RemoteWriteHistogram.encode(batch.histograms[histogram].histogram, at: batch.timestamps[sample])
                ProtobufWriter.bytes(histogramField, encoded, to: &out)
                histogram += 1
            } else {
                var value: [UInt8] = []
                ProtobufWriter.double(1, batch.values[sample], to: &value)
                ProtobufWriter.integer(2, batch.timestamps[sample], to: &value)
                ProtobufWriter.bytes(2, value, to: &out)
            }
        }
    }

    /// A request of 1.0 that holds metadata alone, before compression.
    package static func metadataRequest(_ metadata: some Collection<Metadata>) -> [UInt8] {
        var out: [UInt8] = []
        for one in metadata {
            var entry: [UInt8] = []
            ProtobufWriter.integer(1, Int64(metadataTypes.firstIndex(of: one.type) ?? 0), to: &entry)
            ProtobufWriter.string(2, one.family, to: &entry)
            ProtobufWriter.string(4, one.help, to: &entry)
            ProtobufWriter.string(5, one.unit, to: &entry)
            ProtobufWriter.bytes(3, entry, to: &out)
        }
        return out
    }
}

/// The series of a batch one by one, with what of its arrays is each one's.
struct BatchWalk {
    struct Series {
        var labels: Range<Int>
        var samples: Range<Int>
        var histograms: Range<Int>
        var exemplars: Range<Int>
    }

    private let batch: RawSampleBatch
    private var index = 0
    private var sample = 0
    private var histogram = 0
    private var exemplar = 0

    init(_ batch: RawSampleBatch) { self.batch = batch }

    mutating func next() -> Series? {
        guard index < batch.seriesCount else { return nil }
        let end = Int(batch.sampleEnds[index])
        let histogramStart = histogram
        while histogram < batch.histograms.count, batch.histograms[histogram].index < end { histogram += 1 }
        let exemplarStart = exemplar
        while exemplar < batch.exemplars.count, batch.exemplars[exemplar].series <= index { exemplar += 1 }
        defer {
            index += 1
            sample = end
        }
        return Series(
            labels: Int(batch.labelStarts[index])..<Int(batch.labelEnds[index]), samples: sample..<end,
            histograms: histogramStart..<histogram, exemplars: exemplarStart..<exemplar)
    }
}
