import VardeKernels
import VardeModel

/// Unfolds the metrics of one family of protobuf exposition into series.
struct ProtobufFamily {
    let name: Range<Int>
    let exposition: ProtobufExposition
    /// Label fields of the metric at hand, as they lie in the body.
    private var labels: [Range<Int>] = []
    private var time: Int64 = 0

    init(name: Range<Int>, exposition: ProtobufExposition) {
        self.name = name
        self.exposition = exposition
    }

    mutating func metric(_ range: Range<Int>, _ body: Span<UInt8>, into batch: inout RawSampleBatch) throws(WireError) {
        labels.removeAll(keepingCapacity: true)
        time = exposition.scrapeTime
        var value: (field: UInt64, range: Range<Int>)?
        do throws(ProtobufReader.Fault) {
            var reader = ProtobufReader(range)
            while !reader.isAtEnd {
                let before = reader.at
                let (field, type) = try reader.tag(body)
                switch (field, type) {
                case (1, 2):
                    _ = try reader.delimited(body)
                    labels.append(before..<reader.at)
                case (2...5, 2), (7, 2): value = (field, try reader.delimited(body))
                case (6, 0):
                    let own = Int64(bitPattern: try reader.varint(body))
                    if exposition.honorsTimestamps, own != 0 { time = own }
                default: try reader.skip(type, body)
                }
            }
        } catch {
            throw error.wire
        }
        guard let value else { throw WireError("a metric without a value in \(Bytes.string(body.extracting(name)))", at: range.lowerBound) }
        switch value.field {
        case 4: try summary(value.range, body, into: &batch)
        case 7: try histogram(value.range, body, into: &batch)
        default: try single(value.range, body, into: &batch)
        }
    }

    /// Begins a series of this metric: name with a suffix, labels, one more label.
    private func begin(
        _ body: Span<UInt8>, suffix: String = "", extra: (name: String, value: String)? = nil, into batch: inout RawSampleBatch
    ) throws(WireError) {
        batch.beginSeries()
        if suffix.isEmpty {
            batch.label(Labels.metricName, body.extracting(name))
        } else {
            batch.label(Labels.metricName, Bytes.string(body.extracting(name)) + suffix)
        }
        // A label pair here is the same message, in the same field, as in remote write.
        for field in labels { Bytes.append(body.extracting(field), to: &batch.bytes) }
        if let extra { batch.label(extra.name, extra.value) }
        try batch.endLabels(from: name.lowerBound)
    }

    /// Gauge, counter and untyped: the value in field 1; a counter's exemplar and start in 2 and 3.
    private func single(_ range: Range<Int>, _ body: Span<UInt8>, into batch: inout RawSampleBatch) throws(WireError) {
        var value = 0.0
        var start: Int64 = 0
        var exemplar: Exemplar?
        do throws(ProtobufReader.Fault) {
            var reader = ProtobufReader(range)
            while !reader.isAtEnd {
                let (field, type) = try reader.tag(body)
                switch (field, type) {
                case (1, 1): value = Double(bitPattern: try reader.fixed64(body))
                case (2, 2): exemplar = try self.exemplar(try reader.delimited(body), body)
                case (3, 2): start = try HistogramFields.time(try reader.delimited(body), body)
                default: try reader.skip(type, body)
                }
            }
        } catch {
            throw error.wire
        }
        if let exemplar { batch.exemplars.append((batch.seriesCount, exemplar)) }
        try begin(body, into: &batch)
        batch.sample(time, value, start: start)
        batch.endSeries()
    }

