import Synchronization

/// Who still reads a log and how far, so that no segment is removed before its time. Kept in the catalog, through restarts.
///
/// A log is cut into stretches that can be understood each by itself: `mark` says where one begins, and when. Each reader has a name
/// and a `Progress`; what lies before the stretch of the least of them may go.
package final class LogHolds: Sendable {
    /// How far one reader has come.
    package struct Progress: Sendable, Equatable {
        /// Everything before is done.
        package var done: LogCursor
        /// What lies between `done` and here may be done already: it was on its way when this was written.
        package var sentThrough: LogCursor
        /// Into how many parts what was on its way was split.
        package var parts: Int

        package init(done: LogCursor, sentThrough: LogCursor? = nil, parts: Int = 1) {
            self.done = done
            self.sentThrough = max(sentThrough ?? done, done)
            self.parts = parts
        }
    }

    /// Where a stretch begins, and when it began, in milliseconds since the epoch.
    package struct Mark: Sendable, Equatable {
        package var segment: UInt64
        package var time: Int64
    }

    private struct State {
        var progress: [String: Progress] = [:]
        var marks: [Mark] = []
        /// Changes when what is in the log was changed or removed under its readers.
        var generation = 0
    }

    /// Marks kept; beyond it the oldest go, and stretches are longer than they were.
    private static let maxMarks = 10_000

    private let state: Mutex<State>
    private let catalog: Catalog
    private let store: String

    /// Reads what the catalog knows of the log of a store.
    package init(catalog: Catalog, store: String) throws {
        self.catalog = catalog
        self.store = store
        var state = State()
        for (name, value) in try catalog.settings(prefix: "\(store).reader.") {
            let parts = value.split(separator: " ")
            guard parts.count == 3, let done = LogCursor(parts[0]), let sent = LogCursor(parts[1]), let count = Int(parts[2]) else {
                continue
            }
            state.progress[name] = Progress(done: done, sentThrough: sent, parts: max(1, count))
        }
        for text in try catalog.setting("\(store).marks")?.split(separator: " ") ?? [] {
            let parts = text.split(separator: "@")
            guard parts.count == 2, let segment = UInt64(parts[0]), let time = Int64(parts[1]) else { continue }
            state.marks.append(Mark(segment: segment, time: time))
        }
        self.state = Mutex(state)
    }

    package func progress(of name: String) -> Progress? { state.withLock { $0.progress[name] } }
    package var generation: Int { state.withLock { $0.generation } }
    package var marks: [Mark] { state.withLock { $0.marks } }

    /// Readers must forget what they have read and not yet done, and read it again.
    package func invalidate() { state.withLock { $0.generation += 1 } }

    /// Writes how far a reader has come; survives a power cut once this returns.
    package func set(_ progress: Progress, of name: String) throws {
        if state.withLock({ $0.progress[name] }) == progress { return }
        let value = "\(progress.done) \(progress.sentThrough) \(progress.parts)"
        try catalog.change(add: [], remove: [], settings: [(name: "\(store).reader.\(name)", value: value)])
        state.withLock { $0.progress[name] = progress }
    }

    /// Forgets readers that are no more.
    package func keepOnly(_ names: Set<String>) throws {
        for name in state.withLock({ Array($0.progress.keys) }) where !names.contains(name) {
            try catalog.removeSetting("\(store).reader.\(name)")
            state.withLock { $0.progress[name] = nil }
        }
    }

    /// A stretch begins with a segment.
    package func mark(_ segment: UInt64, at time: Int64) throws {
        let text = state.withLock { state -> String in
            if let last = state.marks.last, last.segment >= segment { return "" }
            let needed = state.progress.values.map(\.done.segment).min() ?? segment
            // The stretch that holds the least of them is still needed.
            while state.marks.count > 1, state.marks[1].segment <= needed { state.marks.removeFirst() }
            if state.progress.isEmpty { state.marks = [] }
            state.marks.append(Mark(segment: segment, time: time))
            if state.marks.count > Self.maxMarks { state.marks.remove(at: 1) }
            return state.marks.map { "\($0.segment)@\($0.time)" }.joined(separator: " ")
        }
        if text.isEmpty { return }
        do {
            try catalog.change(add: [], remove: [], settings: [(name: "\(store).marks", value: text)])
        } catch let error where Catalog.isFull(error) {
            // A full disk keeps no server from starting: after the next start readers begin with the stretch before.
        }
    }

    /// First segment of the stretch that holds a segment; 0 where none is known.
    package func stretch(of segment: UInt64) -> UInt64 { state.withLock { Self.stretch(of: segment, $0.marks) } }

    private static func stretch(of segment: UInt64, _ marks: [Mark]) -> UInt64 {
        marks.last { $0.segment <= segment }?.segment ?? 0
    }

    package func isMark(_ segment: UInt64) -> Bool { state.withLock { $0.marks.contains { $0.segment == segment } } }

    /// The first segment that may not be removed, where nothing before `segment` is needed but by readers.
    package func firstNeeded(before segment: UInt64) -> UInt64 {
        state.withLock { state in
            state.progress.values.map { Self.stretch(of: $0.done.segment, state.marks) }.min().map { min($0, segment) } ?? segment
        }
    }

    /// First segment of the oldest stretch that had not ended at `time`; 0 where all are younger.
    package func firstSegment(livingAt time: Int64) -> UInt64 {
        // A stretch ends where the next begins.
        state.withLock { $0.marks.dropFirst().last { $0.time < time }?.segment ?? 0 }
    }
}
