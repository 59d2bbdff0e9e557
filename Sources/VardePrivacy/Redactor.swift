internal import Synchronization
package import VardeModel

/// Takes personal data out of lines, stream labels and structured metadata before anything of them is written anywhere.
///
/// Safe from several threads at once: each works with a session of its own, kept for the next.
package final class Redactor: Sendable {
    /// Streams remembered in the middle of a private key at once; where there are more, every stream is taken to be in one.
    private static let openKeyLimit = 10_000
    /// Idle sessions kept for each policy.
    private static let idleLimit = 16

    private let policies: RedactionPolicies
    private let vocabularies: [Vocabulary]
    /// Whose keys pseudonyms are made with; nil masks what would be pseudonymised.
    package let pseudonyms: Pseudonyms?

    private struct State {
        var idle: [[RedactionSession]]
        /// By the hash of a stream's labels, which may hold personal data and are not kept.
        var openKeys: [Int: StreamState] = [:]
        var hasForgotten = false

        func streamState(_ labels: Labels) -> StreamState {
            if openKeys.isEmpty { return StreamState() }
            return openKeys[labels.hashValue] ?? (hasForgotten ? StreamState.maybeInsideKey : StreamState())
        }
        var counts = RedactionCounts()
    }

    private let state: Mutex<State>

    package init(policies: RedactionPolicies = RedactionPolicies(), pseudonyms: Pseudonyms?) {
        self.policies = policies
        self.pseudonyms = pseudonyms
        let all = [policies.standard] + policies.overrides.map(\.policy)
        vocabularies = all.map { Vocabulary(extra: $0.extraKeys, extraRoleAccounts: $0.roleAccounts) }
        state = Mutex(State(idle: all.map { _ in [] }))
    }

    /// Index of the policy of a stream: 0 is the default.
    private func policyIndex(_ labels: Labels) -> Int {
        for (index, entry) in policies.overrides.enumerated() where entry.selector.matches(labels) { return index + 1 }
        return 0
    }

    private func policy(_ index: Int) -> RedactionPolicy { index == 0 ? policies.standard : policies.overrides[index - 1].policy }

    /// A session under the policy of a stream, for callers that walk lines themselves.
    package func session(for labels: Labels = .empty) -> RedactionSession { makeSession(policyIndex(labels)) }

    private func makeSession(_ index: Int) -> RedactionSession {
        RedactionSession(policy: policy(index), vocabulary: vocabularies[index], pseudonyms: pseudonyms)
    }

    private func withSession<Result>(_ index: Int, _ body: (inout RedactionSession) -> Result) -> Result {
        var session = state.withLock { $0.idle[index].popLast() } ?? makeSession(index)
        session.refreshKeys()
        let result = body(&session)
        session.forgetLines()
        let counts = session.counts.isZero ? nil : session.takeCounts()
        state.withLock { [session] in
            if let counts { $0.counts.add(counts) }
            if $0.idle[index].count < Self.idleLimit { $0.idle[index].append(session) }
        }
        return result
    }

    /// What was found since the redactor was made.
    package var counts: RedactionCounts { state.withLock { $0.counts } }

    /// Labels of a stream or of a new series, or structured metadata, with values redacted.
    ///
    /// What the scraper and the data model set stays where it looks like it: `__name__`, numbers in `le` and `quantile`, and `job` and
    /// `instance` that name a service or a host.
    package func redact(labels: Labels) -> Labels {
        if labels.isEmpty { return labels }
        return withSession(policyIndex(labels)) { Self.redact(labels, &$0) }
    }

    /// As `redact(labels:)` of several, which have much in common with the one before them.
    package func redact(all: [Labels]) -> [Labels] {
        if all.count < 2 || !policies.overrides.isEmpty { return all.map { redact(labels: $0) } }
        return withSession(0) { session in
            // Those of the series before, where nothing was found in them.
            var clean: [Label] = []
            return all.map { labels in
                let redacted = Self.redacted(labels, clean, &session)
                clean = redacted == nil ? labels.all : []
                return redacted ?? labels
            }
        }
    }

    /// A text that comes with metrics: what a family helps to say.
    package func redact(text: String) -> String { withSession(0) { Self.redact(text, &$0) ?? text } }

    /// The name of a metric or label; what is found in it becomes letters a name may have.
    package func redact(name: String) -> String {
        Self.mayHoldPerson(name) ? withSession(0) { Self.redact(name: name, &$0) ?? name } : name
    }

    /// A text that stands somewhere within the value of a key: a part of a secret is a secret, a part of a name a name.
    package func redact(_ text: String, within key: String) -> String {
        let name = Array(key.utf8)
        guard let hit = vocabularies[0].words.longestSuffix(name.span, end: name.count, inside: { $0 == .secret }) else { return text }
        switch vocabularies[0].words.entries[hit.index].meaning {
        case .user, .weakName, .address, .generic: return text
        default: return redact(labels: [key: text])[key] ?? ""
        }
    }

    private static func redact(_ text: String, _ session: inout RedactionSession) -> String? {
        var output: [UInt8] = []
        var state = StreamState()
        guard session.redact(text.utf8Span.span, into: &output, state: &state) != .unchanged else { return nil }
        return String(decoding: output, as: UTF8.self)
    }

    /// Names are what programs call things: only those that could hold an address or a number are looked at.
    private static func mayHoldPerson(_ name: String) -> Bool {
        var digits = 0
        for byte in name.utf8 {
            if byte == UInt8(ascii: "@") || byte == UInt8(ascii: "%") { digits = 6 } else if byte >= 0x30, byte <= 0x39 { digits += 1 }
        }
        return digits >= 6
    }

    /// nil for unchanged.
    private static func redact(name: String, _ session: inout RedactionSession) -> String? {
        guard mayHoldPerson(name), let text = redact(name, &session) else { return nil }
        return String(
            decoding: text.utf8.map { byte in
                switch byte {
                case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: ":"): UInt8(ascii: "_")
                default: byte
                }
            }, as: UTF8.self)
    }

    private static func redact(_ labels: Labels, _ session: inout RedactionSession) -> Labels { redacted(labels, [], &session) ?? labels }

    /// Labels with values redacted, nil where nothing is to be; those that stand in `clean` at their place need not be looked at.
    private static func redacted(_ labels: Labels, _ clean: [Label], _ session: inout RedactionSession) -> Labels? {
        var changed: [Label]?
        var output: [UInt8] = []
        for (index, label) in labels.all.enumerated() {
            if index < clean.count, clean[index] == label { continue }
            if let name = redact(name: label.name, &session) {
                if changed == nil { changed = Array(labels) }
                changed?[index].name = name
            }
            if label.name == Labels.metricName, let name = redact(name: label.value, &session) {
                if changed == nil { changed = Array(labels) }
                changed?[index].value = name
            }
            if isMachines(label) { continue }
            output.removeAll(keepingCapacity: true)
            let utf8 = label.value.utf8Span
            guard session.redactValue(named: label.name, utf8.span, into: &output) != .unchanged else { continue }
            if changed == nil { changed = Array(labels) }
            changed?[index].value = String(decoding: output, as: UTF8.self)
        }
        guard let changed else { return nil }
        // Two names may have become one: the first stays.
        var seen: Set<String> = []
        return Labels(changed.filter { seen.insert($0.name).inserted })
    }

    /// Whether a label's value is of the kind that machines give it, in which nothing is looked for.
    private static func isMachines(_ label: Label) -> Bool {
        switch label.name {
        case "__name__": return true
        case "le", "quantile": return Double(label.value) != nil
        case "job", "instance":
            // Addresses of hosts are not of persons; an e-mail address or a long number is none of a host.
            var digits = 0
            for byte in label.value.utf8 {
                if byte == UInt8(ascii: "@") || byte == UInt8(ascii: "%") || byte == UInt8(ascii: " ") || byte >= 0x80 { return false }
                digits = byte >= 0x30 && byte <= 0x39 ? digits + 1 : 0
                if digits >= 8 { return false }
            }
            return true
        default: return false
        }
    }

    /// Writes with stream labels, structured metadata and lines redacted. Streams are told apart by their labels as they come, so a
    /// private key that goes on in the next write of its stream is still known.
    package func redact(_ writes: [LogStreamWrite]) -> [LogStreamWrite] {
        writes.map { redact($0) }
    }

    /// One stream's write redacted.
    package func redact(_ write: LogStreamWrite) -> LogStreamWrite {
        var streamState = state.withLock { $0.streamState(write.labels) }
        let wasInside = streamState.isInsideKey
        let result = withSession(policyIndex(write.labels)) { session in
            LogStreamWrite(
                labels: Self.redact(write.labels, &session),
                entries: Self.redact(write.entries, &session, &streamState))
        }
        if wasInside || streamState.isInsideKey {
            state.withLock { [streamState] in
                let stream = write.labels.hashValue
                if !streamState.isInsideKey {
                    $0.openKeys[stream] = nil
                    if $0.openKeys.isEmpty { $0.hasForgotten = false }
                } else if $0.openKeys.count < Self.openKeyLimit || $0.openKeys[stream] != nil {
                    $0.openKeys[stream] = streamState
                } else {
                    $0.hasForgotten = true
                }
            }
        }
        return result
    }

    private static func redact(_ columns: LogColumns, _ session: inout RedactionSession, _ state: inout StreamState) -> LogColumns {
        var result = columns
        for index in columns.metadataSets.indices where !columns.metadataSets[index].isEmpty {
            result.metadataSets[index] = redact(columns.metadataSets[index], &session)
        }
        // Clean lines are copied in runs, and not at all where every line is clean.
        var bytes: [UInt8] = []
        var clean = 0
        var isChanged = false
        let span = columns.lineBytes.span
        var start = 0
        for index in 0..<columns.count {
            let range = start..<Int(columns.lineEnds[index])
            start = range.upperBound
            if session.redact(span, range, cleanFrom: clean, into: &bytes, state: &state) != .unchanged {
                clean = range.upperBound
                if !isChanged {
                    isChanged = true
                    // Placeholders are mostly longer than what they stand for.
                    bytes.reserveCapacity(span.count + span.count / 8 + 1024)
                }
            }
            if isChanged { result.lineEnds[index] = UInt32(bytes.count + range.upperBound - clean) }
        }
        if isChanged {
            bytes.append(span, clean..<span.count)
            result.lineBytes = bytes
        }
        return result
    }
}