    private func summary(_ range: Range<Int>, _ body: Span<UInt8>, into batch: inout RawSampleBatch) throws(WireError) {
        var count: UInt64 = 0
        var sum = 0.0
        var start: Int64 = 0
        var quantiles: [(quantile: Double, value: Double)] = []
        do throws(ProtobufReader.Fault) {
            var reader = ProtobufReader(range)
            while !reader.isAtEnd {
                let (field, type) = try reader.tag(body)
                switch (field, type) {
                case (1, 0): count = try reader.varint(body)
                case (2, 1): sum = Double(bitPattern: try reader.fixed64(body))
                case (3, 2):
                    var inner = ProtobufReader(try reader.delimited(body))
                    var pair = (quantile: 0.0, value: 0.0)
                    while !inner.isAtEnd {
                        let (field, type) = try inner.tag(body)
                        switch (field, type) {
                        case (1, 1): pair.quantile = Double(bitPattern: try inner.fixed64(body))
                        case (2, 1): pair.value = Double(bitPattern: try inner.fixed64(body))
                        default: try inner.skip(type, body)
                        }
                    }
                    quantiles.append(pair)
                case (4, 2): start = try HistogramFields.time(try reader.delimited(body), body)
                default: try reader.skip(type, body)
                }
            }
        } catch {
            throw error.wire
        }
        for (suffix, value) in [("_count", Double(count)), ("_sum", sum)] {
            try begin(body, suffix: suffix, into: &batch)
            batch.sample(time, value, start: start)
            batch.endSeries()
        }
        for (quantile, value) in quantiles {
            try begin(body, extra: ("quantile", LabelFloat.text(quantile)), into: &batch)
            batch.sample(time, value, start: start)
            batch.endSeries()
        }
    }

    private func histogram(_ range: Range<Int>, _ body: Span<UInt8>, into batch: inout RawSampleBatch) throws(WireError) {
        var parsed: ProtobufHistogram
        do throws(ProtobufReader.Fault) { parsed = try ProtobufHistogram(range, body, self) } catch { throw error.wire }
        let isNative = parsed.isNative
        if isNative {
            let native = HistogramLayout.storable(parsed.native)
            if let complaint = native.complaint ?? (parsed.isInteger ? HistogramFields.countComplaint(native) : nil) {
                throw WireError("native histogram \(Bytes.string(body.extracting(name))): \(complaint)", at: range.lowerBound)
            }
            for exemplar in parsed.exemplars { batch.exemplars.append((batch.seriesCount, exemplar)) }
            try begin(body, into: &batch)
            batch.sample(time, native, start: parsed.start)
            batch.endSeries()
        }
        guard !isNative || exposition.alwaysClassic && !parsed.buckets.isEmpty else { return }
        for (suffix, value) in [("_count", parsed.native.count), ("_sum", parsed.native.sum)] {
            try begin(body, suffix: suffix, into: &batch)
            batch.sample(time, value, start: parsed.start)
            batch.endSeries()
        }
        if parsed.buckets.last?.bound != .infinity { parsed.buckets.append((.infinity, parsed.native.count, nil)) }
        for bucket in parsed.buckets {
            if let exemplar = bucket.exemplar { batch.exemplars.append((batch.seriesCount, exemplar)) }
            try begin(body, suffix: "_bucket", extra: ("le", LabelFloat.text(bucket.bound)), into: &batch)
            batch.sample(time, bucket.count, start: parsed.start)
            batch.endSeries()
        }
    }

    /// An exemplar: label pairs, value, and its time or else that of the metric.
    func exemplar(_ range: Range<Int>, _ body: Span<UInt8>) throws(ProtobufReader.Fault) -> Exemplar {
        var reader = ProtobufReader(range)
        var labels: [Label] = []
        var exemplar = Exemplar(labels: .empty, value: 0, timestamp: time, hasOwnTime: false)
        while !reader.isAtEnd {
            let (field, type) = try reader.tag(body)
            switch (field, type) {
            case (1, 2): labels.append(try RemoteWriteWalk.label(try reader.delimited(body), body))
            case (2, 1): exemplar.value = Double(bitPattern: try reader.fixed64(body))
            case (3, 2):
                exemplar.timestamp = try HistogramFields.time(try reader.delimited(body), body)
                exemplar.hasOwnTime = true
            default: try reader.skip(type, body)
            }
        }
        exemplar.labels = Labels(labels)
        return exemplar
    }
}

/// `io.prometheus.client.Histogram`: a classic histogram, a native one, or both in one.
struct ProtobufHistogram {
    var native = NativeHistogram()
    var buckets: [(bound: Double, count: Double, exemplar: Exemplar?)] = []
    var exemplars: [Exemplar] = []
    var start: Int64 = 0
    /// Whether its counts are whole numbers.
    var isInteger = true

