internal import VardeModel

/// Runs a pipeline over the lines of pages, skipping at once what cannot pass.
struct LineScanner {
    let pipeline: LogQLPipeline
    /// Names parsers need to extract, nil for all.
    var required: [String]?
    private let substrings: [[[UInt8]]]
    private let values: [(name: String, values: [String])]
    private(set) var statistics = LogQLStatistics()
    private var labels = LineLabels()
    private var output = LineOutput()
    private(set) var stream = Labels.empty
    /// Metadata of the page as labels.
    private var metadata: [[AddedLabel]] = []
    private var needles: [[UInt8]] = []
    private var probe: LineProbe?

    init(pipeline: LogQLPipeline, required: [String]? = nil) {
        self.pipeline = pipeline
        self.required = required
        substrings = pipeline.requiredSubstrings
        values = pipeline.requiredValues
        if required == nil { probe = LineProbe(pipeline) }
    }

    /// Begins a page of a stream.
    mutating func begin(_ columns: LogColumns, stream own: Labels) {
        stream = own
        metadata = columns.metadataSets.map { LineLabels.metadataLabels($0, stream: own) }
        labels.required = required
        needles = substrings.max { $0.score < $1.score } ?? []
        // A filter on a parsed field: its value stands in the line, or an escape does.
        for item in values where own[item.name] == nil {
            if metadata.contains(where: { $0.contains { $0.name == item.name } }) { continue }
            let wanted = item.values.map { Array($0.utf8) }
            if wanted.contains(where: \.isEmpty) || wanted.score <= needles.score { continue }
            needles = wanted + [[UInt8(ascii: "\\")]]
            break
        }
    }

    /// Calls with the lines that pass: their index, labels, what they became, and as they were.
    mutating func scan(_ columns: LogColumns, _ range: Range<Int>, _ body: (Int, LineLabels, LineOutput, Span<UInt8>) -> Void) {
        if range.isEmpty { return }
        let ends = columns.lineEnds.span
        let bytes = columns.lineBytes.span.extracting(0..<Int(ends[range.upperBound - 1]))
        var walk = PageWalk(needles, range)
        statistics.lines += range.count
        statistics.bytes += bytes.count - (range.lowerBound == 0 ? 0 : Int(ends[range.lowerBound - 1]))
        while let entry = walk.next(bytes, ends) {
            let line = bytes.extracting((entry == 0 ? 0 : Int(ends[entry - 1]))..<Int(ends[entry]))
            let set = columns.metadataIndices.isEmpty ? 0 : Int(columns.metadataIndices[entry])
            if probe?.isWorthWhile == true {
                labels.required = probe?.required
                labels.begin(stream: stream, metadata: set < metadata.count ? metadata[set] : [])
                let passes = probe?.pipeline.run(line, timestamp: columns.timestamps[entry], &labels, output: &output) ?? true
                probe?.note(passes)
                labels.required = required
                if !passes { continue }
            }
            labels.begin(stream: stream, metadata: set < metadata.count ? metadata[set] : [])
            if !pipeline.run(line, timestamp: columns.timestamps[entry], &labels, output: &output) { continue }
            statistics.linesPassed += 1
            body(entry, labels, output, line)
        }
    }
}

/// The filters of a pipeline, run with nothing extracted but what they read: lines that pass are parsed wholly afterwards, the others,
/// most of them, never.
private struct LineProbe {
    let pipeline: LogQLPipeline
    /// Names the filters read.
    let required: [String]
    private var tried = 0
    private var passed = 0

    /// nil where no filter follows a parser.
    init?(_ pipeline: LogQLPipeline) {
        var count = 0
        var isParsed = false
        search: for (index, stage) in pipeline.stages.enumerated() {
            switch stage {
            case .json, .jsonExpressions, .logfmt, .logfmtExpressions, .pattern, .regexp: isParsed = true
            case .labelFilter: if isParsed { count = index + 1 }
            case .lineFilter: break
            default: break search
            }
        }
        if count == 0 { return nil }
        let stages = Array(pipeline.stages[..<count])
        var names: [String] = []
        for stage in stages {
            stage.collectNames(into: &names)
            // An address filter lets lines with an error pass: the whole line is looked at for one.
            if case .labelFilter(let filter) = stage, filter.readsError { names.append(LineLabels.errorName) }
        }
        self.pipeline = LogQLPipeline(stages: stages)
        required = names
    }

    /// Whether enough lines fail to make up for looking twice at those that pass.
    var isWorthWhile: Bool { tried < 256 || passed < tried / 2 }

    mutating func note(_ passes: Bool) {
        tried += 1
        if passes { passed += 1 }
    }
}
