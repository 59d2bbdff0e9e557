import VardeCompression
import VardeDisk
import VardeKernels
import VardeModel
import VardeQuery
import VardeWire

@testable import VardeLogs
@testable import VardeMetrics

/// Decoders of bytes that come from a disk or a network. Each must read or refuse whatever it is given: no trap, no endless loop, no
/// memory out of proportion.
enum FuzzTarget: String, CaseIterable {
    case remoteWrite, remoteWriteSymbols, remoteRead, lokiPush, lokiJSON, otlpMetrics, otlpMetricsJSON, otlpLogs, otlpLogsJSON
    case textExposition, openMetrics, protobufExposition, influx, graphite, statsD, syslog, documents, streamLabels
    case snappy, gzip, zstd, lz4
    case promql, logql
    case valueColumn, integerColumn, histogramColumn, metricsLog, blockIndex, tombstones, sectionedFile, logSegmentReader
    case logRecord, logBlockHead, lineTemplates

    private static let limit = 1 << 20
    private static let now: Int64 = 1_800_000_000_000

    func run(_ bytes: [UInt8]) {
        switch self {
        case .remoteWrite, .remoteWriteSymbols, .remoteRead, .lokiPush, .lokiJSON, .otlpMetrics, .otlpMetricsJSON, .otlpLogs, .otlpLogsJSON,
            .textExposition, .openMetrics, .protobufExposition, .influx, .graphite, .statsD, .syslog, .documents, .streamLabels:
            runWire(bytes)
        case .snappy, .gzip, .zstd, .lz4: runCompression(bytes)
        case .promql, .logql: runLanguage(bytes)
        default: runDisk(bytes)
        }
    }

    private func runWire(_ bytes: [UInt8]) {
        var batch = RawSampleBatch()
        switch self {
        case .remoteWrite: if (try? RemoteWrite.decode(bytes, into: &batch)) != nil { Self.readLabels(batch) }
        case .remoteWriteSymbols: if (try? RemoteWriteSymbols.decode(bytes.span, into: &batch)) != nil { Self.readLabels(batch) }
        case .remoteRead: _ = try? RemoteReadRequest(bytes.span)
        case .lokiPush: _ = try? LokiPush.decodeProtobuf(bytes.span)
        case .lokiJSON: _ = try? LokiPush.decodeJSON(bytes.span)
        case .otlpMetrics: _ = try? OTLPMetrics.decode(bytes.span, isJSON: false, now: Self.now, into: &batch)
        case .otlpMetricsJSON: _ = try? OTLPMetrics.decode(bytes.span, isJSON: true, now: Self.now, into: &batch)
        case .otlpLogs: _ = try? OTLPLogs.decode(bytes.span, isJSON: false, now: Self.now)
        case .otlpLogsJSON: _ = try? OTLPLogs.decode(bytes.span, isJSON: true, now: Self.now)
        case .textExposition: _ = try? ExpositionBatch.decode(bytes.span, .text0, now: Self.now, into: &batch)
        case .openMetrics: _ = try? ExpositionBatch.decode(bytes.span, .openMetrics1, now: Self.now, into: &batch)
        case .protobufExposition: _ = try? ProtobufExposition(scrapeTime: Self.now).decode(bytes.span, into: &batch)
        case .influx: _ = try? InfluxLines.decode(bytes.span, .nanoseconds, now: Self.now, into: &batch)
        case .graphite: _ = try? GraphiteLine(bytes.span, extra: [Label("job", "graphite")])
        case .statsD: if let line = try? StatsDLine(bytes.span) { _ = StatsDLine.labels(line.series, extra: [Label("job", "statsd")]) }
        case .syslog:
            _ = SyslogMessage(bytes, now: Self.now)
            var framing = SyslogFraming(maxMessage: 1_000)
            framing.append(bytes)
            while let message = try? framing.next() { _ = SyslogMessage(message, now: Self.now) }
            _ = framing.finish()
        case .documents:
            let names = LogFieldNames(message: ["message", "a.b"], labels: ["app"])
            var documents = LogDocuments(names: names, stream: ["s": "1"], now: Self.now)
            _ = try? documents.add(bytes.span)
            _ = documents.writes
        default: _ = try? StreamLabels.parse(String(decoding: bytes, as: UTF8.self))
        }
    }

    private static func readLabels(_ batch: RawSampleBatch) {
        for index in 0..<batch.seriesCount {
            _ = try? RemoteWrite.labels(batch.bytes.span.extracting(Int(batch.labelStarts[index])..<Int(batch.labelEnds[index])))
        }
    }

    private func runCompression(_ bytes: [UInt8]) {
        var output: [UInt8] = []
        switch self {
        case .snappy: try? Snappy.decompress(bytes.span, limit: Self.limit, into: &output)
        case .gzip: try? Deflate.decompress(bytes.span, from: .gzip, limit: Self.limit, into: &output)
        case .zstd: try? Zstd.decompress(bytes.span, limit: Self.limit, into: &output)
        default: try? LZ4.decompress(bytes.span, size: 4_096, into: &output)
        }
    }

