import Foundation
import Testing

/// `varde check rules` and `varde test rules` read the files of promtool, and say of them what it says.
@Suite struct RuleFileTests {
    private static let rules = """
        groups:
          - name: services
            interval: 30s
            rules:
              - record: job:requests:rate1m
                expr: sum by (job) (rate(requests_total[2m]))
              - alert: Down
                expr: up == 0
                for: 2m
                labels: {severity: page}
                annotations:
                  summary: '{{ $labels.instance }} of {{ $labels.job }} is down, value {{ $value }}'
              - alert: Busy
                expr: job:requests:rate1m > 1.5
                annotations: {summary: '{{ $value | humanize }} requests/s'}

        """

    private static func test(_ expected: String, samples: String = "'0 120 240 360 480 600'") -> String {
        """
        rule_files: [rules.yml]
        evaluation_interval: 30s
        tests:
          - interval: 1m
            input_series:
              - {series: 'up{job="api", instance="a:1"}', values: '1 1 0 0 0 0 0'}
              - {series: 'requests_total{job="api", instance="a:1"}', values: \(samples)}
            alert_rule_test:
              - {eval_time: 3m, alertname: Down}
              - eval_time: 5m
                alertname: Down
                exp_alerts:
                  - exp_labels: {severity: page, instance: a:1, job: api}
                    exp_annotations: {summary: 'a:1 of api is down, value 0'}
              - eval_time: 5m
                alertname: Busy
                exp_alerts:
                  - exp_labels: {job: api}
                    exp_annotations: {summary: '2 requests/s'}
            promql_expr_test:
              - expr: job:requests:rate1m
                eval_time: 5m
                exp_samples: [{labels: 'job:requests:rate1m{job="api"}', value: \(expected)}]

        """
    }

    /// Evaluations are at 4m and 6m: what comes in between is not there at 5m.
    private static func late(_ expected: String) -> String {
        """
        rule_files: [rules.yml]
        evaluation_interval: 2m
        tests:
          - interval: 1m
            input_series: [{series: 'requests_total{job="api"}', values: '0+120x10'}]
            promql_expr_test:
              - {expr: requests_total, eval_time: 5m, exp_samples: [{labels: 'requests_total{job="api"}', value: \(expected)}]}

        """
    }

    private static let cases: [(name: String, rules: String, test: String, check: Int32, run: Int32)] = [
        ("good", rules, test("2"), 0, 0),
        ("another value expected", rules, test("3"), 0, 1),
        ("another series", rules, test("2", samples: "'0 60 120 180 240 300'"), 0, 1),
        ("bad expression", rules.replacingOccurrences(of: "up == 0", with: "up =="), test("2"), 1, 1),
        ("unknown field", rules.replacingOccurrences(of: "for: 2m", with: "fro: 2m"), test("2"), 1, 1),
        ("bad duration", rules.replacingOccurrences(of: "for: 2m", with: "for: 2x"), test("2"), 1, 1),
        ("bad record name", rules.replacingOccurrences(of: "record: job:requests:rate1m", with: "record: 'a{b}'"), test("2"), 1, 1),
        ("two groups of one name", rules + rules.replacingOccurrences(of: "groups:\n", with: ""), test("2"), 1, 1),
        ("bad template", rules.replacingOccurrences(of: "{{ $value | humanize }}", with: "{{ $value | nothing }}"), test("2"), 1, 1),
        ("a sample before the last evaluation", rules, late("480"), 0, 0),
        ("a sample behind the last evaluation", rules, late("600"), 0, 1),
        ("no series notation", rules, test("2", samples: "'0 what'"), 0, 1),
    ]

    @Test(arguments: cases.map(\.name)) func `Files are judged as they should be, and as promtool judges them`(name: String) async throws {
        let one = try #require(Self.cases.first { $0.name == name })
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("varde-rules-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (rules, test) = (folder.appendingPathComponent("rules.yml"), folder.appendingPathComponent("test.yml"))
        try one.rules.write(to: rules, atomically: true, encoding: .utf8)
        try one.test.write(to: test, atomically: true, encoding: .utf8)

        let check = try await ServerProcess.run(ServerProcess.binary, ["check", "rules", rules.path])
        #expect(check.status == one.check, "\(check)")
        #expect((check.output + check.errors).contains(one.check == 0 ? "SUCCESS: 3 rules found" : "FAILED"))
        let run = try await ServerProcess.run(ServerProcess.binary, ["test", "rules", test.path])
        #expect(run.status == one.run, "\(run)")
        #expect(!run.errors.contains("ExitCode"))
        #expect((run.output + run.errors).contains(one.run == 0 ? "SUCCESS" : "FAILED"))
        if let promtool = Peers.find("promtool") {
            let theirCheck = try await ServerProcess.run(promtool, ["check", "rules", rules.path])
            #expect(theirCheck.status == check.status, "promtool: \(theirCheck)")
            let theirRun = try await ServerProcess.run(promtool, ["test", "rules", test.path])
            #expect(theirRun.status == run.status, "promtool: \(theirRun)")
        }
    }
}
