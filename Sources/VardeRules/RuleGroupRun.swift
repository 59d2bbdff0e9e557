package import VardeModel
package import VardeQuery

/// Where the results of rules go, and what they are asked of.
package protocol RuleStorage {
    /// The value of an expression at a time (ms): one sample a series; a scalar is one without labels.
    func query(_ expression: String, at time: Int64) throws(QueryError) -> [(labels: Labels, value: Double, histogram: NativeHistogram?)]
    mutating func append(_ labels: Labels, _ time: Int64, _ value: Double, _ histogram: NativeHistogram?)
}

/// Evaluates the rules of a group time after time, and keeps what lasts between: alerts and the series of the evaluation before.
package struct RuleGroupRun {
    /// What alerts are told beside their own labels.
    package struct Surroundings: Sendable {
        package var externalLabels = Labels.empty
        package var externalURL = ""

        package init() {}
    }

    package let group: RuleGroup
    private let surroundings: Surroundings
    /// Alerts of each rule; none for recording rules.
    private var alerts: [AlertStates]
    /// Series each rule yielded last time.
    private var before: [Set<Labels>]
    /// Why each rule failed last time.
    package private(set) var errors: [String?]

    package init(_ group: RuleGroup, _ surroundings: Surroundings) {
        self.group = group
        self.surroundings = surroundings
        alerts = group.rules.map { AlertStates($0) }
        before = Array(repeating: [], count: group.rules.count)
        errors = Array(repeating: nil, count: group.rules.count)
    }

    /// Evaluates every rule at a time (ms).
    package mutating func evaluate(at time: Int64, in storage: inout some RuleStorage) {
        for index in group.rules.indices {
            let samples: [(labels: Labels, value: Double, histogram: NativeHistogram?)]
            do {
                samples = try evaluate(index, at: time, in: storage)
                errors[index] = nil
            } catch {
                errors[index] = "\(error)"
                continue
            }
            let written = time - group.queryOffset
            for (labels, value, histogram) in samples { storage.append(labels, written, value, histogram) }
            let now = Set(samples.map(\.labels))
            // What has ceased to be is marked so.
            for gone in before[index].subtracting(now).sorted() { storage.append(gone, written, .staleMarker, nil) }
            before[index] = now
        }
    }

    private mutating func evaluate(
        _ index: Int, at time: Int64, in storage: some RuleStorage
    ) throws -> [(labels: Labels, value: Double, histogram: NativeHistogram?)] {
        let rule = group.rules[index]
        let found = try storage.query(rule.expression, at: time - group.queryOffset)
        if case .alerting = rule.kind {
            return try alerts[index].update(found, at: time, surroundings, limit: group.limit, offset: group.queryOffset, storage)
        }
        let samples = found.map { sample in
            var labels = sample.labels.setting(Labels.metricName, to: rule.name)
            for label in rule.labels { labels.set(label.name, to: label.value) }
            return (labels: labels, value: sample.value, histogram: sample.histogram)
        }
        if Set(samples.map(\.labels)).count < samples.count {
            throw RuleFileError("vector contains metrics with the same labelset after applying rule labels")
        }
        if group.limit > 0, samples.count > group.limit {
            throw RuleFileError("exceeded limit of \(group.limit) with \(samples.count) series")
        }
        return samples
    }

    /// Alerts of that name that are firing, with labels and annotations.
    package func firing(_ name: String) -> [(labels: Labels, annotations: Labels)] {
        zip(group.rules, alerts).filter { $0.0.name == name && $0.0.isAlerting }.flatMap { $0.1.firing }
    }
}

extension Rule {
    package var isAlerting: Bool { if case .alerting = kind { true } else { false } }
}

/// The alerts of one rule, each from its first sign to its end.
struct AlertStates {
    private enum State {
        case pending, firing, inactive
    }

    private struct Alert {
        var annotations: Labels
        var value: Double
        /// Milliseconds.
        var activeAt: Int64
        var state = State.pending
        var keepsFiringSince: Int64?
        var resolvedAt: Int64?
    }

    /// How long a resolved alert is remembered, in ms.
    private static let resolvedRetention: Int64 = 15 * 60_000

