import Dispatch
import Synchronization
import VardeDisk
import VardeModel

/// What a round of an erasure did.
package struct LogErasureReport: Sendable, Equatable {
    /// Lines gone for good in all rounds of this erasure, counted once each whatever crashed in between.
    package var lines = 0
    /// Segments looked at.
    package var segments = 0
    /// Segments written anew in all rounds of this erasure, counted as lines are.
    package var rewritten = 0
    /// Bytes of lines, before compression, that were read to look for what is concerned.
    package var bytesRead = 0
}

extension LogStore {
    /// Name of the setting that counts an erasure's lines and segments; changed in the transaction that makes them go.
    private static func countSetting(_ name: String) -> String { "logs.erased.\(name)" }

    private func counted(_ setting: String) throws -> (lines: Int, segments: Int) {
        let numbers = try catalog.setting(setting)?.split(separator: " ").map { Int($0) ?? 0 } ?? []
        return (numbers.first ?? 0, numbers.count > 1 ? numbers[1] : 0)
    }

    /// Removes what an erasure concerns for good; all other lines stay byte for byte.
    ///
    /// Memory is cut to segments and the write-ahead log trimmed, then each segment concerned is written anew, one after the other,
    /// until none is left that was not looked at. It may be repeated after a crash at any point: what is done stays done. Lines that
    /// come meanwhile may go too. A selection made before keeps what it saw for as long as it lives.
    /// - Parameters:
    ///   - isThorough: every line is read, whatever the filters say: to verify.
    ///   - between: called between segments with what was done so far; what it throws ends the round.
    package func erase(
        _ erasure: LogErasure, isThorough: Bool = false, between: (LogErasureReport) throws -> Void = { _ in }
    ) throws -> LogErasureReport {
        var report = LogErasureReport()
        var examined: Set<String> = []
        try maintenance.sync {
            try cut()
            try trimLog()
        }
        while true {
            let isDone = try maintenance.sync {
                let (segments, registry) = state.withLock { ($0.segments, $0.registry) }
                guard let segment = segments.first(where: { !examined.contains($0.name) }) else { return true }
                examined.insert(segment.name)
                examined.formUnion(try erase(erasure, in: segment, registry, isThorough: isThorough, &report))
                return false
            }
            (report.lines, report.rewritten) = try counted(Self.countSetting(erasure.name))
            if isDone { break }
            try between(report)
        }
        try maintenance.sync { try removeUnlisted() }
        return report
    }

    /// Forgets how many lines an erasure removed.
    package func forgetErasure(_ name: String) throws { try catalog.removeSetting(Self.countSetting(name)) }

    /// Erases in one segment; names of those in its place. Runs on `maintenance`.
    private func erase(
        _ erasure: LogErasure, in segment: LogSegment, _ registry: StreamRegistry, isThorough: Bool, _ report: inout LogErasureReport
    ) throws -> [String] {
        let wanted = try registry.matching(erasure.matchers)
        guard segment.first < erasure.end, segment.last >= erasure.start else { return [] }
        report.segments += 1
        var may = try segment.mayHold(erasure, wanted: wanted.contains, labels: { registry.stream($0).labels })
        if isThorough {
            for (index, run) in segment.runs.enumerated() where wanted.contains(segment.id(of: run)) {
                may[index] = run.first < erasure.end && run.last >= erasure.start
            }
        }
        guard may.contains(true) else { return [] }
        for (index, run) in segment.runs.enumerated() where may[index] { report.bytesRead += Int(run.rawBytes) }
        // Read first: most segments that may hold something hold nothing, and are not written then.
        var reader = RunReader()
        let isConcerned = try segment.runs.enumerated().contains { index, run in
            guard may[index] else { return false }
            return try !erasure.places(in: reader.read(segment, run), of: registry.stream(segment.id(of: run)).labels).isEmpty
        }
        guard isConcerned else { return [] }
        let setting = Self.countSetting(erasure.name)
        let before = try counted(setting)
        let outcome = try rewrite(segment, registry, concerning: may, counting: (setting, before)) { stream, columns in
            erasure.places(in: columns, of: stream.labels)
        }
        return outcome.written
    }

