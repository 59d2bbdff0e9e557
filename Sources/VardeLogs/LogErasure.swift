import VardeKernels
package import VardeModel

/// Lines that are to go for good, or to be found: which ones, told without reading more than what may hold them.
package struct LogErasure: Sendable {
    /// Whether an entry of a stream is concerned, by its place in the columns.
    package typealias LineTest = @Sendable (_ stream: Labels, _ columns: LogColumns, _ index: Int) -> Bool

    /// What makes a line one of them.
    enum Kind: Sendable {
        /// One of these texts stands in the line, in its metadata or in its stream's labels.
        case tokens([[UInt8]])
        /// The line holds one of each group's texts and passes the test; nil where every line of the streams is concerned.
        case lines(required: [[[UInt8]]], LineTest?)
    }

    /// Erasures of one name are one.
    package let name: String
    package let matchers: [LabelMatcher]
    /// First nanosecond (inclusive) and end (exclusive).
    package let start: Int64
    package let end: Int64
    let kind: Kind
    /// The texts as they stand in names of labels.
    private let nameTokens: [[UInt8]]
    let filter: LogFilterQuery

    private init(name: String, matchers: [LabelMatcher], start: Int64, end: Int64, kind: Kind) {
        self.name = name
        self.matchers = matchers
        self.start = start
        self.end = end
        self.kind = kind
        nameTokens = if case .tokens(let tokens) = kind { tokens.map { $0.map { $0 == 0x3A ? 0x5F : $0 } } } else { [] }
        let required: [[[UInt8]]] =
            switch kind {
            case .tokens(let tokens): [tokens]
            case .lines(let required, _): required
            }
        filter = LogFilterQuery(LogRequest(matchers: matchers, start: start, end: end, requiredSubstrings: required))
    }

    /// Everything in which one of the texts stands, wherever in an entry.
    package init(
        name: String, tokens: [String], matchers: [LabelMatcher] = [], start: Int64 = .min, end: Int64 = .max
    ) {
        self.init(name: name, matchers: matchers, start: start, end: end, kind: .tokens(tokens.map { Array($0.utf8) }))
    }

    /// Lines of matching streams; `required` as in `LogRequest`, `test` nil for all of them.
    package init(
        name: String, matchers: [LabelMatcher], start: Int64, end: Int64, required: [[[UInt8]]], test: LineTest?
    ) {
        self.init(name: name, matchers: matchers, start: start, end: end, kind: .lines(required: required, test))
    }

    /// The same among streams that these matchers let through as well.
    package func narrowed(to others: [LabelMatcher]) -> LogErasure {
        LogErasure(name: name, matchers: matchers + others, start: start, end: end, kind: kind)
    }

    /// Whether every line of a stream with these labels is concerned, within the times.
    func concernsAll(of stream: Labels) -> Bool {
        switch kind {
        case .tokens(let tokens): stream.contains { holds($0, tokens) }
        case .lines(_, let test): test == nil
        }
    }

    /// Whether an entry's metadata is enough to concern it.
    func concerns(metadata: Labels) -> Bool {
        guard case .tokens(let tokens) = kind else { return false }
        return metadata.contains { holds($0, tokens) }
    }

    /// Whether metadata must be looked at where the line cannot be concerned.
    var readsMetadata: Bool {
        if case .tokens = kind { true } else { false }
    }

    private func holds(_ label: Label, _ tokens: [[UInt8]]) -> Bool {
        if Self.holds(label.value, tokens) || Self.holds(label.name, nameTokens) { return true }
        // Names have no colons, unless they were sent in Prometheus' UTF-8.
        return label.name.utf8.contains(0x3A) && Self.holds(label.name, tokens)
    }

    private static func holds(_ text: String, _ tokens: [[UInt8]]) -> Bool {
        let bytes = text.utf8Span.span
        return tokens.contains { SubstringSearch.firstOffset(of: $0.span, in: bytes) != nil }
    }

    /// Places of the entries concerned, ascending. Complexity: O(bytes × tokens), at the speed of a substring search.
    func places(in columns: LogColumns, of stream: Labels) -> [Int] {
        let inside = columns.timestamps.indices.filter { columns.timestamps[$0] >= start && columns.timestamps[$0] < end }
        if inside.isEmpty || concernsAll(of: stream) { return inside }
        switch kind {
        case .lines(_, let test): return inside.filter { test?(stream, columns, $0) ?? true }
        case .tokens(let tokens):
            var isConcerned = [Bool](repeating: false, count: columns.count)
            for token in tokens { Self.mark(token, columns, &isConcerned) }
            if !columns.metadataIndices.isEmpty {
                let sets = columns.metadataSets.map { concerns(metadata: $0) }
                for i in inside where sets[Int(columns.metadataIndices[i])] { isConcerned[i] = true }
            }
            return inside.filter { isConcerned[$0] }
        }
    }

    /// Marks the lines a text stands in.
    private static func mark(_ token: [UInt8], _ columns: LogColumns, _ isConcerned: inout [Bool]) {
        let bytes = columns.lineBytes.span
        var from = 0
        while let at = SubstringSearch.firstOffset(of: token.span, in: bytes, from: from) {
            // The first line that ends behind where it begins.
            var low = 0
            var high = columns.count - 1
            while low < high {
                let middle = (low + high) / 2
                if Int(columns.lineEnds[middle]) > at { high = middle } else { low = middle + 1 }
            }
            let end = columns.lineRange(low).upperBound
            // Where one line's end and the next one's beginning make up the text, no line holds it.
            if at + token.count <= end {
                isConcerned[low] = true
                from = end
            } else {
                from = at + 1
            }
        }
    }
}

extension LogSegment {
    /// For each run whether it may hold what is concerned: no run that does is left out.
    ///
    /// - Parameter wanted: whether the matchers let a stream through, by the store's number.
    func mayHold(_ erasure: LogErasure, wanted: (UInt32) -> Bool, labels: (UInt32) -> Labels) throws -> [Bool] {
        var may = [Bool](repeating: false, count: runs.count)
        if first >= erasure.end || last < erasure.start { return may }
        let candidates = try candidates(erasure.filter)
        let whole = streamIDs.map { wanted($0) && erasure.concernsAll(of: labels($0)) }
        var head: (block: UInt32, isConcerned: [Bool], columns: LogColumns)?
        for (index, run) in runs.enumerated() where run.first < erasure.end && run.last >= erasure.start && wanted(id(of: run)) {
            if whole[Int(run.stream)] || candidates?[Int(run.block)] ?? true {
                may[index] = true
                continue
            }
            guard erasure.readsMetadata else { continue }
            if head?.block != run.block {
                var columns = LogColumns()
                try readHead(block: Int(run.block), into: &columns)
                head = (run.block, columns.metadataSets.map { erasure.concerns(metadata: $0) }, columns)
            }
            guard let head, head.isConcerned.contains(true) else { continue }
            let entries = Int(run.firstEntry)..<Int(run.firstEntry + run.count)
            may[index] = entries.contains { head.isConcerned[Int(head.columns.metadataIndices[$0])] }
        }
        return may
    }
}

extension LogHeadPage {
    func mayHold(_ erasure: LogErasure, in stream: Labels) throws -> Bool {
        if first >= erasure.end || last < erasure.start { return false }
        if mayMatch(erasure.filter) || erasure.concernsAll(of: stream) { return true }
        guard erasure.readsMetadata else { return false }
        var columns = LogColumns()
        try readHead(into: &columns)
        return columns.metadataSets.contains { erasure.concerns(metadata: $0) }
    }
}
