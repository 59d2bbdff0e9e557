import TestSupport
import Testing
import VardeCompression
import VardeModel

@testable import VardeWire

@Suite struct RemoteWriteTests {
    private static func random(_ mutator: inout Mutator) -> [(labels: Labels, samples: [(timestamp: Int64, value: Double)])] {
        (0..<mutator.below(5)).map { index in
            var labels = Labels([Label(Labels.metricName, "m\(index)")])
            for one in 0..<mutator.below(6) { labels.set("l\(one)", to: mutator.text(8)) }
            let samples = (0..<mutator.below(4)).map { _ in
                (timestamp: Int64.random(in: .min ... .max, using: &mutator.generator), value: mutator.double())
            }
            return (labels, samples)
        }
    }

    @Test func `What is encoded is decoded, bit by bit`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var mutator = Mutator(seed: seed)
        var batch = RawSampleBatch()
        for _ in 0..<200 {
            let series = Self.random(&mutator)
            #expect(try RemoteWrite.decode(RemoteWrite.encode(series), into: &batch).metadata.isEmpty)
            try #require(batch.seriesCount == series.count)
            var sample = 0
            for (index, one) in series.enumerated() {
                let range = Int(batch.labelStarts[index])..<Int(batch.labelEnds[index])
                #expect(try RemoteWrite.labels(batch.bytes.span.extracting(range)) == one.labels)
                for (timestamp, value) in one.samples {
                    #expect(batch.timestamps[sample] == timestamp)
                    #expect(batch.values[sample].bitPattern == value.bitPattern)
                    sample += 1
                }
                #expect(Int(batch.sampleEnds[index]) == sample)
            }
        }
    }

    @Test func `Damaged bodies are refused with a place or read, and never trap`() {
        var mutator = Mutator(seed: 7)
        var seeds = (0..<8).map { _ in RemoteWrite.encode(Self.random(&mutator)) }
        seeds.append(Self.histogramBody())
        var batch = RawSampleBatch()
        fuzz("remote write", seeds) { bytes in
            do throws(WireError) {
                _ = try RemoteWrite.decode(bytes, into: &batch)
                #expect(batch.sampleEnds.last.map(Int.init) ?? 0 == batch.sampleCount)
                #expect(batch.values.count == batch.sampleCount)
                for index in 0..<batch.seriesCount {
                    let range = Int(batch.labelStarts[index])..<Int(batch.labelEnds[index])
                    _ = try? RemoteWrite.labels(batch.bytes.span.extracting(range))
                }
            } catch {
                #expect(!error.message.isEmpty)
                #expect(error.offset.map { (0...bytes.count).contains($0) } ?? true)
            }
        }
    }

    /// A series with one native histogram: integer buckets 1, 3, 2 as differences.
    static func histogramBody(count: Int64 = 7, deltas: [Int64] = [1, 2, -1]) -> [UInt8] {
        func zigzag(_ value: Int64) -> Int64 { (value << 1) ^ (value >> 63) }
        var histogram: [UInt8] = []
        ProtobufWriter.integer(1, count, to: &histogram)
        ProtobufWriter.double(3, 12.5, to: &histogram)
        ProtobufWriter.integer(4, zigzag(3), to: &histogram)
        ProtobufWriter.double(5, 0.001, to: &histogram)
        ProtobufWriter.integer(6, 1, to: &histogram)
        var span: [UInt8] = []
        ProtobufWriter.integer(1, zigzag(-2), to: &span)
        ProtobufWriter.integer(2, 3, to: &span)
        ProtobufWriter.bytes(11, span, to: &histogram)
        var packed: [UInt8] = []
        for delta in deltas { ProtobufWriter.varint(UInt64(bitPattern: zigzag(delta)), to: &packed) }
        ProtobufWriter.bytes(12, packed, to: &histogram)
        ProtobufWriter.integer(15, 1000, to: &histogram)
        var label: [UInt8] = []
        ProtobufWriter.string(1, Labels.metricName, to: &label)
        ProtobufWriter.string(2, "h", to: &label)
        var series: [UInt8] = []
        ProtobufWriter.bytes(1, label, to: &series)
        ProtobufWriter.bytes(4, histogram, to: &series)
        var body: [UInt8] = []
        ProtobufWriter.bytes(1, series, to: &body)
        return body
    }

    @Test func `Integer buckets of a native histogram are added up from their differences`() throws {
        var batch = RawSampleBatch()
        _ = try RemoteWrite.decode(Self.histogramBody(), into: &batch)
        try #require(batch.histograms.count == 1)
        let histogram = batch.histograms[0].histogram
        #expect(batch.timestamps == [1000])
        #expect(histogram.schema == 3)
        #expect(histogram.count == 7)
        #expect(histogram.sum == 12.5)
        #expect(histogram.positiveSpans == [.init(offset: -2, length: 3)])
        #expect(histogram.positiveBuckets == [1, 3, 2])
    }

    @Test(arguments: [[1, 2], [1, 2, -1, 0], [1, -2, 3], [1, 2, 0]] as [[Int64]])
    func `A native histogram that contradicts itself is left out with the reason, the rest of the body stands`(_ deltas: [Int64]) throws {
        var batch = RawSampleBatch()
        let good = RemoteWrite.encode([(["__name__": "m"], [(1, 2)])])
        let decoded = try RemoteWrite.decode(Self.histogramBody(deltas: deltas) + good, into: &batch)
        #expect(decoded.refusedHistograms == 1)
        #expect(decoded.reasons.first?.message.hasPrefix("native histogram: ") == true)
        #expect(batch.histograms.isEmpty)
        #expect(batch.values == [2])
    }

    @Test func `A body that promises more than it has is refused, whatever it promises`() {
        var batch = RawSampleBatch()
        for claim: UInt64 in [5, 1 << 31, 1 << 32, .max] {
            var body: [UInt8] = [0x0A]
            ProtobufWriter.varint(claim, to: &body)
            #expect(throws: WireError.self) { try RemoteWrite.decode(body, into: &batch) }
        }
        #expect(batch.values.capacity < 1000)
    }

    @Test func `A snappy header that claims four gigabytes allocates nothing`() {
        let bomb: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x00, 0x61]
        for limit in [1 << 20, 1 << 33] {
            var output: [UInt8] = []
            #expect(throws: DecompressionError.self) { try Snappy.decompress(bomb.span, limit: limit, into: &output) }
            #expect(output.capacity == 0)
        }
    }

    @Test func `Labels that cannot be are refused by name`() {
        let cases: [(labels: [Label], says: String)] = [
            ([Label("a", "b")], "without a metric name"), ([Label("", "b")], "empty name"),
            ([Label(Labels.metricName, "m"), Label("a", "1"), Label("a", "2")], "given twice"),
        ]
        for (labels, says) in cases {
            let error = #expect(throws: WireError.self) { try RemoteWrite.validate(labels) }
            #expect(error?.message.contains(says) == true, "\(labels)")
        }
    }

    @Test func `Labels apart from each other, metadata and unknown fields are read as meant`() throws {
        func pair(_ name: String, _ value: String) -> [UInt8] {
            var out: [UInt8] = []
            ProtobufWriter.string(1, name, to: &out)
            ProtobufWriter.string(2, value, to: &out)
            return out
        }
        var sample: [UInt8] = []
        ProtobufWriter.double(1, 4, to: &sample)
        ProtobufWriter.integer(2, 9, to: &sample)
        var series: [UInt8] = []
        ProtobufWriter.bytes(1, pair("z", "1"), to: &series)
        ProtobufWriter.bytes(2, sample, to: &series)
        ProtobufWriter.string(77, "unknown", to: &series)
        ProtobufWriter.bytes(1, pair(Labels.metricName, "m"), to: &series)
        var family: [UInt8] = []
        ProtobufWriter.integer(1, 1, to: &family)
        ProtobufWriter.string(2, "m", to: &family)
        ProtobufWriter.string(4, "what it is", to: &family)
        ProtobufWriter.string(5, "bytes", to: &family)
        var body: [UInt8] = []
        ProtobufWriter.bytes(1, series, to: &body)
        ProtobufWriter.bytes(3, family, to: &body)
        var batch = RawSampleBatch()
        let metadata = try RemoteWrite.decode(body, into: &batch).metadata
        #expect(metadata == [.init(type: "counter", family: "m", help: "what it is", unit: "bytes")])
        let range = Int(batch.labelStarts[0])..<Int(batch.labelEnds[0])
        #expect(try RemoteWrite.labels(batch.bytes.span.extracting(range)) == Labels(["__name__": "m", "z": "1"]))
        #expect(batch.values == [4])
    }
}
