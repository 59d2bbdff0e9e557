import TestSupport
import Testing
import VardeModel

@testable import VardeWire

/// Protobuf messages, written the plain way.
struct Message {
    var bytes: [UInt8] = []

    static func of(_ body: (inout Message) -> Void) -> [UInt8] {
        var message = Message()
        body(&message)
        return message.bytes
    }

    mutating func string(_ field: UInt64, _ value: String) { ProtobufWriter.string(field, value, to: &bytes) }
    mutating func integer(_ field: UInt64, _ value: Int64) { ProtobufWriter.integer(field, value, to: &bytes) }
    mutating func zigzag(_ field: UInt64, _ value: Int64) { ProtobufWriter.integer(field, (value << 1) ^ (value >> 63), to: &bytes) }
    mutating func double(_ field: UInt64, _ value: Double) { ProtobufWriter.double(field, value, to: &bytes) }
    mutating func fixed64(_ field: UInt64, _ value: UInt64) { ProtobufWriter.double(field, Double(bitPattern: value), to: &bytes) }
    mutating func message(_ field: UInt64, _ body: (inout Message) -> Void) { ProtobufWriter.bytes(field, Message.of(body), to: &bytes) }
    mutating func pair(_ field: UInt64, _ name: String, _ value: String) {
        message(field) {
            $0.string(1, name)
            $0.string(2, value)
        }
    }
}

/// A batch as text: `name{label="value"} value @timestamp`, a start behind `^`.
func described(_ batch: RawSampleBatch) throws -> [String] {
    var out: [String] = []
    var sample = 0
    for index in 0..<batch.seriesCount {
        let range = Int(batch.labelStarts[index])..<Int(batch.labelEnds[index])
        let labels = try RemoteWrite.labels(batch.bytes.span.extracting(range))
        let inside = labels.filter { $0.name != Labels.metricName }.map { $0.name + "=" + $0.value.quoted }.joined(separator: ",")
        while sample < Int(batch.sampleEnds[index]) {
            let histogram = batch.histograms.first { $0.index == sample }?.histogram
            let value = histogram.map { "h\($0.schema) count \(SampleText.text($0.count))" } ?? SampleText.text(batch.values[sample])
            let start = batch.startTimestamps.isEmpty || batch.startTimestamps[sample] == 0 ? "" : " ^\(batch.startTimestamps[sample])"
            out.append("\(labels.name){\(inside)} \(value) @\(batch.timestamps[sample])\(start)")
            sample += 1
        }
    }
    return out
}

@Suite struct ProtobufExpositionTests {
    static func delimited(_ families: [[UInt8]]) -> [UInt8] {
        var out: [UInt8] = []
        for family in families {
            ProtobufWriter.varint(UInt64(family.count), to: &out)
            out += family
        }
        return out
    }

    static let counter = Message.of {
        $0.string(1, "hits_total")
        $0.string(2, "how often")
        $0.message(4) {
            $0.pair(1, "path", "/å")
            $0.message(3) {
                $0.double(1, 7)
                $0.message(2) {
                    $0.pair(1, "trace_id", "abc")
                    $0.double(2, 0.5)
                }
                $0.message(3) { $0.integer(1, 12) }
            }
            $0.integer(6, 5000)
        }
    }

    static let gauge = Message.of {
        $0.string(1, "temperature.celsius")
        $0.integer(3, 1)
        $0.string(5, "celsius")
        $0.message(4) { $0.message(2) { $0.double(1, -1.5) } }
    }

    static let summary = Message.of {
        $0.string(1, "s")
        $0.integer(3, 2)
        $0.message(4) {
            $0.message(4) {
                $0.integer(1, 3)
                $0.double(2, 4.5)
                $0.message(3) {
                    $0.double(1, 0.99)
                    $0.double(2, 2)
                }
            }
        }
    }

    static func histogram(native: Bool, classic: Bool, count: Int64 = 6) -> [UInt8] {
        Message.of {
            $0.string(1, "h")
            $0.integer(3, 4)
            $0.message(4) {
                $0.message(7) {
                    $0.integer(1, count)
                    $0.double(2, 9)
                    if classic {
                        for (count, bound) in [(1, 1), (4, 1e6)] as [(Int64, Double)] {
                            $0.message(3) {
                                $0.integer(1, count)
                                $0.double(2, bound)
                            }
                        }
                    }
                    if native {
                        $0.zigzag(5, 3)
                        $0.double(6, 1e-128)
                        $0.integer(7, 2)
                        $0.message(12) {
                            $0.zigzag(1, -1)
                            $0.integer(2, 2)
                        }
                        // Not packed, as proto2 has it.
                        $0.zigzag(13, 1)
                        $0.zigzag(13, 2)
                    }
                }
            }
        }
    }

