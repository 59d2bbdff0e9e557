internal import VardeKernels
internal import VardeModel
internal import VardeWire

/// An erasure that was asked for, as it is kept until it is done: never a raw identifier, only the words it stands as.
package struct ErasureRequest: Sendable, Equatable {
    /// Steps, in their order. Each may be taken again after a crash.
    package enum Step: String, Sendable, CaseIterable {
        /// Asked for; waits here while a legal hold concerns it.
        case mark
        /// Out of every answer.
        case hide
        /// Metric series, exemplars and pushed groups deleted.
        case series
        /// Log segments written anew.
        case rewrite
        /// Every line that is left read once more.
        case verify
        /// The words themselves taken out of the request.
        case destroy
        /// The receipt signed and written.
        case receipt
    }

    /// What goes.
    package enum Target: Sendable, Equatable {
        /// Whatever holds one of these words.
        case subject([String])
        /// Lines a LogQL query selects, nanoseconds from `start` to before `end`.
        case query(String, start: Int64, end: Int64)
    }

    package var id: String
    package var step = Step.mark
    package var target: Target
    /// Name of the token that asked, and why, in words without personal data.
    package var by: String
    package var reason: String
    /// Milliseconds since the epoch.
    package var requested: Int64
    package var finished: Int64 = 0
    /// Digest, number, types and epochs of the words: what is left of them in the receipt.
    package var digest = ""
    package var tokenCount = 0
    package var types: [String] = []
    package var epochs: [Int] = []
    /// What could not be looked for: pseudonyms of epochs before this number, their keys being lost (0: none), and raw text of these streams.
    package var lostBefore = 0
    package var rawStreams: [String] = []
    /// The hold it waits for, empty where none.
    package var heldBy = ""
    /// Why the last attempt at the step failed, empty where it did not.
    package var failure = ""
    /// Times the work was taken up again after the server's end.
    package var resumptions = 0

    package var lines = 0
    package var series = 0
    package var exemplars = 0
    package var segments = 0
    package var rewritten = 0
    package var verifiedSegments = 0
    package var verifiedBytes = 0
    /// Copies in the data directory, made before, that were erased from as well.
    package var copies: [String] = []

    package init(id: String, target: Target, by: String, reason: String, requested: Int64) {
        self.id = id
        self.target = target
        self.by = by
        self.reason = reason
        self.requested = requested
        if case .subject(let texts) = target {
            digest = SubjectTokens.digest(of: texts)
            tokenCount = texts.count
        }
    }

    /// Whether it may still be called off: nothing has been removed.
    package var isCancellable: Bool { step == .mark || step == .hide }
}

// The text it is kept as: one JSON object.
extension ErasureRequest {
    /// - Parameter keepsTarget: whether the words or the query are in it.
    package func json(keepsTarget: Bool = true) -> [UInt8] {
        var json = JSONWriter()
        json.raw("{\"id\":")
        json.string(id)
        json.raw(",\"step\":\"\(step.rawValue)\",\"requested\":\(requested),\"finished\":\(finished),\"by\":")
        json.string(by)
        json.raw(",\"reason\":")
        json.string(reason)
        json.raw(",\"held_by\":")
        json.string(heldBy)
        json.raw(",\"failure\":")
        json.string(failure)
        json.raw(",\"resumptions\":\(resumptions),")
        figures(&json)
        if keepsTarget {
            switch target {
            case .subject(let texts):
                json.raw(",\"tokens\":[")
                Self.list(texts, &json)
                json.raw("]")
            case .query: break
            }
        }
        json.raw("}")
        return json.bytes
    }

