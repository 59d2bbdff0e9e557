internal import VardeModel

extension LogLookups {
    /// Lines patterns are found in: of more a part of the pages is read, evenly over the range, and counted as often as it stands for.
    private static let maxPatternLines = 500_000
    /// Patterns given at most, those with most lines.
    package static let maxPatterns = 300

    /// Patterns of the lines of a log query with their counts, the most frequent first.
    ///
    /// - Parameter step: nanoseconds of a step; steps begin at whole multiples since the epoch.
    package func patterns(
        _ query: LogQLLogQuery, start: Int64, end: Int64, step: Int64, budget: QueryBudget = QueryBudget()
    ) throws(QueryError) -> [LogPattern] {
        let step = max(step, 1_000_000_000)
        let pipeline = try LogQLPipeline(query.stages, resolvePII: options.resolvePII)
        let selection = try LogScan.select(source, pipeline.request(query.matchers, start: start, end: end))
        let lines = selection.pages.reduce(0) { $0 + $1.entryCount }
        let stride = max(1, (lines + Self.maxPatternLines - 1) / Self.maxPatternLines)
        var templates: [String: LogTemplates] = [:]
        var columns = LogColumns()
        var scanner = LineScanner(pipeline: pipeline)
        for (place, page) in selection.pages.enumerated() where place % stride == 0 {
            try budget.check()
            try Self.reading { try selection.read(page, into: &columns) }
            let stream = selection.streams[page.stream].labels
            scanner.begin(columns, stream: stream)
            scanner.scan(columns, columns.entries(from: start, to: end)) { entry, labels, output, line in
                let time = columns.timestamps[entry]
                let bucket = Int((time >= 0 ? time : time - step + 1) / step)
                let level = Self.level(labels)
                if output.isRewritten {
                    templates[level, default: LogTemplates()].add(output.bytes.span, step: bucket, count: stride)
                } else {
                    templates[level, default: LogTemplates()].add(line, step: bucket, count: stride)
                }
            }
        }
        var patterns: [LogPattern] = []
        for (level, found) in templates {
            for (pattern, counts) in found.patterns() {
                let samples = counts.sorted { $0.key < $1.key }.map { (time: Int64($0.key) * step / 1_000_000_000, count: $0.value) }
                patterns.append(LogPattern(pattern: pattern, level: level, samples: samples))
            }
        }
        patterns.sort { a, b in
            let x = a.total
            let y = b.total
            if x != y { return x > y }
            return a.pattern == b.pattern ? a.level < b.level : a.pattern.utf8Precedes(b.pattern)
        }
        return Array(patterns.prefix(Self.maxPatterns))
    }

    private static func level(_ labels: LineLabels) -> String {
        for name in ["detected_level", "level"] {
            if let found = labels.find(name)?.value, !found.isEmpty { return found }
        }
        return "unknown"
    }
}
