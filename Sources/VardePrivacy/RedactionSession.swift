internal import VardeCompression
internal import VardeKernels

/// What a redactor remembers of a stream between its lines.
package struct StreamState: Sendable, Equatable {
    /// Lines left in which a private key that began may go on; 0 outside keys.
    var keyLines = 0

    package init() {}

    /// A stream of which it is not known.
    static let maybeInsideKey: StreamState = {
        var state = StreamState()
        state.keyLines = RedactionSession.keyLineLimit
        return state
    }()

    /// Whether a private key has begun that has not ended.
    package var isInsideKey: Bool { keyLines > 0 }
}

/// What became of a line.
package enum RedactionOutcome: Sendable, Equatable {
    /// Clean: nothing was written, the line stands as it is.
    case unchanged
    /// The redacted line was appended to the output.
    case redacted
    /// The line could not be judged: a placeholder was appended instead of it.
    case quarantined
}

/// How many findings of each type there were, and lines by outcome.
package struct RedactionCounts: Sendable, Equatable {
    private var byType = [Int](repeating: 0, count: PersonalDataType.allCases.count)
    /// Findings of the operator's own detectors, by name.
    package private(set) var own: [String: Int] = [:]
    package var lines = 0
    package var redactedLines = 0
    package var quarantinedLines = 0

    package init() {}

    /// Whether nothing was counted.
    var isZero: Bool { lines == 0 && redactedLines == 0 && quarantinedLines == 0 && own.isEmpty && !byType.contains { $0 != 0 } }

    package subscript(_ type: PersonalDataType) -> Int { byType[Int(type.rawValue)] }

    mutating func add(_ type: PersonalDataType) { byType[Int(type.rawValue)] += 1 }
    mutating func add(own name: String) { own[name, default: 0] += 1 }

    package mutating func add(_ other: RedactionCounts) {
        for i in byType.indices { byType[i] += other.byType[i] }
        for (name, count) in other.own { own[name, default: 0] += count }
        lines += other.lines
        redactedLines += other.redactedLines
        quarantinedLines += other.quarantinedLines
    }
}

