import VardeCompression
import VardeModel

@testable import VardeQuery

/// Runs scripts of Prometheus' test language against the engine over series in memory.
struct PromQLScriptRunner {
    private var source = PromQLMemorySource()
    private(set) var passed = 0
    private(set) var total = 0
    private(set) var failures: [String] = []

    mutating func run(_ text: String) throws {
        for command in try PromQLScript.parse(text) {
            switch command {
            case .clear: source = PromQLMemorySource()
            case .load(let step, let nhcb, let series): try load(step, nhcb, series)
            case .eval(let own):
                total += 1
                do {
                    try check(own)
                    passed += 1
                } catch {
                    failures.append("line \(own.line): \(own.query): \(error)")
                }
            }
        }
    }

    private var engine: PromQLEngine {
        var options = PromQLOptions()
        options.maxAnnotations = 0
        return PromQLEngine(source: source, options: options)
    }

    // MARK: Loading

    private mutating func load(
        _ step: Int64, _ nhcb: Bool, _ series: [(labels: Labels, values: [PromQLNotationValue], starts: [Int64?])]
    ) throws {
        for own in series {
            guard own.starts.isEmpty || own.starts.count == own.values.count else {
                throw PromQLScriptError("start timestamps differ in number")
            }
            for (i, value) in own.values.enumerated() {
                let time = Int64(i) * step
                let start = own.starts.isEmpty ? 0 : own.starts[i].map { time + $0 } ?? 0
                switch value {
                case .omitted: break
                case .float(let number): source.append(own.labels, time, number, start: start)
                case .histogram(let histogram, _): source.append(own.labels, time, histogram, start: start)
                }
            }
        }
        if nhcb { convertClassic(series.map { ($0.labels, $0.values) }, step) }
    }

    /// Writes classic histograms once more as histograms with custom buckets under the base name.
    private mutating func convertClassic(_ series: [(labels: Labels, values: [PromQLNotationValue])], _ step: Int64) {
        struct Parts {
            var buckets: [Double: Double] = [:]
            var sum = 0.0
            var count: Double?
        }
        var groups: [(labels: Labels, parts: [Int: Parts])] = []
        for (labels, values) in series {
            guard let suffix = ["_bucket", "_sum", "_count"].first(where: { labels.name.hasSuffix($0) }) else { continue }
            let base = labels.setting(Labels.metricName, to: String(labels.name.dropLast(suffix.count))).removing(["le"])
            let bound = GoNumber.float(labels["le"] ?? "")
            if suffix == "_bucket", bound == nil { continue }
            var place = groups.firstIndex { $0.labels == base }
            if place == nil {
                groups.append((base, [:]))
                place = groups.count - 1
            }
            for (i, value) in values.enumerated() {
                guard case .float(let number) = value, let place else { continue }
                switch suffix {
                case "_bucket": if let bound { groups[place].parts[i, default: Parts()].buckets[bound] = number }
                case "_sum": groups[place].parts[i, default: Parts()].sum = number
                default: groups[place].parts[i, default: Parts()].count = number
                }
            }
        }
        for (labels, parts) in groups {
            for (i, part) in parts.sorted(by: { $0.key < $1.key }) {
                var buckets = part.buckets.sorted { $0.key < $1.key }
                let count = part.count ?? buckets.last?.value ?? 0
                if buckets.last?.key != .infinity { buckets.append((.infinity, count)) }
                var before = 0.0
                var counts: [Double] = []
                for bucket in buckets {
                    counts.append(bucket.value - before)
                    before = bucket.value
                }
                let histogram = NativeHistogram(
                    schema: NativeHistogram.customBucketsSchema, count: count, sum: part.sum,
                    positiveSpans: [.init(offset: 0, length: UInt32(counts.count))], positiveBuckets: counts,
                    customBounds: buckets.dropLast().map(\.key))
                source.append(labels, Int64(i) * step, histogram)
            }
        }
    }

    // MARK: Checking

