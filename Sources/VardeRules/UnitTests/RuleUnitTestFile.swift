package import VardeModel

/// A file of unit tests of rules, as promtool reads it. Times are milliseconds.
package struct RuleUnitTestFile: Sendable {
    package struct Series: Sendable {
        package var series: String
        package var values: String
    }

    package struct AlertTest: Sendable {
        package var evalTime: Int64
        package var alertName: String
        package var expected: [(labels: Labels, annotations: Labels)]
    }

    package struct Sample: Sendable {
        package var labels: String
        package var value: Double
        package var histogram: String
    }

    package struct ExpressionTest: Sendable {
        package var expression: String
        package var evalTime: Int64
        package var expected: [Sample]
    }

    package struct Group: Sendable {
        package var name = ""
        package var interval: Int64
        package var series: [Series] = []
        package var alertTests: [AlertTest] = []
        package var expressionTests: [ExpressionTest] = []
        package var externalLabels = Labels.empty
        package var externalURL = ""
        package var start: Int64 = 0

        /// The latest time anything is asked of.
        package var lastTime: Int64 { (alertTests.map(\.evalTime) + expressionTests.map(\.evalTime)).max() ?? 0 }
    }

    package var ruleFiles: [String] = []
    package var evaluationInterval: Int64 = 60_000
    package var groupOrder: [String] = []
    package var groups: [Group] = []
    package var comparesFuzzily = false

    /// - Throws: where the text is no such file, in the words of promtool.
    package init(_ text: String) throws(RuleFileError) {
        let keys = try RuleYAML(text: text).fields(
            ["rule_files", "evaluation_interval", "group_eval_order", "tests", "fuzzy_compare"], of: "main.unitTestFile")
        for node in try keys["rule_files"]?.list() ?? [] { ruleFiles.append(try node.text()) }
        let interval = try keys["evaluation_interval"]?.duration() ?? 0
        if interval > 0 { evaluationInterval = interval }
        for node in try keys["group_eval_order"]?.list() ?? [] { groupOrder.append(try node.text()) }
        comparesFuzzily = try keys["fuzzy_compare"]?.boolean() ?? false
        for name in groupOrder where groupOrder.count(where: { $0 == name }) > 1 {
            throw RuleFileError("group name repeated in evaluation order: \(name)")
        }
        for node in try keys["tests"]?.list() ?? [] { groups.append(try Self.group(node, interval: evaluationInterval)) }
    }

    private static func group(_ node: RuleYAML, interval: Int64) throws(RuleFileError) -> Group {
        let keys = try node.fields(
            [
                "interval", "input_series", "alert_rule_test", "promql_expr_test", "external_labels", "external_url", "name",
                "start_timestamp",
            ], of: "main.testGroup")
        let own = try keys["interval"]?.duration() ?? 0
        var group = Group(interval: own > 0 ? own : interval)
        group.name = try keys["name"]?.text() ?? ""
        group.externalURL = try keys["external_url"]?.text() ?? ""
        group.externalLabels = Labels(try keys["external_labels"]?.texts().map { Label($0.0, $0.1) } ?? [])
        if let node = keys["start_timestamp"] {
            let text = try node.text()
            guard let time = RuleTime.milliseconds(text) else { throw RuleFileError("cannot parse \(text.quoted) to a valid timestamp") }
            group.start = time
        }
        for node in try keys["input_series"]?.list() ?? [] {
            let fields = try node.fields(["series", "values"], of: "main.series")
            group.series.append(Series(series: try fields["series"]?.text() ?? "", values: try fields["values"]?.text() ?? ""))
        }
        for node in try keys["alert_rule_test"]?.list() ?? [] { group.alertTests.append(try alertTest(node, group.name)) }
        for node in try keys["promql_expr_test"]?.list() ?? [] { group.expressionTests.append(try expressionTest(node)) }
        return group
    }

    private static func alertTest(_ node: RuleYAML, _ groupName: String) throws(RuleFileError) -> AlertTest {
        let fields = try node.fields(["eval_time", "alertname", "exp_alerts"], of: "main.alertTestCase")
        var test = AlertTest(
            evalTime: try fields["eval_time"]?.duration() ?? 0, alertName: try fields["alertname"]?.text() ?? "", expected: [])
        if test.alertName.isEmpty {
            let place = groupName.isEmpty ? "" : " (in TestGroup \(groupName))"
            throw RuleFileError(
                "an item under alert_rule_test misses required attribute alertname at eval_time "
                    + "\(DurationText.format(milliseconds: test.evalTime))\(place)")
        }
        for node in try fields["exp_alerts"]?.list() ?? [] {
            let alert = try node.fields(["exp_labels", "exp_annotations"], of: "main.alert")
            let labels = try alert["exp_labels"]?.texts() ?? []
            let annotations = try alert["exp_annotations"]?.texts() ?? []
            test.expected.append(
                (
                    Labels(labels.map { Label($0.0, $0.1) }).setting("alertname", to: test.alertName),
                    Labels(annotations.map { Label($0.0, $0.1) })
                ))
        }
        return test
    }

    private static func expressionTest(_ node: RuleYAML) throws(RuleFileError) -> ExpressionTest {
        let fields = try node.fields(["expr", "eval_time", "exp_samples"], of: "main.promqlTestCase")
        var test = ExpressionTest(
            expression: try fields["expr"]?.text() ?? "", evalTime: try fields["eval_time"]?.duration() ?? 0, expected: [])
        for node in try fields["exp_samples"]?.list() ?? [] {
            let sample = try node.fields(["labels", "value", "histogram"], of: "main.sample")
            test.expected.append(
                Sample(
                    labels: try sample["labels"]?.text() ?? "", value: try sample["value"]?.number() ?? 0,
                    histogram: try sample["histogram"]?.text() ?? ""))
        }
        return test
    }
}

/// Moments as unit tests write them: Unix seconds, or RFC 3339 in UTC or with an offset.
enum RuleTime {
    static func milliseconds(_ text: String) -> Int64? {
        if let seconds = Double(text) { return seconds.magnitude < 9e15 ? Int64((seconds * 1000).rounded()) : nil }
        let pattern = #/(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(\.\d+)?(?:Z|z|([+-])(\d\d):(\d\d))/#
        guard let match = text.wholeMatch(of: pattern) else { return nil }
        let parts = [match.1, match.2, match.3, match.4, match.5, match.6].map { Int64($0) ?? 0 }
        let days = CivilDate(year: parts[0], month: parts[1], day: parts[2]).daysSince1970
        var seconds = days * 86_400 + parts[3] * 3_600 + parts[4] * 60 + parts[5]
        if let sign = match.8 {
            let offset = (Int64(match.9 ?? "") ?? 0) * 3_600 + (Int64(match.10 ?? "") ?? 0) * 60
            seconds -= sign == "-" ? -offset : offset
        }
        return seconds * 1000 + Int64((match.7.flatMap { Double("0" + $0) } ?? 0) * 1000)
    }
}