    /// What the receipt says too.
    func figures(_ json: inout JSONWriter) {
        switch target {
        case .subject:
            json.raw("\"subject\":\"sha256:\(digest)\",\"token_count\":\(tokenCount),\"types\":[")
            Self.list(types, &json)
            json.raw("],\"epochs\":[\(epochs.map(String.init).joined(separator: ","))]")
            json.raw(",\"complete\":\(lostBefore == 0 && rawStreams.isEmpty),\"lost_epochs_before\":\(lostBefore),\"raw_streams\":[")
            Self.list(rawStreams, &json)
            json.raw("]")
        case .query(let query, let start, let end):
            json.raw("\"query\":")
            json.string(query)
            json.raw(",\"start\":\(start),\"end\":\(end)")
        }
        json.raw(
            ",\"lines\":\(lines),\"series\":\(series),\"exemplars\":\(exemplars),\"segments\":\(segments),\"rewritten\":\(rewritten)")
        json.raw(",\"verified_segments\":\(verifiedSegments),\"verified_bytes\":\(verifiedBytes),\"copies_rewritten\":[")
        Self.list(copies, &json)
        json.raw("]")
    }

    private static func list(_ texts: [String], _ json: inout JSONWriter) {
        for (index, text) in texts.enumerated() {
            if index > 0 { json.raw(",") }
            json.string(text)
        }
    }

    /// What a receipt says of the erasure it is of; nil where it is none of an erasure.
    package init?(receipt text: String) { self.init(text, isReceipt: true) }

    /// Reads what `json` wrote; nil where it is something else.
    package init?(parsing text: String) { self.init(text, isReceipt: false) }

    private init?(_ text: String, isReceipt: Bool) {
        let bytes = Array(text.utf8)
        let span = bytes.span
        var texts: [String: String] = [:]
        var numbers: [String: Int64] = [:]
        var lists: [String: [String]] = [:]
        var epochs: [Int] = []
        var reader = JSONReader()
        do throws(WireError) {
            try reader.object(span) { (reader, name) throws(WireError) in
                switch try reader.kind(span) {
                case .string: texts[name] = try reader.string(span)
                case .number: numbers[name] = try reader.wholeNumber(span)
                case .array where name == "epochs":
                    try reader.array(span) { (reader, _) throws(WireError) in
                        if let number = try reader.wholeNumber(span) { epochs.append(Int(number)) }
                    }
                case .array:
                    lists[name] = []
                    try reader.array(span) { (reader, _) throws(WireError) in lists[name]?.append(try reader.string(span)) }
                default: try reader.skip(span)
                }
            }
        } catch { return nil }
        func time(_ name: String) -> Int64? {
            isReceipt ? texts[name].flatMap { RFC3339.nanoseconds($0) }.map { $0 / 1_000_000 } : numbers[name]
        }
        guard !isReceipt || texts["kind"] == "erasure", let id = texts["id"], let requested = time("requested"),
            let step = isReceipt ? Step.receipt : texts["step"].flatMap(Step.init)
        else { return nil }
        let target: Target
        if let query = texts["query"], let start = numbers["start"], let end = numbers["end"] {
            target = .query(query, start: start, end: end)
        } else {
            target = .subject(lists["tokens"] ?? [])
        }
        self.init(id: id, target: target, by: texts["by"] ?? "", reason: texts["reason"] ?? "", requested: requested)
        self.step = step
        self.epochs = epochs
        digest = texts["subject"].map { String($0.dropFirst(7)) } ?? ""
        types = lists["types"] ?? []
        rawStreams = lists["raw_streams"] ?? []
        copies = lists["copies_rewritten"] ?? []
        heldBy = texts["held_by"] ?? ""
        failure = texts["failure"] ?? ""
        func number(_ name: String) -> Int { Int(numbers[name] ?? 0) }
        finished = time("finished") ?? 0
        tokenCount = number("token_count")
        lostBefore = number("lost_epochs_before")
        resumptions = number("resumptions")
        lines = number("lines")
        series = number("series")
        exemplars = number("exemplars")
        segments = number("segments")
        rewritten = number("rewritten")
        verifiedSegments = number("verified_segments")
        verifiedBytes = number("verified_bytes")
    }
}
