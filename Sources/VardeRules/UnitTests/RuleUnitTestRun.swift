import VardeModel
import VardeQuery

/// Runs unit tests of rules as promtool does: input series come in as time goes on, rules are evaluated at every interval.
package struct RuleUnitTestRun {
    private let file: RuleUnitTestFile
    private let rules: [RuleFile]

    /// - Parameter rules: the files the test names, read without errors.
    package init(_ file: RuleUnitTestFile, rules: [RuleFile]) {
        self.file = file
        self.rules = rules
    }

    /// What failed, in promtool's words.
    ///
    /// - Parameter isWanted: whether to run the tests of that name.
    package func run(where isWanted: (String) -> Bool) -> [String] {
        file.groups.filter { isWanted($0.name) }.flatMap(run)
    }

    /// Input series and results of rules, up to a time.
    private struct Storage: RuleStorage {
        var source = PromQLMemorySource()
        private var inputs: [(labels: Labels, values: [PromQLNotationValue], next: Int)]
        private let start: Int64
        private let interval: Int64
        private let subqueryStep: Int64

        init(_ group: RuleUnitTestFile.Group, subqueryStep: Int64) throws {
            start = group.start
            interval = group.interval
            self.subqueryStep = subqueryStep
            inputs = try group.series.map { series in
                var reader = PromQLSeriesNotation("\(series.series) \(series.values)")
                return (try reader.metric().labels, try reader.values(), 0)
            }
        }

        /// Takes in what the input series have up to a time.
        mutating func load(through time: Int64) {
            for index in inputs.indices {
                while inputs[index].next < inputs[index].values.count, start + Int64(inputs[index].next) * interval <= time {
                    let at = start + Int64(inputs[index].next) * interval
                    switch inputs[index].values[inputs[index].next] {
                    case .omitted: break
                    case .float(let value): source.append(inputs[index].labels, at, value)
                    case .histogram(let histogram, _): source.append(inputs[index].labels, at, histogram)
                    }
                    inputs[index].next += 1
                }
            }
        }

        mutating func append(_ labels: Labels, _ time: Int64, _ value: Double, _ histogram: NativeHistogram?) {
            if let histogram { source.append(labels, time, histogram) } else { source.append(labels, time, value) }
        }

        func query(
            _ expression: String, at time: Int64
        ) throws(QueryError) -> [(labels: Labels, value: Double, histogram: NativeHistogram?)] {
            var options = PromQLOptions()
            options.subqueryStep = subqueryStep
            options.delaysNameRemoval = false
            options.threads = 1
            let result = try PromQLEngine(source: source, options: options).instant(expression, at: time)
            switch result.value {
            case .vector(let matrix):
                return (0..<matrix.seriesCount).filter { matrix.kind($0, 0) != 0 }.map {
                    (matrix.labels[$0], matrix.value($0, 0), matrix.histogram($0, 0))
                }
            case .scalar(_, let value): return [(.empty, value, nil)]
            default: throw .execution("rule result is not a vector or scalar")
            }
        }
    }

    private func run(_ group: RuleUnitTestFile.Group) -> [String] {
        var storage: Storage
        do { storage = try Storage(group, subqueryStep: file.evaluationInterval) } catch { return ["\(error)"] }
        var surroundings = RuleGroupRun.Surroundings()
        surroundings.externalLabels = group.externalLabels
        surroundings.externalURL = group.externalURL
        var runs = orderedGroups().map { RuleGroupRun($0, surroundings) }
        var errors: [String] = []
        let last = group.start + group.lastTime
        let times = Set(group.alertTests.map(\.evalTime)).sorted()
        var next = 0
        for time in stride(from: group.start, through: last, by: Int64.Stride(file.evaluationInterval)) {
            storage.load(through: time)
            var failures: [String] = []
            for index in runs.indices {
                runs[index].evaluate(at: time, in: &storage)
                for (rule, error) in zip(runs[index].group.rules, runs[index].errors) {
                    guard let error else { continue }
                    failures.append("    rule: \(rule.name), time: \(GoDurationText.text(milliseconds: time)), err: \(error)")
                }
            }
            errors += failures
            if !failures.isEmpty { return errors }
            while next < times.count, times[next] < time + file.evaluationInterval - group.start {
                if times[next] >= time - group.start {
                    for test in group.alertTests where test.evalTime == times[next] { errors += check(test, group, runs) }
                }
                next += 1
            }
        }
        // As in promtool, samples behind the last evaluation are not there.
        for test in group.expressionTests { errors += check(test, group, storage) }
        return errors
    }

    /// Groups in the order asked for; those it does not name come first.
    private func orderedGroups() -> [RuleGroup] {
        let places = Dictionary(file.groupOrder.enumerated().map { ($0.element, $0.offset) }) { $1 }
        let all = rules.flatMap(\.groups).enumerated()
        return all.sorted { a, b in
            let (x, y) = (places[a.element.name] ?? 0, places[b.element.name] ?? 0)
            return x == y ? a.offset < b.offset : x < y
        }.map(\.element)
    }

    private func check(_ test: RuleUnitTestFile.AlertTest, _ group: RuleUnitTestFile.Group, _ runs: [RuleGroupRun]) -> [String] {
        func ordered(_ a: (labels: Labels, annotations: Labels), _ b: (labels: Labels, annotations: Labels)) -> Bool {
            a.labels == b.labels ? a.annotations < b.annotations : a.labels < b.labels
        }
        let got = runs.flatMap { $0.firing(test.alertName) }.sorted(by: ordered)
        let expected = test.expected.sorted(by: ordered)
        if got.count == expected.count, zip(got, expected).allSatisfy({ $0.labels == $1.labels && $0.annotations == $1.annotations }) {
            return []
        }
        let name = group.name.isEmpty ? "" : "    name: \(group.name),\n"
        let time = DurationText.format(milliseconds: test.evalTime)
        let indent = "            "
        return [
            name + "    alertname: \(test.alertName), time: \(time), \n        exp:\(RuleTestText.alerts(expected, indent)), \n"
                + "        got:\(RuleTestText.alerts(got, indent))"
        ]
    }

    private func check(_ test: RuleUnitTestFile.ExpressionTest, _ group: RuleUnitTestFile.Group, _ storage: Storage) -> [String] {
        let place = "    expr: \(test.expression.quoted), time: \(DurationText.format(milliseconds: test.evalTime))"
        typealias Sample = (labels: Labels, value: Double, histogram: NativeHistogram?)
        var got: [Sample]
        do throws(QueryError) {
            got = try storage.query(test.expression, at: group.start + test.evalTime)
        } catch {
            return ["\(place), err: \(error.message)"]
        }
        var expected: [Sample] = []
        for sample in test.expected {
            do {
                expected.append(try Self.sample(sample))
            } catch {
                return ["\(place), err: labels \(sample.labels.quoted): \(error)"]
            }
        }
        got.sort { $0.labels < $1.labels }
        expected.sort { $0.labels < $1.labels }
        let isEqual =
            got.count == expected.count
            && zip(got, expected).allSatisfy { a, b in
                a.labels == b.labels && RuleTestText.histogram(a.histogram) == RuleTestText.histogram(b.histogram)
                    && (a.histogram != nil || equal(a.value, b.value))
            }
        if isEqual { return [] }
        return ["\(place),\n        exp: \(RuleTestText.samples(expected))\n        got: \(RuleTestText.samples(got))"]
    }

    private func equal(_ a: Double, _ b: Double) -> Bool {
        a == b || file.comparesFuzzily && (a.nextDown == b || a.nextUp == b)
    }

    private static func sample(_ sample: RuleUnitTestFile.Sample) throws -> (labels: Labels, value: Double, histogram: NativeHistogram?) {
        var reader = PromQLSeriesNotation(sample.labels)
        let labels = try reader.metric().labels
        if sample.histogram.isEmpty { return (labels, sample.value, nil) }
        var values = PromQLSeriesNotation(sample.histogram)
        let read = try values.values()
        guard read.count == 1 else { throw RuleFileError("expected 1 value, got \(read.count)") }
        guard case .histogram(let histogram, _) = read[0] else { throw RuleFileError("expected histogram") }
        return (labels, 0, histogram)
    }
}