    private func check(_ own: PromQLScriptCase) throws {
        let result: PromQLResult
        do throws(QueryError) {
            if let step = own.step {
                result = try engine.range(own.query, start: own.start, end: own.end, step: step)
            } else {
                result = try engine.instant(own.query, at: own.start)
            }
        } catch {
            guard own.fails else { throw PromQLScriptError("failed: \(error.message)") }
            for expectation in own.expectations where expectation.kind == .fail {
                guard Self.matches(error.message, expectation.text) else { throw PromQLScriptError("another error: \(error.message)") }
            }
            return
        }
        if own.fails { throw PromQLScriptError("expected to fail") }
        try compare(result, own)
        try checkAnnotations(result, own)
        if own.step == nil, own.string == nil, own.rangeVector == nil { try checkAgain(own) }
    }

    private static func matches(_ text: String, _ wanted: PromQLScriptCase.Text) -> Bool {
        switch wanted {
        case .any: true
        case .message(let message): text == message
        case .pattern(let pattern): (try? Regex(pattern))?.matchesAnywhere(Array(text.utf8).span) ?? false
        }
    }

    private func checkAnnotations(_ result: PromQLResult, _ own: PromQLScriptCase) throws {
        for (kind, texts, none) in [
            (PromQLScriptCase.Kind.warn, result.warnings, PromQLScriptCase.Kind.noWarn), (.info, result.infos, .noInfo),
        ] {
            let wanted = own.expectations.filter { $0.kind == kind }
            for expectation in wanted where !texts.contains(where: { Self.matches($0, expectation.text) }) {
                throw PromQLScriptError("missing \(kind): \(expectation.text), got \(texts)")
            }
            if !wanted.isEmpty, let text = texts.first(where: { text in !wanted.contains { Self.matches(text, $0.text) } }) {
                throw PromQLScriptError("unexpected \(kind): \(text)")
            }
            if own.expectations.contains(where: { $0.kind == none }), let text = texts.first {
                throw PromQLScriptError("unexpected \(kind): \(text)")
            }
        }
    }

    /// The same evaluation at other times with `@` put in, and as the middle of a range.
    private func checkAgain(_ own: PromQLScriptCase) throws {
        let expression = try PromQLEngine.parse(own.query)
        if let pinned = expression.pinned(at: own.start) {
            for time in [-10 * own.start, 0, own.start / 5, own.start, 10 * own.start] {
                do throws(QueryError) {
                    let result = try engine.instant(pinned, query: own.query, at: time)
                    do { try compare(result, own) } catch { throw .execution("\(error)") }
                } catch {
                    throw PromQLScriptError("pinned, at \(time): \(error.message)")
                }
            }
        }
        // The query's own bounds differ in a range around the time.
        if own.ordered || expression.asksForBounds { return }
        let minute: Int64 = 60_000
        let result: PromQLResult
        do throws(QueryError) {
            result = try engine.range(own.query, start: own.start - minute, end: own.start + minute, step: minute)
        } catch {
            throw PromQLScriptError("as range: \(error.message)")
        }
        guard case .matrix(let matrix) = result.value else { throw PromQLScriptError("as range: no matrix") }
        var middle = StepMatrix(grid: StepGrid(at: own.start))
        for series in 0..<matrix.seriesCount where matrix.kind(series, 1) != PointKind.absent {
            middle.appendEmpty(matrix.labels[series])
            if let histogram = matrix.histogram(series, 1) {
                middle.set(middle.seriesCount - 1, 0, histogram)
            } else {
                middle.set(middle.seriesCount - 1, 0, matrix.value(series, 1))
            }
        }
        do {
            if let scalar = own.scalar {
                guard middle.seriesCount == 1, Self.almostEqual(middle.value(0, 0), scalar) else {
                    throw PromQLScriptError("scalar differs")
                }
            } else {
                try compare(vector: middle, own, ordered: false)
            }
        } catch {
            throw PromQLScriptError("as range: \(error)")
        }
    }

