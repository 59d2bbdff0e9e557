import VardeCollect
import VardeKernels
import VardeLogs
import VardeMetrics
import VardeModel
import VardePrivacy
import VardeQuery

/// The stores as subject requests see them: where a person's words are looked for, and where they are removed.
struct ErasedStores: Sendable {
    var metrics: MetricStore
    var logs: LogStore
    var exemplars: ExemplarStore
    var pushed: PushedGroups

    /// What a request removes from the log store.
    static func logErasure(_ request: ErasureRequest) throws -> LogErasure {
        switch request.target {
        case .subject(let texts): return LogErasure(name: request.id, tokens: texts)
        case .query(let query, let start, let end):
            let test = try LogQLLineTest(query)
            let holds: LogErasure.LineTest = { stream, columns, index in test.holds(stream, columns, index) }
            return LogErasure(
                name: request.id, matchers: test.matchers, start: start, end: end, required: test.required,
                test: test.isEveryLine ? nil : holds)
        }
    }

    /// The words of a person, searched for in labels.
    struct Needles: Sendable {
        private let texts: [[UInt8]]

        init(_ texts: [String]) { self.texts = ErasedStores.forms(of: texts).map { Array($0.utf8) } }

        func stand(in labels: Labels) -> Bool {
            labels.contains { label in
                let (name, value) = (label.name.utf8Span.span, label.value.utf8Span.span)
                return texts.contains {
                    SubstringSearch.firstOffset(of: $0.span, in: value) ?? SubstringSearch.firstOffset(of: $0.span, in: name) != nil
                }
            }
        }

        func isConcerned(_ series: Labels, _ exemplar: Exemplar) -> Bool { stand(in: series) || stand(in: exemplar.labels) }
    }

    /// The words, and as they stand in names of metrics and labels, which hold no colons.
    static func forms(of texts: [String]) -> [String] { texts + texts.map { $0.replacing(":", with: "_") } }

    /// Series that have samples and hold one of the words, each once.
    func series(holding texts: [String]) throws -> [(selection: any SeriesSelection, index: Int)] {
        var seen: Set<Labels> = []
        var found: [(selection: any SeriesSelection, index: Int)] = []
        for label in try metrics.labels(holding: Self.forms(of: texts)) {
            let selection = try metrics.select(
                SeriesRequest(matchers: [LabelMatcher(label.name, .equal, label.value)], from: .min / 2, through: .max / 2))
            for index in 0..<selection.count where seen.insert(selection.labels(at: index)).inserted { found.append((selection, index)) }
        }
        return found
    }
}

/// Carries out erasures on the stores.
struct StoreErasureGround: ErasureGround {
    let stores: ErasedStores
    let holds: LegalHolds
    /// Enters in the audit log what became of a request: who asked, what in words, and lines where they are known.
    let note: @Sendable (_ who: String, _ what: String, _ lines: Int?) -> Void
    /// Erases in copies in the data directory that were made before; their names.
    let copies: @Sendable (ErasureRequest) throws -> [String]
    /// Waits as long as others need the disk more.
    let pace: @Sendable () -> Void

    func hide(_ requests: [ErasureRequest]) throws { try stores.logs.hide(try requests.map(ErasedStores.logErasure)) }

    func hold(on request: ErasureRequest) throws -> String? {
        for hold in try holds.inForce() {
            let matchers = try LegalHolds.matchers(hold, file: "")
            if matchers.isEmpty { return "\(hold.name): \(hold.reason)" }
            var held = try ErasedStores.logErasure(request)
            held = held.narrowed(to: matchers)
            let search = try stores.logs.search(held)
            for page in 0..<search.pageCount where try search.page(page) != nil { return "\(hold.name): \(hold.reason)" }
        }
        return nil
    }

    func deleteSeries(_ request: inout ErasureRequest, progress: (ErasureRequest) throws -> Void) throws {
        guard case .subject(let texts) = request.target, !texts.isEmpty else { return }
        let needles = ErasedStores.Needles(texts)
        request.exemplars = max(request.exemplars, stores.exemplars.exemplars(where: needles.isConcerned).count)
        request.series = max(request.series, try stores.series(holding: texts).count)
        try progress(request)
        // Groups first, lest they be collected again.
        let pushed = try stores.pushed.remove { needles.stand(in: $0) }
        _ = try stores.exemplars.remove(where: needles.isConcerned)
        _ = try stores.metrics.delete(holding: ErasedStores.forms(of: texts))
        try stores.metrics.purge()
        if pushed > 0 { enter(request, "\(pushed) pushed samples removed") }
    }

    func rewriteLogs(_ request: inout ErasureRequest, progress: (ErasureRequest) throws -> Void) throws {
        var now = request
        let report = try stores.logs.erase(try ErasedStores.logErasure(request)) { report in
            now.lines = report.lines
            now.segments = report.segments
            now.rewritten = report.rewritten
            try progress(now)
            pace()
        }
        request = now
        request.lines = report.lines
        request.segments = report.segments
        request.rewritten = report.rewritten
    }

    func verify(_ request: inout ErasureRequest, progress: (ErasureRequest) throws -> Void) throws {
        var now = request
        let report = try stores.logs.erase(try ErasedStores.logErasure(request), isThorough: true) { report in
            now.lines = report.lines
            now.verifiedSegments = report.segments
            now.verifiedBytes = report.bytesRead
            try progress(now)
            pace()
        }
        request = now
        request.lines = report.lines
        request.verifiedSegments = report.segments
        request.verifiedBytes = report.bytesRead
        request.rewritten = report.rewritten
        try removeSentAgain(&request)
        request.copies = try copies(request)
    }

    /// Removes series and exemplars that were sent again meanwhile.
    private func removeSentAgain(_ request: inout ErasureRequest) throws {
        guard case .subject(let texts) = request.target, !texts.isEmpty else { return }
        let isConcerned = ErasedStores.Needles(texts).isConcerned
        let exemplars = stores.exemplars.exemplars(where: isConcerned).count
        if exemplars > 0 { request.exemplars += try stores.exemplars.remove(where: isConcerned) }
        let forms = ErasedStores.forms(of: texts)
        guard try exemplars > 0 || !stores.metrics.labels(holding: forms).isEmpty else { return }
        request.series += try stores.metrics.delete(holding: forms)
        try stores.metrics.purge()
    }

    func forget(_ request: ErasureRequest) throws { try stores.logs.forgetErasure(request.id) }

    func enter(_ request: ErasureRequest, _ what: String) {
        note(request.by, "\(request.id): \(what)", request.step == .receipt ? request.lines : nil)
    }
}
