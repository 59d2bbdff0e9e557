import Synchronization
import VardeCompression
package import VardeDisk
package import VardeModel

/// The newest exemplars, in memory and in a small log of their own, so that a restart keeps them.
package final class ExemplarStore: Sendable {
    /// Exemplars kept where nothing else is configured: Prometheus' default.
    package static let defaultCapacity = 100_000
    /// The log is written anew once it is longer than this and holds mostly what is forgotten.
    private static let rewriteFrom = 16 << 20

    /// The exemplars of one series.
    package struct Series: Sendable {
        package var labels: Labels
        package var exemplars: [Exemplar]
    }

    private let ring: Mutex<ExemplarRing>
    private let log: WriteAheadLog
    /// Is told of what is taken in.
    private let follower = Mutex<(@Sendable ([(series: Labels, exemplar: Exemplar)]) -> Void)?>(nil)
    private let statistics = Mutex((accepted: 0, refused: [String: Int]()))
    /// Bytes appended to the log since it was last written anew.
    private let appended = Mutex(0)
    /// What was found amiss at opening.
    package let damage: [String]

    private init(ring: ExemplarRing, log: WriteAheadLog, damage: [String]) {
        self.ring = Mutex(ring)
        self.log = log
        self.damage = damage
    }

    /// Opens the store in a directory, made where it is absent.
    ///
    /// - Parameters:
    ///   - catalog: told that there is a log.
    ///   - capacity: exemplars kept.
    ///   - mode: when what was taken is synced.
    /// - Throws: `DiskError` where the log cannot be read.
    package static func open(
        directory: String, fileSystem: any FileSystem, catalog: Catalog, capacity: Int = defaultCapacity,
        mode: WriteAheadLog.SyncMode = .every
    ) throws -> ExemplarStore {
        var ring = ExemplarRing(capacity: capacity)
        var unreadable = 0
        var bytes = 0
        let (log, damage) = try WriteAheadLog.open(
            directory: directory + "/wal", fileSystem: fileSystem, mode: mode
        ) { _, kind, payload in
            bytes += payload.count
            guard kind == ExemplarLogRecord.kind, let record = ExemplarLogRecord.decode(payload) else {
                unreadable += 1
                return
            }
            if ring.refusal(of: record.exemplar, to: record.series) == nil { ring.add(record.exemplar, to: record.series) }
        }
        try catalog.expect([WriteAheadLog.expected(of: "exemplars")])
        var words = damage.map(\.description)
        if unreadable > 0 { words.append("\(directory)/wal: \(unreadable) records could not be understood") }
        let store = ExemplarStore(ring: ring, log: log, damage: words)
        store.appended.withLock { $0 = bytes }
        return store
    }

    /// Exemplars held, taken, and refused by reason.
    package var counts: (held: Int, accepted: Int, refused: [String: Int]) {
        let (accepted, refused) = statistics.withLock { $0 }
        return (ring.withLock { $0.count }, accepted, refused)
    }

    /// Tells `follower` of every exemplar taken in from here on; nil for nobody.
    package func follow(_ follower: (@Sendable ([(series: Labels, exemplar: Exemplar)]) -> Void)?) {
        self.follower.withLock { $0 = follower }
    }

    /// Takes exemplars, each with its series; labels must be redacted already. Returns once the log has them, as samples are waited for;
    /// those it had already too.
    ///
    /// - Returns: how many were taken.
    /// - Throws: where the log did not take some: they are not held, and can be sent again.
    @discardableResult
    package func add(_ exemplars: [(series: Labels, exemplar: Exemplar)]) async throws(DiskError) -> Int {
        let (accepted, end, failure) = take(exemplars)
        if let end { try await log.sync(through: end) }
        if let failure { throw failure }
        return accepted
    }

    /// Takes exemplars into memory, and into the log as far as that is memory; up to where it must be synced, nil where nothing is known of
    /// any of them.
    private func take(
        _ exemplars: [(series: Labels, exemplar: Exemplar)]
    ) -> (accepted: Int, end: WriteAheadLog.Position?, failure: DiskError?) {
        let follower = follower.withLock { $0 }
        var accepted = 0
        var followed: [(series: Labels, exemplar: Exemplar)] = []
        var refused: [String: Int] = [:]
        var end: WriteAheadLog.Position?
        var failure: DiskError?
        var bytes = 0
        for (series, exemplar) in exemplars {
            let record = ExemplarLogRecord.encode(series, exemplar)
            let refusal = ring.withLock { ring -> ExemplarRing.Refusal? in
                if let refusal = ring.refusal(of: exemplar, to: series) { return refusal }
                do throws(DiskError) {
                    end = try log.appendBuffered(kind: ExemplarLogRecord.kind, record.span)
                } catch {
                    failure = error
                    return .notLogged
                }
                ring.add(exemplar, to: series)
                return nil
            }
            switch refusal {
            case nil:
                accepted += 1
                bytes += record.count
                if follower != nil { followed.append((series, exemplar)) }
            // It may be on its way to the disk still.
            case .duplicate: end = log.end
            case .some(let refusal): refused[refusal.rawValue, default: 0] += 1
            }
        }
        statistics.withLock { state in
            state.accepted += accepted
            for (reason, count) in refused { state.refused[reason, default: 0] += count }
        }
        appended.withLock { $0 += bytes }
        if !followed.isEmpty { follower?(followed) }
        return (accepted, end, failure)
    }

    /// Exemplars from `from` to `through` (ms, inclusive) of every series that one of the selectors matches; series sorted by labels.
    ///
    /// - Throws: `Regex.SyntaxError` where a matcher's pattern is none.
    package func select(_ selectors: [[LabelMatcher]], from: Int64, through: Int64) throws -> [Series] {
        let selectors = try selectors.map { try $0.map { matcher throws(Regex.SyntaxError) in try LabelPredicate(matcher) } }
        let all = ring.withLock { $0.series }
        var found: [Series] = []
        for (labels, exemplars) in all
        where selectors.contains(where: { $0.allSatisfy { $0.matches(labels) } }) {
            let inside = exemplars.filter { $0.timestamp >= from && $0.timestamp <= through }
            if !inside.isEmpty { found.append(Series(labels: labels, exemplars: inside)) }
        }
        return found.sorted { $0.labels < $1.labels }
    }

    /// Writes the log anew where it has grown far beyond what is held. Blocks on the disk.
    package func maintain() throws(DiskError) {
        guard appended.withLock({ $0 }) > Self.rewriteFrom else { return }
        try rewriteLog()
    }

    /// Forgets exemplars, in memory and in every file; how many there were. Blocks on the disk.
    package func remove(where test: (_ series: Labels, _ exemplar: Exemplar) -> Bool) throws(DiskError) -> Int {
        let count = ring.withLock { $0.remove(where: test) }
        // Also where none was found: the log may hold some that memory has forgotten.
        try rewriteLog()
        return count
    }

    /// Exemplars that pass a test, with their series.
    package func exemplars(where test: (_ series: Labels, _ exemplar: Exemplar) -> Bool) -> [(series: Labels, exemplar: Exemplar)] {
        var found: [(series: Labels, exemplar: Exemplar)] = []
        ring.withLock { $0 }.forEach { series, exemplar in
            if test(series, exemplar) { found.append((series, exemplar)) }
        }
        return found
    }

    private func rewriteLog() throws(DiskError) {
        // What is held goes behind a cut; then what stands before it is no longer needed.
        let (records, bytes) = ring.withLock { ring in
            var records: [[UInt8]] = []
            ring.forEach { records.append(ExemplarLogRecord.encode($0, $1)) }
            log.markCut()
            return (records, records.reduce(0) { $0 + $1.count })
        }
        appended.withLock { $0 = 0 }
        if bytes > Self.rewriteFrom / 2 { appended.withLock { $0 = -bytes } }
        for record in records { _ = try log.appendBuffered(kind: ExemplarLogRecord.kind, record.span) }
        let first = try log.finishCut()
        try log.removeSegments(before: first)
    }

    /// Syncs what was taken.
    package func close() throws(DiskError) {
        try log.close()
    }
}