/// Redacts lines one after another under one policy, with buffers of its own: one for each thread at work.
package struct RedactionSession: Sendable {
    /// What stands for a line that cannot be judged.
    package static let quarantine = "<QUARANTINED>"
    /// Layers of encoding taken off; a line with more is quarantined.
    static let layerLimit = 6
    /// Lines after the last row of a private key in which it may go on.
    static let keyLineLimit = 64

    /// What a terminal's control sequences begin with.
    private static let colour: [UInt8] = [0x1B, 0x5B]

    let policy: RedactionPolicy
    private var judge: LineJudge
    private var keys: Pseudonyms.Keys?
    private let pseudonyms: Pseudonyms?
    private var cache = TokenCache()
    private var layerA = EncodedText()
    private var layerB = EncodedText()
    private var spans = Room<Finding>()
    /// What is united into `spans`, where several layers found something.
    private var unsorted = Room<Finding>()
    /// The line under work, with what stands for what was found in it.
    private var written = Room<UInt8>()
    private let actions: [RedactionAction]
    /// Hashes of values with their names in which nothing was found, each at a place of its own.
    private var clean: [KeyedHash.Value] = []
    private static let cleanValues = 4_096
    private static let valueHash = KeyedHash()
    /// `<TYPE:kN:` of every type end to end, and where each ends.
    private var heads: (bytes: [UInt8], ends: [Int])
    /// `<TYPE>` of every type end to end, and where each ends.
    private let masks: (bytes: [UInt8], ends: [Int])
    /// What was found since the session began.
    package private(set) var counts = RedactionCounts()

    init(policy: RedactionPolicy, vocabulary: Vocabulary, pseudonyms: Pseudonyms?) {
        self.policy = policy
        self.pseudonyms = pseudonyms
        judge = LineJudge(vocabulary: vocabulary, policy: policy)
        keys = pseudonyms?.current()
        heads = Self.heads(keys)
        masks = Self.placeholders { "<\($0.placeholder)>" }
        actions = PersonalDataType.allCases.map { policy.action(for: $0) }
    }

    /// Takes the keys in use now: call between batches.
    package mutating func refreshKeys() {
        let current = pseudonyms?.current()
        if current !== keys { heads = Self.heads(current) }
        keys = current
    }

    private static func heads(_ keys: Pseudonyms.Keys?) -> (bytes: [UInt8], ends: [Int]) {
        placeholders { "<\($0.placeholder):k\(keys?.epoch ?? 0):" }
    }

    private static func placeholders(_ text: (PersonalDataType) -> String) -> (bytes: [UInt8], ends: [Int]) {
        var all: (bytes: [UInt8], ends: [Int]) = ([], [0])
        for type in PersonalDataType.allCases {
            all.bytes += Array(text(type).utf8)
            all.ends.append(all.bytes.count)
        }
        return all
    }

    /// Lets go of the buffers that hold pieces of the lines redacted so far.
    mutating func forgetLines() {
        judge.forgetLines()
        layerA = EncodedText()
        layerB = EncodedText()
        written = Room()
    }

    /// Returns the counts and starts again from zero.
    package mutating func takeCounts() -> RedactionCounts {
        let taken = counts
        counts = RedactionCounts()
        return taken
    }

    /// Redacts a line. A clean line writes nothing. Complexity: O(line).
    package mutating func redact(_ line: Span<UInt8>, into output: inout [UInt8], state: inout StreamState) -> RedactionOutcome {
        redact(line, 0..<line.count, cleanFrom: 0, into: &output, state: &state)
    }

    /// Redacts the line at `range` of a text. A clean line writes nothing; before any other, what stands in the text between `cleanFrom` and
    /// the line is written as it is.
    package mutating func redact(
        _ text: Span<UInt8>, _ range: Range<Int>, cleanFrom: Int, into output: inout [UInt8], state: inout StreamState
    ) -> RedactionOutcome {
        let line = text.extracting(range)
        counts.lines += 1
        guard findSpans(line, &state) else {
            counts.quarantinedLines += 1
            output.append(text, cleanFrom..<range.lowerBound)
            output.append(contentsOf: Self.quarantine.utf8)
            return .quarantined
        }
        guard !spans.isEmpty else { return .unchanged }
        counts.redactedLines += 1
        output.append(text, cleanFrom..<range.lowerBound)
        write(line, 0..<line.count, &output)
        return .redacted
    }

    /// Redacts a value known by a name, as of a label; the outcome's bytes are the value's alone.
    package mutating func redactValue(named name: String, _ value: Span<UInt8>, into output: inout [UInt8]) -> RedactionOutcome {
        var text = Array(name.utf8)
        text.append(contentsOf: "=\"".utf8)
        let start = text.count
        Bytes.append(value, to: &text)
        let end = text.count
        text.append(0x22)
        // Most labels are those of the series before: what was judged clean under this policy is so again.
        let hash = Self.valueHash(text.span)
        let place = Int(hash.low & UInt64(Self.cleanValues - 1))
        if clean.isEmpty { clean = Array(repeating: .init(low: 0, high: 0), count: Self.cleanValues) }
        if clean[place] == hash { return .unchanged }
        var state = StreamState()
        judge.wholeValue = start..<end
        let isJudged = findSpans(text.span, &state)
        judge.wholeValue = 0..<0
        guard isJudged else {
            counts.quarantinedLines += 1
            output.append(contentsOf: Self.quarantine.utf8)
            return .quarantined
        }
        if spans.isEmpty {
            judge.judgeMember(text.span, name: 0..<start - 2, value: start..<end)
            unite()
        }
        var kept = Room<Finding>()
        for var span in spans.elements where span.end > start && span.start < end {
            span.start = max(span.start, start)
            span.end = min(span.end, end)
            // The value is the key's as a whole, whatever quotes it holds.
            switch span.type {
            case .secret, .name, .user, .address: if span.start == start { span.end = end }
            default: break
            }
            if let last = kept.last, last.end > span.start { kept[kept.count - 1].end = max(last.end, span.end) } else { kept.append(span) }
        }
        spans = kept
        guard !spans.isEmpty else {
            clean[place] = hash
            return .unchanged
        }
        write(text.span, start..<end, &output)
        return .redacted
    }

    /// Fills `spans` with what is to be replaced, in order and apart; false where the line cannot be judged.
    private mutating func findSpans(_ line: Span<UInt8>, _ state: inout StreamState) -> Bool {
        judge.begin()
        spans.empty()
        guard let isEncoded = judge.judge(line, origins: []) else { return false }
        var opensKey = judge.endsInsideKey
        if isEncoded {
            let hasColour = SubstringSearch.firstOffset(of: Self.colour.span, in: line) != nil
            guard hasColour ? judgeColoured(line) : judgeLayers(line, origins: []) else { return false }
            opensKey = opensKey || judge.endsInsideKey
        }
        if state.isInsideKey { continueKey(line, &state) }
        if opensKey { state.keyLines = Self.keyLineLimit }
        if !policy.ownDetectors.isEmpty { judgeOwn(line) }
        if judge.findings.isEmpty, spans.isEmpty { return true }
        unite()
        return true
    }

    /// Judges a line as if its colours were not there, which would be taken for parts of the words they stand before.
    private mutating func judgeColoured(_ line: Span<UInt8>) -> Bool {
        var plain = EncodedText()
        plain.decode(line, outer: [], coloursOnly: true)
        judge.begin()
        guard let isEncoded = judgeLayer(plain) else { return false }
        return !isEncoded || judgeLayers(plain.bytes.storage.span.extracting(0..<plain.bytes.count), origins: plain.origins.storage)
    }

    private mutating func judgeLayer(_ layer: EncodedText) -> Bool? {
        judge.judge(layer.bytes.storage.span.extracting(0..<layer.bytes.count), origins: layer.origins.storage)
    }

    /// Judges the line with one layer of encoding off, then two, until nothing changes.
    private mutating func judgeLayers(_ line: Span<UInt8>, origins: [UInt32]) -> Bool {
        // Taken out while at work: the judge and the layers are changed in turn.
        var outer = EncodedText()
        var inner = EncodedText()
        swap(&outer, &layerA)
        swap(&inner, &layerB)
        defer {
            swap(&outer, &layerA)
            swap(&inner, &layerB)
        }
        outer.decode(line, outer: origins)
        var layer = 0
        while outer.isChanged {
            layer += 1
            if layer > Self.layerLimit { return false }
            guard let isEncoded = judgeLayer(outer) else { return false }
            if !isEncoded { return true }
            inner.decode(outer)
            swap(&outer, &inner)
        }
        return true
    }

    /// A line behind one with `-----BEGIN … PRIVATE KEY-----`.
    private mutating func continueKey(_ line: Span<UInt8>, _ state: inout StreamState) {
        let marker: [UInt8] = Array("-----END".utf8)
        if let end = SubstringSearch.firstOffset(of: marker.span, in: line) {
            maskBase64(line, 0, end)
            state.keyLines = 0
        } else if maskBase64(line, 0, line.count) {
            state.keyLines = Self.keyLineLimit
        } else {
            state.keyLines -= 1
        }
    }

    /// Masks what may be rows of a key: the whole of a line of base 64, long words of it in others. Returns whether there was one.
    @discardableResult
    private mutating func maskBase64(_ line: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        var found = false
        var i = start
        while i < end {
            guard ByteClass.isBase64(line[i]) else {
                i += 1
                continue
            }
            let from = i
            while i < end, ByteClass.isBase64(line[i]) { i += 1 }
            let isWhole = from == start && i == end
            if isWhole || i - from >= 24 || (line[i - 1] == 0x3D && i == end && i - from >= 4) {
                spans.append(Finding(start: from, end: i, type: .privateKey, canonical: 0..<0))
                found = true
            }
        }
        return found
    }

    private mutating func judgeOwn(_ line: Span<UInt8>) {
        for (index, detector) in policy.ownDetectors.enumerated() where detector.action != .keep {
            var from = 0
            while from <= line.count, let groups = detector.regex.firstMatch(in: line, from: from), let whole = groups[0] {
                let range = groups.count > 1 ? groups[1] ?? whole : whole
                if !range.isEmpty, detector.holds(line, range) {
                    spans.append(Finding(start: range.lowerBound, end: range.upperBound, type: .own, canonical: 0..<0, own: index))
                }
                from = max(whole.upperBound, from + 1)
            }
        }
    }

    /// Unites overlapping findings: the first type in the order of judgement names the union, of equal types the one decoded furthest.
    private mutating func unite() {
        // Each layer's findings come in order: of one alone, or two, no sort is needed.
        var runs = spans.isEmpty ? 1 : 3
        var firstRun = 0
        var last = 0
        for finding in judge.findings.elements where actions[Int(finding.type.rawValue)] != .keep {
            if finding.start < last {
                if runs == 1 { firstRun = spans.count }
                runs += 1
            }
            last = finding.start
            if runs == 1 { spans.join(finding) } else { spans.append(finding) }
        }
        if runs == 1 { return }
        if runs > 2 { spans.sortByStart() }
        swap(&spans, &unsorted)
        spans.unite(unsorted, middle: runs == 2 ? firstRun : unsorted.count)
    }

    /// Writes the text's `range` with every span replaced.
    private mutating func write(_ text: Span<UInt8>, _ range: Range<Int>, _ output: inout [UInt8]) {
        // Taken out while at work: what is written comes from other parts of the session.
        var room = Room<UInt8>()
        swap(&room, &written)
        room.empty()
        var position = range.lowerBound
        for i in 0..<spans.count {
            let span = spans[i]
            let before = position..<span.start
            position = span.end
            let quote = bareJSONQuote(text, span)
            if quote < 0, span.type != .own, writeAtOnce(text, before, span, &room) { continue }
            swap(&room, &written)
            written.append(text, before)
            if quote >= 0 { writeQuote(quote) }
            writePlaceholder(text, span)
            if quote >= 0 { writeQuote(quote) }
            swap(&room, &written)
        }
        room.append(text, position..<range.upperBound)
        Bytes.append(room.storage.span.extracting(0..<room.count), to: &output)
        swap(&room, &written)
    }

    /// Writes what stands before a finding and what stands for it in one, as of most; false where this is left to others.
    @inline(__always)
    private mutating func writeAtOnce(_ text: Span<UInt8>, _ before: Range<Int>, _ span: Finding, _ room: inout Room<UInt8>) -> Bool {
        let type = Int(span.type.rawValue)
        switch actions[type] {
        case .pseudonymise:
            guard let keys, !span.canonical.isEmpty else { return false }
            let token = cache.token(keys, span.type, judge.canonical.storage, span.canonical)
            room.append(text, before, heads.bytes.span, heads.ends[type]..<heads.ends[type + 1], cache.tokens.span, token)
            room.append(0x3E)
        case .mask:
            let mask = masks.ends[type]..<masks.ends[type + 1]
            room.append(text, before, masks.bytes.span, mask, text, 0..<0)
        default: return false
        }
        counts.add(span.type)
        return true
    }

    /// A bare number of JSON becomes a string, so that the line stays JSON: how many backslashes its quotes have, -1 where it is none.
    private func bareJSONQuote(_ text: Span<UInt8>, _ span: Finding) -> Int {
        var i = span.start
        guard i > 1, span.end > i, ByteClass.isDigit(text[i]) || text[i] == 0x2D else { return -1 }
        while i > 0, text[i - 1] == 0x20 { i -= 1 }
        guard text.at(i - 1) == 0x3A, text.at(i - 2) == 0x22 else { return -1 }
        let next = text.at(span.end)
        guard next == 0x2C || next == 0x7D || next == 0x5D || next == 0x20 || span.end == text.count else { return -1 }
        var backslashes = 0
        while text.at(i - 3 - backslashes) == 0x5C { backslashes += 1 }
        return actions[Int(span.type.rawValue)] == .drop ? -1 : backslashes
    }

    private mutating func writeQuote(_ backslashes: Int) {
        for _ in 0..<backslashes { written.append(0x5C) }
        written.append(0x22)
    }

    private mutating func writePlaceholder(_ text: Span<UInt8>, _ span: Finding) {
        if span.type == .own {
            let detector = policy.ownDetectors[span.own]
            counts.add(own: detector.name)
            writeOwn(text, span, detector)
            return
        }
        counts.add(span.type)
        switch actions[Int(span.type.rawValue)] {
        case .drop: break
        case .keep, .mask: written.appendPlaceholder(span.type.placeholder)
        case .pseudonymise: writePseudonym(span)
        case .truncate: writeTruncated(span)
        }
    }

    private mutating func writePseudonym(_ span: Finding) {
        guard let keys, !span.canonical.isEmpty else {
            written.appendPlaceholder(span.type.placeholder)
            return
        }
        let type = Int(span.type.rawValue)
        let bytes = heads.bytes
        written.append(bytes.span, heads.ends[type]..<heads.ends[type + 1])
        writeToken(keys, span.type, judge.canonical.storage, span.canonical)
        written.append(0x3E)
    }

    private mutating func writeToken(_ keys: Pseudonyms.Keys, _ type: PersonalDataType, _ canonical: [UInt8], _ range: Range<Int>) {
        let token = cache.token(keys, type, canonical, range)
        let tokens = cache.tokens
        written.append(tokens.span, token)
    }

    private mutating func writeOwn(_ text: Span<UInt8>, _ span: Finding, _ detector: OwnDetector) {
        switch detector.action {
        case .drop: break
        case .pseudonymise:
            guard let keys else { return written.appendPlaceholder(detector.name) }
            var match: [UInt8] = []
            match.append(text, span.start..<span.end)
            let canonical = OwnDetector.canonical(detector.name, match[...])
            written.append("<\(detector.name):k\(keys.epoch):")
            writeToken(keys, .own, canonical, 0..<canonical.count)
            written.append(0x3E)
        default: written.appendPlaceholder(detector.name)
        }
    }

    private mutating func writeTruncated(_ span: Finding) {
        let value = judge.canonical.storage[span.canonical]
        switch span.type {
        case .ip: writeNetwork(value)
        case .email:
            written.appendPlaceholder(span.type.placeholder)
            if let at = value.lastIndex(of: 0x40) { written.append(value[at...]) }
        case .card, .account, .iban:
            written.appendPlaceholder(span.type.placeholder + ":" + String(decoding: value.suffix(4), as: UTF8.self))
        case .mac:
            let d = Array(value)
            guard d.count == 12 else { return written.appendPlaceholder(span.type.placeholder) }
            written.append([d[0], d[1], 0x3A, d[2], d[3], 0x3A, d[4], d[5]])
            written.append(":00:00:00")
        default: written.appendPlaceholder(span.type.placeholder)
        }
    }

    private mutating func writeNetwork(_ bytes: ArraySlice<UInt8>) {
        guard bytes.count == 4 || bytes.count == 16 else { return written.appendPlaceholder("IP") }
        var address: UInt128 = 0
        for byte in bytes { address = address << 8 | UInt128(byte) }
        let width = 8 * bytes.count
        let kept = min(width, max(0, bytes.count == 4 ? policy.ipv4Prefix : policy.ipv6Prefix))
        let network = (address >> UInt128(width - kept)) << UInt128(width - kept)
        if width == 128 {
            var text: [UInt8] = []
            IPv6Address.append(network, to: &text)
            return written.append(text)
        }
        for part in 0..<4 {
            let byte = UInt8(truncatingIfNeeded: network >> UInt128(24 - 8 * part))
            if part > 0 { written.append(0x2E) }
            if byte >= 100 { written.append(0x30 + byte / 100) }
            if byte >= 10 { written.append(0x30 + byte / 10 % 10) }
            written.append(0x30 + byte % 10)
        }
    }
}

extension [UInt8] {
    /// Appends a stretch of a span.
    mutating func append(_ text: Span<UInt8>, _ range: Range<Int>) {
        Bytes.append(text.extracting(range), to: &self)
    }
}