    /// Writes a segment anew without the entries at the places `dropping` names, if there are any. Runs on `maintenance`.
    ///
    /// - Parameters:
    ///   - concerning: runs that may lose entries, by index; nil for all. Others are taken over as they are.
    ///   - counting: a setting that counts what is dropped, and its value so far: changed in the same transaction.
    /// - Returns: how many were dropped, and the names of the segments in its place.
    func rewrite(
        _ segment: LogSegment, _ registry: StreamRegistry, concerning: [Bool]? = nil,
        counting: (name: String, before: (lines: Int, segments: Int))? = nil,
        dropping: (LogStream, LogColumns) -> [Int]
    ) throws -> (dropped: Int, written: [String]) {
        let tables = try segment.tables()
        var output = SegmentOutput(store: self, compression: .compacted, level: segment.level)
        var dropped = 0
        let written: [LogSegment]
        do {
            var reader = RunReader()
            for (index, run) in segment.runs.enumerated() {
                let stream = registry.stream(segment.id(of: run))
                let block = Int(run.block)
                let isConcerned = concerning?[index] ?? true
                if !isConcerned, segment.ownsBlock(run) {
                    try output.add(stream, segment.block(block), table: tables[block], first: run.first, last: run.last)
                    continue
                }
                let columns = try reader.read(segment, run)
                let gone = isConcerned ? dropping(stream, columns) : []
                dropped += gone.count
                if gone.isEmpty, segment.ownsBlock(run) {
                    try output.add(stream, segment.block(block), table: tables[block], first: run.first, last: run.last)
                } else if gone.count < columns.count {
                    var isGone = [Bool](repeating: false, count: columns.count)
                    for place in gone { isGone[place] = true }
                    try output.add(stream, columns.picking(columns.timestamps.indices.filter { !isGone[$0] }).withoutUnusedMetadata())
                }
            }
            guard dropped > 0 else {
                output.abandon()
                return (0, [])
            }
            let settings = counting.map { [(name: $0.name, value: "\($0.before.lines + dropped) \($0.before.segments + 1)")] } ?? []
            written = try output.publish(removing: [segment], settings: settings)
        } catch {
            output.abandon()
            throw error
        }
        // Live in the catalog: whatever fails from here on must not take their files away.
        try swap([segment], for: written)
        state.withLock { $0.statistics.rewrites += 1 }
        return (dropped, written.map(\.name))
    }

    /// Removes segments of the write-ahead log that hold nothing but what is in segments, also where a crash or a failure kept them, or
    /// where they were kept to be passed on: those who read them go on behind.
    private func trimLog() throws {
        guard let log = writeAheadLog else { return }
        // Appending takes the same lock: with no lines in memory, whatever the log holds before the mark is in segments.
        let isEmpty = state.withLock { state in
            guard state.heads.isEmpty, state.frozen.isEmpty else { return false }
            log.markCut()
            return true
        }
        guard isEmpty else { return }
        let start = try log.finishCut()
        holds.invalidate()
        try log.removeSegments(before: start)
        state.withLock { state in
            state.logDone = max(state.logDone, start)
            state.logKept = start
        }
    }

    /// Removes segment files the catalog does not name, left where a removal failed. Runs on `maintenance`, where nothing is being written.
    private func removeUnlisted() throws {
        let live = Set(try catalog.files(of: LogSegmentFormat.store).map(\.name))
        var isChanged = false
        for name in try fileSystem.list(segmentDirectory) {
            let isUnfinished = name.hasSuffix(fileSystem.temporarySuffix)
            guard isUnfinished || LogSegmentFormat.number(of: name) != nil && !live.contains(name) else { continue }
            try fileSystem.remove(segmentDirectory + "/" + name)
            isChanged = true
        }
        if isChanged { try fileSystem.syncDirectory(segmentDirectory) }
    }
}