    @Test func `Counters, gauges and summaries unfold into their series`() throws {
        var batch = RawSampleBatch()
        let body = Self.delimited([Self.counter, Self.gauge, Self.summary])
        let metadata = try ProtobufExposition(scrapeTime: 99).decode(body.span, into: &batch)
        #expect(metadata.map(\.type) == ["counter", "gauge", "summary"])
        #expect(metadata[0].help == "how often")
        #expect(metadata[1].unit == "celsius")
        #expect(
            try described(batch) == [
                #"hits_total{path="/å"} 7 @5000 ^12000"#, "temperature.celsius{} -1.5 @99", "s_count{} 3 @99", "s_sum{} 4.5 @99",
                #"s{quantile="0.99"} 2 @99"#,
            ])
        #expect(batch.exemplars.map(\.exemplar) == [Exemplar(labels: ["trace_id": "abc"], value: 0.5, timestamp: 5000, hasOwnTime: false)])
        _ = try ProtobufExposition(scrapeTime: 99, honorsTimestamps: false).decode(body.span, into: &batch)
        #expect(batch.timestamps.allSatisfy { $0 == 99 })
    }

    @Test func `A histogram is native, classic, or both where that is wanted`() throws {
        func read(native: Bool, classic: Bool, always: Bool = false) throws -> [String] {
            var batch = RawSampleBatch()
            let body = Self.delimited([Self.histogram(native: native, classic: classic)])
            _ = try ProtobufExposition(scrapeTime: 1, alwaysClassic: always).decode(body.span, into: &batch)
            if native { #expect(batch.histograms.first?.histogram.positiveBuckets == [1, 3]) }
            return try described(batch)
        }
        let buckets = [
            "h_count{} 6 @1", "h_sum{} 9 @1", #"h_bucket{le="1.0"} 1 @1"#, #"h_bucket{le="1e+06"} 4 @1"#, #"h_bucket{le="+Inf"} 6 @1"#,
        ]
        #expect(try read(native: false, classic: true) == buckets)
        #expect(try read(native: true, classic: false) == ["h{} h3 count 6 @1"])
        #expect(try read(native: true, classic: true) == ["h{} h3 count 6 @1"])
        #expect(try read(native: true, classic: true, always: true) == ["h{} h3 count 6 @1"] + buckets)
    }

    @Test func `Whole counts that do not add up are refused, as Prometheus refuses them`() throws {
        for (count, isRight) in [(6, true), (7, false), (5, false)] as [(Int64, Bool)] {
            let body = Self.delimited([Self.histogram(native: true, classic: false, count: count)])
            var batch = RawSampleBatch()
            do throws(WireError) {
                _ = try ProtobufExposition(scrapeTime: 1).decode(body.span, into: &batch)
                #expect(isRight)
            } catch { #expect(!isRight && "\(error)".contains("the count is \(Double(count))"), "\(error)") }
        }
    }

    @Test func `Damaged bodies never trap`() {
        let seeds = [
            Self.delimited([Self.counter, Self.gauge, Self.summary]), Self.delimited([Self.histogram(native: true, classic: true)]),
        ]
        var batch = RawSampleBatch()
        fuzz("protobuf exposition", seeds, rounds: 6000) { bytes in
            do throws(WireError) {
                _ = try ProtobufExposition(scrapeTime: 1, alwaysClassic: true).decode(bytes.span, into: &batch)
                _ = try? described(batch)
                #expect(batch.histograms.allSatisfy { $0.histogram.complaint == nil })
            } catch { #expect(error.offset.map { (0...bytes.count).contains($0) } == true) }
        }
    }

    @Test func `A histogram finer than is stored is merged, no observation lost`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var mutator = Mutator(seed: seed)
        for _ in 0..<200 {
            var fine = NativeHistogram(schema: 8 + Int32(1 + mutator.below(6)))
            var at = 0
            var byIndex: [Int: Double] = [:]
            for number in 0..<mutator.below(5) {
                let offset = number == 0 ? mutator.below(40) - 20 : mutator.below(6)
                let length = mutator.below(5)
                fine.positiveSpans.append(.init(offset: Int32(offset), length: UInt32(length)))
                at += offset
                for _ in 0..<length {
                    let count = Double(mutator.below(9))
                    fine.positiveBuckets.append(count)
                    // Bucket i of a schema ends at 2^(i·2^−schema): the coarse one that ends there or next.
                    let width = 1 << Int(fine.schema - 8)
                    byIndex[Int((Double(at) / Double(width)).rounded(.up)), default: 0] += count
                    at += 1
                }
            }
            let coarse = HistogramLayout.storable(fine)
            #expect(coarse.schema == 8 && coarse.complaint == nil)
            var seen: [Int: Double] = [:]
            var index = 0
            var next = 0
            for span in coarse.positiveSpans {
                index += Int(span.offset)
                for _ in 0..<span.length {
                    seen[index] = coarse.positiveBuckets[next]
                    index += 1
                    next += 1
                }
            }
            #expect(seen.filter { $0.value != 0 } == byIndex.filter { $0.value != 0 })
        }
    }
}

@Suite struct ExpositionFormatTests {
    @Test func `Formats are asked for as Prometheus asks`() {
        #expect(
            ExpositionFormat.accept(ExpositionFormat.usual)
                == "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
        )
    }

    @Test func `The Content-Type says the format, else the fallback, else nothing`() throws {
        for (type, format): (String, ExpositionFormat) in [
            ("text/plain; version=0.0.4; charset=utf-8", .text0), ("text/plain; version=1.0.0; escaping=underscores", .text1),
            ("application/openmetrics-text; version=1.0.0", .openMetrics1), ("Application/OpenMetrics-Text;version=0.0.1", .openMetrics0),
            ("application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited", .protobuf),
        ] { #expect(try ExpositionFormat(contentType: type) == format) }
        #expect(try ExpositionFormat(contentType: "text/html", fallback: .text0) == .text0)
        for type in ["", "text/html", "application/vnd.google.protobuf"] {
            #expect(throws: WireError.self) { try ExpositionFormat(contentType: type) }
        }
    }
}

@Suite struct OpenMetricsScrapeTests {
    private static func read(_ text: String) throws(ExpositionParser.Fault) -> (series: [String], exemplars: [Exemplar]) {
        let bytes = Array(text.utf8)
        var parser = ExpositionParser(.openMetrics1)
        var series: [String] = []
        var exemplars: [Exemplar] = []
        while let line = try parser.next(bytes.span) {
            guard case .sample(let sample) = line else { continue }
            let labels = try parser.labels(of: sample, bytes.span)
            series.append("\(labels) \(SampleText.text(sample.value)) \(sample.timestamp.map(String.init) ?? "-")")
            if let exemplar = try parser.exemplar(of: sample, bytes.span, at: 42) { exemplars.append(exemplar) }
        }
        return (series, exemplars)
    }

    @Test func `Seconds become milliseconds, exemplars are kept, numbers in labels have one form`() throws {
        let (series, exemplars) = try Self.read(
            """
            # TYPE h histogram
            h_bucket{le="1"} 2 1700000000.25 # {trace_id="a b"} 0.5 1699999999.5
            h_bucket{le="+Inf"} 2 # {} 3
            # TYPE other gauge
            other{le="1"} 2 -1.5
            # EOF
            """)
        #expect(
            series.map { $0.replacing(" ", with: "") } == [
                #"h_bucket{le="1.0"}21700000000250"#, #"h_bucket{le="+Inf"}2-"#,
                #"other{le="1"}2-1500"#,
            ])
        #expect(
            exemplars == [
                Exemplar(labels: ["trace_id": "a b"], value: 0.5, timestamp: 1_699_999_999_500),
                Exemplar(labels: .empty, value: 3, timestamp: 42, hasOwnTime: false),
            ])
    }

    @Test(arguments: ["a 1\n", "# EOF\na 1\n", "a 1 # x\n# EOF", "a 1 # {b=\"c\"}\n# EOF", "a 1 x\n# EOF", ""])
    func `A text that is cut short or goes wrong is refused`(_ text: String) {
        #expect(throws: ExpositionParser.Fault.self) { try Self.read(text) }
    }

    @Test func `Damaged texts never trap, strictly read or not`() {
        let seeds = [
            "# TYPE a counter\n# UNIT a_s s\na_total{b=\"c\"} 1 1.5 # {d=\"e\"} 2 3e2\na_created 1\n# EOF\n",
            "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2 # {} 1\nh_count 2\nh_sum 3\n# EOF\n",
        ].map { Array($0.utf8) }
        fuzz("openmetrics", seeds, rounds: 5000) { bytes in
            _ = try? Self.read(String(decoding: bytes, as: UTF8.self))
            do throws(ExpositionParser.Fault) { _ = try OpenMetricsParser.parse(bytes.span) } catch {
                #expect(error.line >= 1 && error.column >= 1 && !error.message.isEmpty)
            }
        }
    }

    @Test func `Label numbers are written as Go writes them for OpenMetrics`() {
        for (value, text) in [
            (1, "1.0"), (0, "0.0"), (-1, "-1.0"), (0.05, "0.05"), (1e6, "1e+06"), (123456, "123456.0"), (1234567, "1.234567e+06"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"), (.infinity, "+Inf"), (2.5, "2.5"),
        ] as [(Double, String)] { #expect(LabelFloat.text(value) == text) }
    }
}
