import Synchronization
import VardeDisk
package import VardeModel

extension LogStore {
    /// What of the store a query sees.
    private struct Snapshot: Sendable {
        typealias Head = (stream: LogStream, pages: [LogHeadPage], open: LogColumns, openAscends: Bool, first: Int64, last: Int64)
        var registry: StreamRegistry
        var wanted: StreamSet
        var heads: [Head]
        var frozen: [LogFrozenHead]
        var segments: [LogSegment]
        var retention: LogRetention
        var hide: LogHide?
        var now: Int64

        /// Whether entries up to `last` have all expired.
        func isExpired(_ id: UInt32, _ last: Int64) -> Bool {
            last
                < (retention.isUniform
                    ? now.subtractingClamped(retention.standard) : retention.cutoff(of: registry.labels[Int(id)], now: now))
        }
    }

    private func snapshot(_ request: LogRequest) throws -> Snapshot {
        while true {
            let registry = state.withLock { $0.registry }
            let wanted = try registry.matching(request.matchers)
            if let snapshot = snapshot(request, registry, wanted) { return snapshot }
        }
    }

    /// nil where stream numbers were taken back since the registry was looked at.
    private func snapshot(_ request: LogRequest, _ registry: StreamRegistry, _ wanted: StreamSet) -> Snapshot? {
        let now = options.now()
        return state.withLock { state in
            guard state.registry.epoch == registry.epoch else { return nil }
            var heads: [Snapshot.Head] = []
            for (id, head) in state.heads where wanted.contains(id) {
                heads.append((head.stream, head.pages, head.open, head.openAscends, head.openFirst, head.openLast))
            }
            let segments = state.segments.filter { $0.first < request.end && $0.last >= request.start }
            return Snapshot(
                registry: registry, wanted: wanted, heads: heads, frozen: state.frozen, segments: segments, retention: state.retention,
                hide: state.hide, now: now)
        }
    }

    package func select(_ request: LogRequest) throws -> any LogSelection { try selection(request) }

    func selection(_ request: LogRequest) throws -> LogStoreSelection {
        let snapshot = try snapshot(request)
        let query = LogFilterQuery(request)
        var builder = SelectionBuilder(request)
        for segment in snapshot.segments {
            var candidates: [Bool]?
            var asked = false
            for (index, run) in segment.runs.enumerated() where run.first < request.end && run.last >= request.start {
                let id = segment.id(of: run)
                guard snapshot.wanted.contains(id), !snapshot.isExpired(id, run.last) else { continue }
                if !asked {
                    candidates = try segment.candidates(query)
                    asked = true
                }
                let stream = builder.index(of: id, snapshot.registry)
                if let candidates, !candidates[Int(run.block)] { continue }
                builder.add(
                    stream, .run(segment, index), first: run.first, last: run.last, count: Int(run.count), bytes: Int(run.rawBytes))
            }
        }
        for frozen in snapshot.frozen {
            for (id, (_, pages)) in frozen.streams where snapshot.wanted.contains(id) {
                add(pages, id, request, query, snapshot, &builder)
            }
        }
        for head in snapshot.heads {
            let id = UInt32(head.stream.id)
            add(head.pages, id, request, query, snapshot, &builder)
            guard head.open.count > 0, head.first < request.end, head.last >= request.start, !snapshot.isExpired(id, head.last) else {
                continue
            }
            builder.add(
                builder.index(of: id, snapshot.registry), .open(head.open, ascends: head.openAscends), first: head.first, last: head.last,
                count: head.open.count, bytes: head.open.lineBytes.count)
        }
        return try builder.finish(snapshot.hide, snapshot.registry)
    }

    private func add(
        _ pages: [LogHeadPage], _ id: UInt32, _ request: LogRequest, _ query: LogFilterQuery, _ snapshot: Snapshot,
        _ builder: inout SelectionBuilder
    ) {
        for page in pages where page.first < request.end && page.last >= request.start && !snapshot.isExpired(id, page.last) {
            let stream = builder.index(of: id, snapshot.registry)
            guard page.mayMatch(query) else { continue }
            builder.add(stream, .page(page), first: page.first, last: page.last, count: page.count, bytes: page.rawBytes)
        }
    }

    /// Matching streams that have a page in the range.
    private func live(_ request: LogRequest, _ snapshot: Snapshot) -> StreamSet {
        var live = StreamSet(count: snapshot.registry.count)
        func overlaps(_ first: Int64, _ last: Int64) -> Bool { first < request.end && last >= request.start }
        for segment in snapshot.segments {
            for run in segment.runs where overlaps(run.first, run.last) {
                let id = segment.id(of: run)
                if !live.contains(id), snapshot.wanted.contains(id), !snapshot.isExpired(id, run.last) { live.insert(id) }
            }
        }
        for frozen in snapshot.frozen {
            for (id, (_, pages)) in frozen.streams where snapshot.wanted.contains(id) {
                if pages.contains(where: { overlaps($0.first, $0.last) && !snapshot.isExpired(id, $0.last) }) { live.insert(id) }
            }
        }
        for head in snapshot.heads {
            let id = UInt32(head.stream.id)
            let open = head.open.count > 0 && overlaps(head.first, head.last) && !snapshot.isExpired(id, head.last)
            if open || head.pages.contains(where: { overlaps($0.first, $0.last) && !snapshot.isExpired(id, $0.last) }) { live.insert(id) }
        }
        if let hide = snapshot.hide {
            for id in live.members where hide.isWhole(snapshot.registry.stream(id).labels) { live.remove(id) }
        }
        return live
    }

    package func streams(_ request: LogRequest) throws -> [LogStream] {
        let snapshot = try snapshot(request)
        return live(request, snapshot).members.map(snapshot.registry.stream)
    }

    package func labelNames(_ request: LogRequest) throws -> [String] {
        let snapshot = try snapshot(request)
        return snapshot.registry.names(in: live(request, snapshot))
    }

    package func labelValues(of name: String, _ request: LogRequest) throws -> [String] {
        let snapshot = try snapshot(request)
        return snapshot.registry.values(of: name, in: live(request, snapshot))
    }
}
