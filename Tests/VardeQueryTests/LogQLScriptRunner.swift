import VardeCompression
import VardeModel

@testable import VardeQuery

/// Runs scripts of the LogQL test language over lines in memory; a line it does not understand fails the run.
struct LogQLScriptRunner {
    /// 2026-01-01T00:00Z in nanoseconds: offset 0 of the scripts.
    private static let origin: Int64 = 1_767_225_600_000_000_000

    private struct Evaluation {
        var line: Int
        var query: String
        var grid: (start: Int64, end: Int64, step: Int64)?
        var time: Int64 = 0
        var expectations: [String] = []
        var series: [(labels: Labels, points: [Double?])] = []
        var number: Double?
    }

    private var source = LogMemorySource()
    private(set) var passed = 0
    private(set) var total = 0
    private(set) var failures: [String] = []

    mutating func run(_ text: String) throws {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)[...]
        var number = 0
        while let raw = lines.popFirst() {
            number += 1
            let line = raw.trimmed
            if line.isEmpty || line.hasPrefix("#") { continue }
            if line == "clear" {
                source = LogMemorySource()
            } else if line == "load" {
                while let next = lines.first, !next.trimmed.isEmpty, next.hasPrefix(" ") {
                    lines.removeFirst()
                    number += 1
                    if !next.trimmed.hasPrefix("#") { try load(next.trimmed) }
                }
            } else if line.hasPrefix("eval ") {
                var evaluation = try Self.evaluation(line, number)
                while let next = lines.first, !next.trimmed.isEmpty, next.hasPrefix(" ") {
                    lines.removeFirst()
                    number += 1
                    try Self.read(next.trimmed, into: &evaluation)
                }
                total += 1
                do {
                    try check(evaluation)
                    passed += 1
                } catch {
                    failures.append("line \(evaluation.line): \(evaluation.query): \(error)")
                }
            } else {
                throw PromQLScriptError("line \(number) is not understood: \(line)")
            }
        }
    }

    // MARK: Reading

    private static func duration(_ text: some StringProtocol) throws -> Int64 {
        if text == "0" { return 0 }
        guard let value = DurationText.milliseconds(String(text)) else { throw PromQLScriptError("no duration: \(text)") }
        return value * 1_000_000
    }

    private static func evaluation(_ line: String, _ number: Int) throws -> Evaluation {
        let words = line.split(separator: " ", omittingEmptySubsequences: true)
        func rest(after count: Int) -> String {
            var text = line[...]
            for _ in 0..<count {
                text = text.drop { $0 == " " }
                text = text.drop { $0 != " " }
            }
            return String(text.drop { $0 == " " })
        }
        if words[1] == "instant", words[2] == "at" {
            let offset: Int64 = try duration(words[3])
            return Evaluation(line: number, query: rest(after: 4), time: origin + offset)
        }
        guard words[1] == "range", words[2] == "from", words[4] == "to", words[6] == "step" else {
            throw PromQLScriptError("line \(number): \(line)")
        }
        let (start, end, step) = (try duration(words[3]), try duration(words[5]), try duration(words[7]))
        return Evaluation(line: number, query: rest(after: 8), grid: (origin + start, origin + end, step))
    }

    private static func read(_ line: String, into evaluation: inout Evaluation) throws {
        if line.hasPrefix("#") || line.hasPrefix("skip values-comparison") { return }
        if line.hasPrefix("expect ") {
            evaluation.expectations.append(String(line.dropFirst(7)))
        } else if line.hasPrefix("{") {
            let end = try selectorEnd(line)
            let labels = try Self.labels(String(line[..<end]))
            let points = try line[end...].prefix { $0 != "#" }.split(separator: " ").flatMap { try point($0) }
            evaluation.series.append((labels, points))
        } else {
            guard let number = Double(line) else { throw PromQLScriptError("not understood: \(line)") }
            evaluation.number = number
        }
    }

    private static func point(_ word: Substring) throws -> [Double?] {
        if word == "_" { return [nil] }
        if word.hasPrefix("_x"), let count = Int(word.dropFirst(2)) { return Array(repeating: nil, count: count) }
        if let number = GoNumber.float(String(word)) { return [number] }
        let parts = word.split(separator: "x")
        guard parts.count == 2, let count = Int(parts[1]) else { throw PromQLScriptError("no point: \(word)") }
        if let number = Double(parts[0]) { return Array(repeating: number, count: count + 1) }
        guard let sign = parts[0].dropFirst().lastIndex(where: { $0 == "+" || $0 == "-" }), let first = Double(parts[0][..<sign]),
            let step = Double(parts[0][sign...])
        else { throw PromQLScriptError("no point: \(word)") }
        return (0...count).map { first + Double($0) * step }
    }

    private static func selectorEnd(_ line: String) throws -> String.Index {
        var quote: Character?
        var index = line.startIndex
        while index < line.endIndex {
            let character = line[index]
            let next = line.index(after: index)
            if let open = quote {
                if character == "\\", open == "\"" { index = next } else if character == open { quote = nil }
            } else if character == "\"" || character == "`" {
                quote = character
            } else if character == "}" {
                return next
            }
            index = line.index(after: index)
        }
        throw PromQLScriptError("selector without end: \(line)")
    }

    private static func labels(_ text: String) throws -> Labels {
        var list: [Label] = []
        do {
            for matcher in try LogQLParser.parseMatchers(text) { list.append(Label(matcher.name, matcher.value)) }
        } catch {
            throw PromQLScriptError("\(text): \(error)")
        }
        return Labels(sortedUnchecked: list.sorted { $0.name.utf8Precedes($1.name) })
    }

    /// `<selector> "<line>" @ <start> [repeat every <d> for <n>] [metadata k="v" …]`, with an optional comment behind.
    private mutating func load(_ text: String) throws {
        let end = try Self.selectorEnd(text)
        let labels = try Self.labels(String(text[..<end]))
        var rest = text[end...].drop { $0 == " " }
        guard let quote = rest.first, quote == "\"" || quote == "`", let close = rest.dropFirst().firstIndex(of: quote) else {
            throw PromQLScriptError("no line: \(text)")
        }
        let line = String(rest[rest.index(after: rest.startIndex)..<close])
        rest = rest[rest.index(after: close)...].drop { $0 == " " }
        guard rest.hasPrefix("@ ") else { throw PromQLScriptError("no time: \(text)") }
        rest = rest.dropFirst(2).drop { $0 == " " }
        let start = try Self.duration(rest.prefix { $0 != " " })
        rest = rest.drop { $0 != " " }.drop { $0 == " " }
        var every: Int64 = 0
        var count = 1
        var metadata: [Label] = []
        while rest.hasPrefix("[") {
            guard let bracket = rest.firstIndex(of: "]") else { throw PromQLScriptError("open bracket: \(text)") }
            let inner = rest[rest.index(after: rest.startIndex)..<bracket]
            let words = inner.split(separator: " ")
            if words.first == "repeat", words.count == 5, words[1] == "every", words[3] == "for", let times = Int(words[4]) {
                every = try Self.duration(words[2])
                count = times
            } else if words.first == "metadata" {
                metadata = try Self.labels("{" + inner.dropFirst(9).replacing("\" ", with: "\", ") + "}").map { $0 }
            } else {
                throw PromQLScriptError("not understood: [\(inner)]")
            }
            rest = rest[rest.index(after: bracket)...].drop { $0 == " " }
        }
        if !rest.isEmpty, !rest.hasPrefix("#") { throw PromQLScriptError("not understood: \(rest)") }
        for i in 0..<count {
            source.append(
                Labels(labels.map { $0 }), Self.origin + start + Int64(i) * every, line.replacing("{{.i}}", with: String(i)),
                Labels(sortedUnchecked: metadata))
        }
    }

    // MARK: Checking

    private func check(_ evaluation: Evaluation) throws {
        let failure = evaluation.expectations.first { $0.hasPrefix("fail") }
        let result: LogQLVector
        do throws(QueryError) {
            guard case .metric(let metric) = try LogQLEngine.parse(evaluation.query) else { throw QueryError.badData("a log query") }
            var options = LogQLOptions()
            options.threads = 2
            let engine = LogQLEngine(source: source, options: options)
            if let grid = evaluation.grid {
                result = try engine.range(metric, start: grid.start, end: grid.end, step: grid.step)
            } else {
                result = try engine.instant(metric, at: evaluation.time)
            }
        } catch {
            guard let failure else { throw error }
            return try check(error.message, failure)
        }
        if let failure { throw PromQLScriptError("should fail: \(failure)") }
        if evaluation.expectations.contains("empty") {
            if result.matrix.pointCount > 0 { throw PromQLScriptError("not empty: \(describe(result.matrix))") }
            return
        }
        if let number = evaluation.number {
            for step in 0..<result.matrix.grid.count where !Self.close(result.matrix.value(0, step), number) {
                throw PromQLScriptError("is \(describe(result.matrix))")
            }
            return
        }
        try compare(result.matrix, evaluation)
    }

    private func check(_ message: String, _ expectation: String) throws {
        let wanted = expectation.dropFirst(4).trimmed
        if wanted.hasPrefix("msg:") {
            let text = wanted.dropFirst(4).trimmed
            if !message.contains(text) { throw PromQLScriptError("fails by “\(message)”") }
        } else if wanted.hasPrefix("regex:") {
            let pattern = Array(message.utf8)
            if try Regex(wanted.dropFirst(6).trimmed).firstMatch(in: pattern.span) == nil {
                throw PromQLScriptError("fails by “\(message)”")
            }
        } else if !wanted.isEmpty {
            throw PromQLScriptError("not understood: expect \(expectation)")
        }
    }

    private func compare(_ matrix: StepMatrix, _ evaluation: Evaluation) throws {
        var left = Set(matrix.labels.indices.filter { matrix.hasPoints($0) })
        for (place, wanted) in evaluation.series.enumerated() {
            guard let series = left.first(where: { matrix.labels[$0] == wanted.labels }) else {
                throw PromQLScriptError("lacks \(wanted.labels): \(describe(matrix))")
            }
            left.remove(series)
            if evaluation.expectations.contains("ordered"), series != place {
                throw PromQLScriptError("order differs: \(describe(matrix))")
            }
            if wanted.points.count != matrix.grid.count { throw PromQLScriptError("\(matrix.grid.count) steps") }
            for (step, point) in wanted.points.enumerated() {
                let has = matrix.kind(series, step) != PointKind.absent
                guard has == (point != nil), !has || Self.close(matrix.value(series, step), point ?? 0) else {
                    throw PromQLScriptError("differs at step \(step): \(describe(matrix))")
                }
            }
        }
        if !left.isEmpty { throw PromQLScriptError("has more: \(describe(matrix))") }
    }

    private static func close(_ a: Double, _ b: Double) -> Bool {
        if a.isNaN || b.isNaN { return a.isNaN && b.isNaN }
        if a == b { return true }
        return (a - b).magnitude <= 1e-9 * max(1, max(a.magnitude, b.magnitude))
    }

    private func describe(_ matrix: StepMatrix) -> String {
        (0..<matrix.seriesCount).map { series in
            "\(matrix.labels[series]) "
                + (0..<matrix.grid.count).map { matrix.kind(series, $0) == 0 ? "_" : "\(matrix.value(series, $0))" }.joined(separator: " ")
        }.joined(separator: "; ")
    }
}

extension StringProtocol {
    fileprivate var trimmed: String {
        var text = Substring(self)
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