    private let rule: Rule
    private var active: [Labels: Alert] = [:]

    init(_ rule: Rule) {
        self.rule = rule
    }

    var firing: [(labels: Labels, annotations: Labels)] {
        active.filter { $0.value.state == .firing }.map { ($0.key, $0.value.annotations) }
    }

    /// Takes what the condition yielded; the samples of `ALERTS` and `ALERTS_FOR_STATE` to be written.
    mutating func update(
        _ found: [(labels: Labels, value: Double, histogram: NativeHistogram?)], at time: Int64,
        _ surroundings: RuleGroupRun.Surroundings, limit: Int, offset: Int64, _ storage: some RuleStorage
    ) throws -> [(labels: Labels, value: Double, histogram: NativeHistogram?)] {
        guard case .alerting(let holds, let keepsFiring, let annotations) = rule.kind else { return [] }
        var now: [Labels: Alert] = [:]
        for sample in found {
            let context = AlertTemplate.Context(
                labels: sample.labels, externalLabels: surroundings.externalLabels, externalURL: surroundings.externalURL,
                value: sample.value, time: time
            ) { (text) throws(QueryError) in
                try storage.query(text, at: time).map { ($0.labels, $0.value) }
            }
            var labels = sample.labels.removing([Labels.metricName])
            for label in rule.labels { labels.set(label.name, to: expand(label.value, context)) }
            labels.set("alertname", to: rule.name)
            let told = Labels(annotations.map { Label($0.name, expand($0.value, context)) })
            if now.updateValue(Alert(annotations: told, value: sample.value, activeAt: time), forKey: labels) != nil {
                throw RuleFileError("vector contains metrics with the same labelset after applying alert labels")
            }
        }
        for (labels, alert) in now {
            if let known = active[labels], known.state != .inactive {
                active[labels]?.value = alert.value
                active[labels]?.annotations = alert.annotations
            } else {
                active[labels] = alert
            }
        }
        return try settle(Set(now.keys), at: time, holds: holds, keepsFiring: keepsFiring, limit: limit)
    }

    private func expand(_ text: String, _ context: AlertTemplate.Context) -> String {
        do throws(AlertTemplate.Failure) {
            return try AlertTemplate(text, alert: rule.name).expand(context)
        } catch {
            return "<error expanding template: \(error)>"
        }
    }

    /// Ends, keeps and raises alerts by what holds now.
    private mutating func settle(
        _ present: Set<Labels>, at time: Int64, holds: Int64, keepsFiring: Int64, limit: Int
    ) throws -> [(labels: Labels, value: Double, histogram: NativeHistogram?)] {
        var samples: [(labels: Labels, value: Double, histogram: NativeHistogram?)] = []
        var count = 0
        for labels in active.keys.sorted() {
            guard var alert = active[labels] else { continue }
            var goesOn = true
            if present.contains(labels) {
                alert.keepsFiringSince = nil
            } else {
                goesOn = false
                if alert.state == .firing, keepsFiring > 0 {
                    let since = alert.keepsFiringSince ?? time
                    alert.keepsFiringSince = since
                    goesOn = time - since < keepsFiring
                }
                let isForgotten = alert.state == .pending || alert.resolvedAt.map { time - $0 > Self.resolvedRetention } ?? false
                if alert.state != .inactive, !goesOn {
                    alert.state = .inactive
                    alert.resolvedAt = time
                }
                active[labels] = isForgotten ? nil : alert
            }
            if !goesOn { continue }
            count += 1
            if alert.state == .pending, time - alert.activeAt >= holds { alert.state = .firing }
            active[labels] = alert
            samples.append(
                (
                    labels.setting(Labels.metricName, to: "ALERTS").setting(
                        "alertstate", to: alert.state == .firing ? "firing" : "pending"), 1, nil
                ))
            samples.append(
                (labels.setting(Labels.metricName, to: "ALERTS_FOR_STATE"), Double(alert.activeAt / 1000), nil))
        }
        if limit > 0, count > limit {
            active = [:]
            throw RuleFileError("exceeded limit of \(limit) with \(count) alerts")
        }
        return samples
    }
}