    /// Whether it is (also) a native one. An empty native histogram has an empty span to say so.
    var isNative: Bool {
        !native.positiveSpans.isEmpty || !native.negativeSpans.isEmpty || native.zeroThreshold > 0 || native.zeroCount > 0
    }

    init(_ range: Range<Int>, _ body: Span<UInt8>, _ family: ProtobufFamily) throws(ProtobufReader.Fault) {
        var positiveDeltas: [Int64] = []
        var negativeDeltas: [Int64] = []
        var reader = ProtobufReader(range)
        while !reader.isAtEnd {
            let (field, type) = try reader.tag(body)
            switch (field, type) {
            case (1, 0):
                // A float count stands where there is one.
                let count = Double(try reader.varint(body))
                if native.count == 0 { native.count = count }
            case (2, 1): native.sum = Double(bitPattern: try reader.fixed64(body))
            case (3, 2): try bucket(try reader.delimited(body), body, family)
            case (4, 1):
                let count = Double(bitPattern: try reader.fixed64(body))
                if count > 0 { (native.count, isInteger) = (count, false) }
            case (5, 0): native.schema = Int32(truncatingIfNeeded: HistogramFields.zigzag(try reader.varint(body)))
            case (6, 1): native.zeroThreshold = Double(bitPattern: try reader.fixed64(body))
            case (7, 0):
                let count = Double(try reader.varint(body))
                if native.zeroCount == 0 { native.zeroCount = count }
            case (8, 1):
                let count = Double(bitPattern: try reader.fixed64(body))
                if count > 0 { (native.zeroCount, isInteger) = (count, false) }
            case (9, 2): native.negativeSpans.append(try HistogramFields.span(try reader.delimited(body), body))
            case (10, 2): try HistogramFields.integers(try reader.delimited(body), body, into: &negativeDeltas)
            case (10, 0): negativeDeltas.append(HistogramFields.zigzag(try reader.varint(body)))
            case (11, 2): try HistogramFields.doubles(try reader.delimited(body), body, into: &native.negativeBuckets)
            case (11, 1): native.negativeBuckets.append(Double(bitPattern: try reader.fixed64(body)))
            case (12, 2): native.positiveSpans.append(try HistogramFields.span(try reader.delimited(body), body))
            case (13, 2): try HistogramFields.integers(try reader.delimited(body), body, into: &positiveDeltas)
            case (13, 0): positiveDeltas.append(HistogramFields.zigzag(try reader.varint(body)))
            case (14, 2): try HistogramFields.doubles(try reader.delimited(body), body, into: &native.positiveBuckets)
            case (14, 1): native.positiveBuckets.append(Double(bitPattern: try reader.fixed64(body)))
            case (15, 2): start = try HistogramFields.time(try reader.delimited(body), body)
            case (16, 2): exemplars.append(try family.exemplar(try reader.delimited(body), body))
            default: try reader.skip(type, body)
            }
        }
        if !positiveDeltas.isEmpty { native.positiveBuckets = HistogramFields.absolute(positiveDeltas) }
        if !negativeDeltas.isEmpty { native.negativeBuckets = HistogramFields.absolute(negativeDeltas) }
        // Exemplars of classic buckets serve a native histogram that has none of its own.
        if exemplars.isEmpty { exemplars = buckets.compactMap(\.exemplar) }
    }

    private mutating func bucket(_ range: Range<Int>, _ body: Span<UInt8>, _ family: ProtobufFamily) throws(ProtobufReader.Fault) {
        var reader = ProtobufReader(range)
        var bucket = (bound: 0.0, count: 0.0, exemplar: Exemplar?.none)
        while !reader.isAtEnd {
            let (field, type) = try reader.tag(body)
            switch (field, type) {
            case (1, 0):
                let count = Double(try reader.varint(body))
                if bucket.count == 0 { bucket.count = count }
            case (2, 1): bucket.bound = Double(bitPattern: try reader.fixed64(body))
            case (3, 2): bucket.exemplar = try family.exemplar(try reader.delimited(body), body)
            case (4, 1):
                let count = Double(bitPattern: try reader.fixed64(body))
                if count > 0 { bucket.count = count }
            default: try reader.skip(type, body)
            }
        }
        buckets.append(bucket)
    }
}