    private func runLanguage(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        if self == .promql {
            // What is understood is understood again as it is printed.
            guard let expression = try? PromQLParser.parse(text) else { return }
            let printed = expression.description
            guard let again = try? PromQLParser.parse(printed) else { fatalError("not understood as printed: \(printed)") }
            if again.description != printed { fatalError("printed otherwise the second time: \(printed)") }
        } else {
            _ = try? LogQLParser.parse(text)
        }
    }

    private func runDisk(_ bytes: [UInt8]) {
        var at = min(2, bytes.count)
        // The first two bytes say how many values the column has.
        let count = bytes.count < 2 ? 0 : Int(bytes[0]) | Int(bytes[1] & 7) << 8
        switch self {
        case .valueColumn:
            var values: [Double] = []
            var scratch = ValueColumn.Scratch()
            if ValueColumn.decode(bytes.span, at: &at, count: count, into: &values, scratch: &scratch) {
                precondition(values.count == count)
            }
            at = min(2, bytes.count)
            _ = ValueColumn.decode(bytes.span, at: &at, count: count, staleMarkersOnly: true, into: &values, scratch: &scratch)
        case .integerColumn:
            var values: [Int64] = []
            var run: [UInt64] = []
            if IntegerColumn.decode(bytes.span, at: &at, count: count, into: &values, run: &run) { precondition(values.count == count) }
        case .histogramColumn: _ = HistogramColumn.decode(bytes.span, at: &at)
        case .metricsLog:
            Self.replay(bytes)
            _ = MetricLogRecord.decodeExemplars(bytes.span)
        case .blockIndex: Self.readIndex(bytes)
        case .tombstones: _ = TombstonesFile.decode(bytes.span)
        case .sectionedFile:
            let files = InMemoryFileSystem()
            guard let file = try? files.open("/f", .create), (try? file.write(bytes.span, at: 0)) != nil else { return }
            _ = try? SectionedFile(path: "/f", fileSystem: files).verify()
        case .logSegmentReader:
            let files = InMemoryFileSystem()
            guard let file = try? files.open("/0000000000000001.wal", .create), (try? file.write(bytes.span, at: 0)) != nil else { return }
            _ = try? WriteAheadLog.read(directory: "/", fileSystem: files) { _, _, _ in }
        case .logRecord: _ = try? LogRecord.decode(bytes.span)
        case .lineTemplates: Self.readTemplates(bytes)
        default:
            var columns = LogColumns()
            _ = LogBlock.parse(bytes.span, into: &columns)
        }
    }

    /// Lines as templates: their count, the size of the text and that of the words (u16 each), words, numbers.
    private static func readTemplates(_ bytes: [UInt8]) {
        guard bytes.count >= 6 else { return }
        let sizes = (0..<3).map { Int(bytes[2 * $0]) | Int(bytes[2 * $0 + 1]) << 8 }
        let middle = 6 + min(sizes[2], bytes.count - 6)
        var text: [UInt8] = []
        var ends: [UInt32] = []
        var kept: [UInt32] = []
        let all = [
            LineNeedles.none, LineNeedles([[Array("ab1".utf8), Array("x".utf8)], [Array("=7".utf8)]]),
            LineNeedles([], numbers: [("status", 300...500), ("a_b", 2...5)]),
        ]
        for needles in all {
            let isDone = LineTemplates.decode(
                words: bytes.span.extracting(6..<middle), numbers: bytes.span.extracting(middle..<bytes.count), lineCount: sizes[0],
                size: sizes[1], needles: needles, into: &text, lineEnds: &ends, kept: &kept)
            if isDone { precondition(ends.count == kept.count && text.count <= sizes[1]) }
        }
    }

    /// Records of the metrics log: each with kind and length (u16) before it.
    private static func replay(_ bytes: [UInt8]) {
        var recovery = Recovery(options: MetricStoreOptions())
        var definitions = DefinitionReader()
        var at = 0
        while at + 3 <= bytes.count {
            let end = min(bytes.count, at + 3 + Int(bytes[at + 1]) + Int(bytes[at + 2]) << 8)
            recovery.replay(kind: bytes[at], bytes.span.extracting((at + 3)..<end))
            if bytes[at] == MetricLogRecord.definitions { _ = definitions.read(bytes.span.extracting((at + 3)..<end), at: 0) { _, _ in } }
            at = end
        }
        let state = recovery.finish(now: now)
        for id in 0..<UInt32(state.table.count) {
            var columns = SampleColumns()
            state.samples.read(series: id, from: .min, through: .max, into: &columns)
            _ = state.table.names(id)
        }
    }

    /// Five sections, each with its length (u16) before it, behind the counts of series and samples (u8 each).
    private static func readIndex(_ bytes: [UInt8]) {
        guard bytes.count >= 2 else { return }
        var at = 2
        func section() -> [UInt8] {
            guard at + 2 <= bytes.count else { return [] }
            let start = at + 2
            at = min(bytes.count, start + Int(bytes[at]) + Int(bytes[at + 1]) << 8)
            return Array(bytes[start..<at])
        }
        let sections = Block.Index.Sections(
            pageTable: section(), symbols: section(), postings: section(), series: section(), times: section(),
            seriesCount: Int(bytes[0]), sampleCount: Int(bytes[1]))
        guard let index = Block.Index(sections) else { return }
        for id in index.allSeries() { _ = index.pairs(id).count }
    }
}
