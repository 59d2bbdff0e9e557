import Synchronization
import VardeModel

/// Erasures that are under way: what they concern is left out of every answer from the moment they are known, wherever it still is.
final class LogHide: Sendable {
    /// What of a run is left.
    enum Verdict: Sendable {
        case untouched
        /// So many entries and bytes of lines, first and last nanosecond; none where the count is 0.
        case left(count: Int, bytes: Int, first: Int64, last: Int64)
    }

    let erasures: [LogErasure]
    private let tests: [StreamTest]
    /// By segment, found once: segments do not change.
    private let verdicts = Mutex<[String: [Verdict]]>([:])

    init(_ erasures: [LogErasure]) throws(LogStoreError) {
        self.erasures = erasures
        var tests: [StreamTest] = []
        for erasure in erasures { tests.append(try StreamTest(erasure.matchers)) }
        self.tests = tests
    }

    /// Whether nothing of the stream is shown at all times.
    func isWhole(_ stream: Labels) -> Bool {
        zip(erasures, tests).contains { erasure, test in
            erasure.start == .min && erasure.end == .max && test.matches(stream) && erasure.concernsAll(of: stream)
        }
    }

    /// The entries that stay, nil where all do.
    func remaining(of columns: LogColumns, _ stream: Labels) -> LogColumns? {
        var isConcerned = [Bool](repeating: false, count: columns.count)
        var count = 0
        for (erasure, test) in zip(erasures, tests) where test.matches(stream) {
            for place in erasure.places(in: columns, of: stream) where !isConcerned[place] {
                isConcerned[place] = true
                count += 1
            }
        }
        return count == 0 ? nil : columns.picking(columns.timestamps.indices.filter { !isConcerned[$0] })
    }

    /// What is left of each of a segment's runs.
    func verdicts(on segment: LogSegment, _ registry: StreamRegistry) throws -> [Verdict] {
        if let known = verdicts.withLock({ $0[segment.name] }) { return known }
        var may = [Bool](repeating: false, count: segment.runs.count)
        // A segment cut since the registry was looked at may have streams that are not in it: the query does not want those either.
        let known = segment.streamIDs.filter { Int($0) < registry.count }
        for (erasure, test) in zip(erasures, tests) {
            let wanted = Set(known.filter { test.matches(registry.stream($0).labels) })
            let one = try segment.mayHold(erasure, wanted: wanted.contains, labels: { registry.stream($0).labels })
            for index in one.indices where one[index] { may[index] = true }
        }
        var found = [Verdict](repeating: .untouched, count: segment.runs.count)
        var reader = RunReader()
        for (index, run) in segment.runs.enumerated() where may[index] {
            let columns = try reader.read(segment, run)
            guard let left = remaining(of: columns, registry.stream(segment.id(of: run)).labels) else { continue }
            found[index] = .left(
                count: left.count, bytes: left.lineBytes.count, first: left.timestamps.first ?? 0, last: left.timestamps.last ?? 0)
        }
        if known.count == segment.streamIDs.count { verdicts.withLock { [found] in $0[segment.name] = found } }
        return found
    }
}

extension LogStore {
    /// Puts these erasures' lines out of sight, and brings back what is in sight again; what queries began before keeps what it saw.
    package func hide(_ erasures: [LogErasure]) throws {
        let hide = erasures.isEmpty ? nil : try LogHide(erasures)
        state.withLock { $0.hide = hide }
    }
}