    private func compare(_ result: PromQLResult, _ own: PromQLScriptCase) throws {
        switch result.value {
        case .string(_, let text): guard text == own.string else { throw PromQLScriptError("string \(text)") }
        case .scalar(_, let value):
            guard let wanted = own.scalar, Self.almostEqual(value, wanted) else { throw PromQLScriptError("scalar \(value)") }
        case .vector(let matrix):
            if own.scalar != nil { throw PromQLScriptError("vector instead of scalar") }
            try compare(vector: matrix, own, ordered: own.ordered)
        case .matrix(let matrix):
            var points: [(Labels, [Int64: PromQLNotationValue])] = []
            for series in 0..<matrix.seriesCount {
                var own: [Int64: PromQLNotationValue] = [:]
                for step in 0..<matrix.grid.count {
                    if let histogram = matrix.histogram(series, step) {
                        own[matrix.grid.time(step)] = .histogram(histogram, hintWritten: false)
                    } else if matrix.kind(series, step) == PointKind.float {
                        own[matrix.grid.time(step)] = .float(matrix.value(series, step))
                    }
                }
                points.append((matrix.labels[series], own))
            }
            var wanted = own.series
            if let scalar = own.scalar { wanted.append((.empty, (0..<matrix.grid.count).map { _ in .float(scalar) })) }
            try compare(points, wanted, start: own.start, step: own.step ?? 1)
        case .series(let series):
            let points = series.map { series -> (Labels, [Int64: PromQLNotationValue]) in
                var own: [Int64: PromQLNotationValue] = [:]
                for i in 0..<series.samples.count {
                    if !series.samples.histograms.isEmpty, let histogram = series.samples.histograms[i] {
                        own[series.samples.timestamps[i]] = .histogram(histogram, hintWritten: false)
                    } else {
                        own[series.samples.timestamps[i]] = .float(series.samples.values[i])
                    }
                }
                return (series.labels, own)
            }
            guard let range = own.rangeVector else { throw PromQLScriptError("range vector not expected") }
            try compare(points, own.series, start: range.start, step: range.step)
        }
    }

    private func compare(vector: StepMatrix, _ own: PromQLScriptCase, ordered: Bool) throws {
        var found: Set<Int> = []
        for (place, wanted) in own.series.enumerated() {
            guard let series = (0..<vector.seriesCount).first(where: { vector.labels[$0] == wanted.labels }) else {
                throw PromQLScriptError("missing \(wanted.labels), got \(vector.labels)")
            }
            if ordered, series != place { throw PromQLScriptError("\(wanted.labels) at place \(series), not \(place)") }
            found.insert(series)
            guard wanted.values.count == 1, let value = wanted.values.first else { throw PromQLScriptError("more than one value") }
            let got: PromQLNotationValue =
                vector.histogram(series, 0).map { .histogram($0, hintWritten: false) } ?? .float(vector.value(series, 0))
            try Self.compare(got, value, "\(wanted.labels)")
        }
        if found.count != vector.seriesCount {
            let more = (0..<vector.seriesCount).filter { !found.contains($0) }
            throw PromQLScriptError("unexpected \(more.map { "\(vector.labels[$0]) \(vector.value($0, 0))" })")
        }
    }

    private func compare(
        _ points: [(Labels, [Int64: PromQLNotationValue])], _ wanted: [(labels: Labels, values: [PromQLNotationValue])], start: Int64,
        step: Int64
    ) throws {
        for own in wanted {
            guard let got = points.first(where: { $0.0 == own.labels }) else {
                throw PromQLScriptError("missing \(own.labels), got \(points.map(\.0))")
            }
            var count = 0
            for (i, value) in own.values.enumerated() {
                if case .omitted = value { continue }
                count += 1
                let time = start + Int64(i) * step
                guard let point = got.1[time] else { throw PromQLScriptError("\(own.labels) has nothing at \(time)") }
                try Self.compare(point, value, "\(own.labels) at \(time)")
            }
            guard count == got.1.count else {
                throw PromQLScriptError("\(own.labels) has \(got.1.count) points, not \(count): \(got.1.keys.sorted())")
            }
        }
        if let more = points.first(where: { point in !wanted.contains { $0.labels == point.0 } }) {
            throw PromQLScriptError("unexpected \(more.0)")
        }
    }

    // MARK: Values

    static func almostEqual(_ a: Double, _ b: Double) -> Bool {
        if a.isStaleMarker || b.isStaleMarker { return a.isStaleMarker && b.isStaleMarker }
        if a.isNaN || b.isNaN { return a.isNaN && b.isNaN }
        if a == b { return true }
        let sum = a.magnitude + b.magnitude
        let difference = (a - b).magnitude
        if a == 0 || b == 0 || sum < .leastNormalMagnitude { return difference < 1e-6 * .leastNormalMagnitude }
        return difference / Swift.min(sum, .greatestFiniteMagnitude) < 1e-6
    }

