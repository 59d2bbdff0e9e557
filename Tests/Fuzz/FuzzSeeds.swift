import VardeCompression
import VardeDisk
import VardeKernels
import VardeModel
import VardeWire

@testable import VardeLogs
@testable import VardeMetrics

extension FuzzTarget {
    private static let histogram = NativeHistogram(
        counterResetHint: .notReset, schema: 3, zeroThreshold: 0x1p-128, zeroCount: 2, count: 12.5, sum: -0.0,
        positiveSpans: [.init(offset: -3, length: 2), .init(offset: 4, length: 1)], negativeSpans: [.init(offset: 0, length: 1)],
        positiveBuckets: [1, 2.25, 3], negativeBuckets: [3], customBounds: [])

    /// Valid inputs to begin with.
    var seeds: [[UInt8]] {
        switch self {
        case .remoteWrite: [RemoteWrite.encode([(["__name__": "m", "a": "b"], [(1, 2.5), (2, 3)]), (["__name__": "n"], [(1, .nan)])])]
        case .lokiPush: [LokiPush.encode([Self.write])]
        case .lokiJSON: [Array(#"{"streams":[{"stream":{"a":"b"},"values":[["1800000000000000000","line",{"t":"x"}]]}]}"#.utf8)]
        case .otlpMetricsJSON:
            [
                Array(
                    #"{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"s"}}]},"scopeMetrics":[{"metrics":[{"name":"m","sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[{"timeUnixNano":"1","asInt":"5"}]}}]}]}]}"#
                        .utf8)
            ]
        case .otlpLogsJSON:
            [
                Array(
                    #"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1","body":{"stringValue":"x"},"attributes":[{"key":"k","value":{"arrayValue":{"values":[{"intValue":"3"}]}}}]}]}]}]}"#
                        .utf8)
            ]
        case .textExposition, .openMetrics:
            [
                Array("# TYPE a counter\n# HELP a text\\n\na_total{x=\"y\",z=\"\\\"\"} 1.5e3 1800000000\n# EOF\n".utf8),
                Array("{\"a.b\",c=\"d\"} NaN\n".utf8),
            ]
        case .influx: [Array("m,a=b,c=d f=1,g=2i,h=t 1800000000000000000\n".utf8)]
        case .graphite: ["servers.web1.load;dc=oslo 1.5 1700000000", "a.b -1e3 N", "a 1"].map { Array($0.utf8) }
        case .statsD:
            [
                "hits:1:2.5|c|@0.1|#app:web,env|T1700000000", "temp,room=a:+1.5|g", "users;dc=oslo:kari|s", "took:320:12|ms",
                "_e{1,2}:a|bc",
            ].map { Array($0.utf8) }
        case .syslog:
            [
                Array("<34>1 2026-11-26T10:00:00Z host app 1 id [a@1 b=\"c\"] text".utf8),
                Array("36 <13>Nov 26 10:00:00 host app[1]: text".utf8),
            ]
        case .documents: [Array(#"{"time":"2026-11-26T10:00:00Z","message":"x","a":{"b":[1,true,null,"\u00e6"]},"app":"y"}"#.utf8)]
        case .streamLabels: [Array(#"{a="b", c="d\n"}"#.utf8)]
        case .promql:
            [
                #"sum by (a) (rate(m{x=~"y.*"}[5m] offset 1h)) / ignoring(b) group_left(c) -2 ^ 3 > bool 1"#,
                #"histogram_quantile(0.9, m @ start()) or on() vector(1) unless {"a.b"} and topk(3, m[1h:5m])"#,
            ].map { Array($0.utf8) }
        case .logql:
            [
                #"sum by (a) (rate({x="y"} |= "z" or "w" | json a="b.c" | line_format "{{ .a | upper }}" | a > 5ms [5m]))"#,
                #"{a=~"b"} |> "<_> x <_>" | pattern "<a> <b>" | unwrap duration(a) | __error__=``"#,
            ].map { Array($0.utf8) }
        default: diskSeeds
        }
    }

    private static var write: LogStreamWrite {
        var columns = LogColumns()
        for (number, text) in ["a line", "another line"].enumerated() {
            let bytes = Array(text.utf8)
            columns.append(1_800_000_000_000_000_000 + Int64(number), line: bytes.span)
        }
        return LogStreamWrite(labels: ["app": "x"], entries: columns)
    }

    private var diskSeeds: [[UInt8]] {
        let text = Array(String(repeating: "compress me, compress me; ", count: 10).utf8)
        var out: [UInt8] = []
        switch self {
        case .snappy: Snappy.compress(text.span, into: &out)
        case .gzip: Deflate.compress(text.span, as: .gzip, into: &out)
        case .zstd: Zstd.compress(text.span, into: &out)
        case .lz4: LZ4.compress(text.span, into: &out)
        case .valueColumn:
            let columns: [[Double]] = [
                (0..<300).map { Double($0 * 7 % 50) }, (0..<300).map { Double($0) / 100 }, [1, .nan, 1e300, -0.0], [5, 5, 5],
                (0..<200).map { (Double($0) + 0.1).squareRoot() },
            ]
            return columns.map { values in
                var bytes = Self.countBytes(values.count)
                ValueColumn.encode(values, to: &bytes)
                return bytes
            }
        case .integerColumn:
            let columns: [[Int64]] = [(0..<300).map { $0 * $0 }, [.max, .min, 0], (0..<200).map { $0 % 7 == 0 ? 1 << 40 : $0 }]
            return columns.map { values in
                var bytes = Self.countBytes(values.count)
                IntegerColumn.encode(values, to: &bytes)
                return bytes
            }
        case .histogramColumn:
            out = Self.countBytes(1)
            HistogramColumn.encode(Self.histogram, to: &out)
        case .metricsLog: out = Self.logRecords
        case .blockIndex: out = Self.blockIndexBytes
        case .logBlockHead: out = LogBlock.head(of: Self.write.entries)
        case .logRecord: out = LogRecord.encode([Self.write])
        case .lineTemplates: out = Self.templates
        default: break
        }
        return [out]
    }

    private static var templates: [UInt8] {
        var text: [UInt8] = []
        var ends: [UInt32] = []
        for i in 0..<300 {
            text += Array(
                "GET /a/\(i * 7919 % 5000) took=\(i % 90)ms id=\(String(i * 0x1234_5678_9ABC, radix: 16)) at 0\(i % 10):0\(i)\n".utf8)
            ends.append(UInt32(text.count))
        }
        var words: [UInt8] = []
        var numbers: [UInt8] = []
        _ = LineTemplates.encode(text.span, lineEnds: ends.span, words: &words, numbers: &numbers)
        return countBytes(300) + countBytes(text.count) + countBytes(words.count) + words + numbers
    }

    private static func countBytes(_ count: Int) -> [UInt8] { [UInt8(count & 255), UInt8(count >> 8)] }

    private static var logRecords: [UInt8] {
        var table = SeriesTable()
        var definitions = DefinitionWriter()
        for labels in [["__name__": "m", "a": "1"], ["__name__": "m", "a": "2"]] as [Labels] {
            let id = table.add(labels, identity: SeriesIdentity(labels))
            definitions.define(id, of: table, epoch: 1)
        }
        var samples = SampleRecordWriter(reusing: [])
        samples.append(0, 1_000, (2.5).bitPattern, last: 0)
        samples.append(1, 1_000, (7.0).bitPattern, last: 0)
        samples.append(1, 2_000, histogram)
        let record = samples.finish(sequence: 1) { Bytes.array($0) }
        var out: [UInt8] = []
        for (kind, bytes) in [(MetricLogRecord.definitions, definitions.takeRecord(sequence: 0)), (MetricLogRecord.samples, record)] {
            out += [kind] + countBytes(bytes.count) + bytes
        }
        return out
    }

    private static var blockIndexBytes: [UInt8] {
        let dictionary = LabelDictionary.sample
        var index = BlockIndexBytes()
        index.add([0, 1], column: 0, samples: 2, size: 10)
        index.add([0, 2], column: 0, samples: 2, size: 12)
        var page: [UInt8] = []
        Bytes.append64(0, to: &page)
        Bytes.append32(0, to: &page)
        Bytes.append32(22, to: &page)
        var times: [UInt8] = [1, 2]
        IntegerColumn.encode([1_000, 2_000], to: &times)
        var out: [UInt8] = [2, 4]
        for section in [page, BlockIndexBytes.symbols(dictionary), index.postings(dictionary), index.series(dictionary), times] {
            out += countBytes(section.count) + section
        }
        return out
    }
}

extension LabelDictionary {
    /// `m{a="1"}` and `m{a="2"}`.
    fileprivate static var sample: LabelDictionary {
        var dictionary = LabelDictionary()
        dictionary.symbols = ["1", "2", "__name__", "a", "m"]
        dictionary.pairs = [2 << 32 | 4, 3 << 32, 3 << 32 | 1]
        return dictionary
    }
}
