package import VardeModel

/// A log query as a test of single lines: for those that look for lines to remove rather than to show.
package struct LogQLLineTest: Sendable {
    /// The streams it selects.
    package let matchers: [LabelMatcher]
    /// Texts each of its lines holds, one of each group at least.
    package let required: [[[UInt8]]]
    /// Whether it selects every line of its streams.
    package let isEveryLine: Bool
    private let pipeline: LogQLPipeline

    /// - Throws: Loki's words where it is no query, or none of lines.
    package init(_ query: String) throws(QueryError) {
        guard case .log(let log) = try LogQLEngine.parse(query) else {
            throw .badData("only queries of lines select lines, this one yields numbers")
        }
        matchers = log.matchers
        pipeline = try LogQLPipeline(log.stages, resolvePII: nil)
        required = pipeline.requiredSubstrings
        isEveryLine = log.stages.isEmpty
    }

    /// Whether an entry of a stream is one of its lines.
    package func holds(_ stream: Labels, _ columns: LogColumns, _ index: Int) -> Bool {
        var labels = LineLabels()
        var output = LineOutput()
        labels.begin(stream: stream, metadata: LineLabels.metadataLabels(columns.metadata(index), stream: stream))
        let line = columns.lineBytes.span.extracting(columns.lineRange(index))
        return pipeline.run(line, timestamp: columns.timestamps[index], &labels, output: &output)
    }
}