    private static func compare(_ got: PromQLNotationValue, _ wanted: PromQLNotationValue, _ place: String) throws {
        switch (got, wanted) {
        case (.float(let x), .float(let y)):
            guard almostEqual(x, y) else { throw PromQLScriptError("\(place): \(x), not \(y)") }
        case (.histogram(let x, _), .histogram(let y, let hintWritten)):
            let a = x.compacted()
            let b = y.compacted()
            func same(_ x: [Double], _ y: [Double]) -> Bool { x.count == y.count && zip(x, y).allSatisfy { almostEqual($0, $1) } }
            guard
                a.schema == b.schema, a.zeroThreshold == b.zeroThreshold, a.customBounds == b.customBounds, almostEqual(a.count, b.count),
                almostEqual(a.sum, b.sum), almostEqual(a.zeroCount, b.zeroCount), a.positiveSpans == b.positiveSpans,
                a.negativeSpans == b.negativeSpans, same(a.positiveBuckets, b.positiveBuckets), same(a.negativeBuckets, b.negativeBuckets),
                !hintWritten || a.counterResetHint == b.counterResetHint
            else { throw PromQLScriptError("\(place): \(a), not \(b)") }
        default: throw PromQLScriptError("\(place): \(got), not \(wanted)")
        }
    }
}

extension PromQLExpression {
    /// The expression with `@` put on every selector and subquery that lacks one; nil where time enters another way.
    fileprivate func pinned(at time: Int64) -> PromQLExpression? {
        switch self {
        case .number, .string: return self
        case .selector(var node):
            if node.shift.at == nil { node.shift.at = .time(time) }
            return .selector(node)
        case .range(var node):
            if node.selector.shift.at == nil { node.selector.shift.at = .time(time) }
            return .range(node)
        case .subquery(var node):
            // Selectors inside keep their own time.
            if node.expression.pinned(at: time) == nil { return nil }
            if node.shift.at == nil { node.shift.at = .time(time) }
            return .subquery(node)
        case .paren(var node):
            guard let inner = node.expression.pinned(at: time) else { return nil }
            node.expression = inner
            return .paren(node)
        case .unary(var node):
            guard let inner = node.expression.pinned(at: time) else { return nil }
            node.expression = inner
            return .unary(node)
        case .aggregate(var node):
            guard let inner = node.expression.pinned(at: time) else { return nil }
            node.expression = inner
            if let parameter = node.parameter {
                guard let inner = parameter.pinned(at: time) else { return nil }
                node.parameter = inner
            }
            return .aggregate(node)
        case .binary(var node):
            guard let left = node.left.pinned(at: time), let right = node.right.pinned(at: time) else { return nil }
            node.left = left
            node.right = right
            return .binary(node)
        case .call(var node):
            let unsafe: Set<String> = [
                "days_in_month", "day_of_month", "day_of_week", "day_of_year", "end", "hour", "minute", "month", "year", "predict_linear",
                "range", "start", "step", "time", "timestamp",
            ]
            if unsafe.contains(node.function.name) { return nil }
            for i in node.arguments.indices {
                if node.function.name == "info", i == 1 { continue }
                guard let inner = node.arguments[i].pinned(at: time) else { return nil }
                node.arguments[i] = inner
            }
            return .call(node)
        }
    }

    /// Whether `start()`, `end()`, `range()` or `step()` occurs.
    fileprivate var asksForBounds: Bool {
        switch self {
        case .number, .string, .selector, .range: return false
        case .subquery(let node): return node.expression.asksForBounds
        case .paren(let node): return node.expression.asksForBounds
        case .unary(let node): return node.expression.asksForBounds
        case .aggregate(let node): return node.expression.asksForBounds || node.parameter?.asksForBounds ?? false
        case .binary(let node): return node.left.asksForBounds || node.right.asksForBounds
        case .call(let node):
            return ["start", "end", "range", "step"].contains(node.function.name) || node.arguments.contains { $0.asksForBounds }
        }
    }
}
