import Synchronization
package import VardeDisk

/// Sends what a log holds to one endpoint, in order, through outages and restarts: nothing is kept in memory but the window on its way.
///
/// A window is what is read at once. It is split by series into shards whose batches go out side by side; once all are answered the
/// reader's place in the log moves on. Before a window goes, its end is written beside the place: after a crash in between, what may
/// have arrived already is known, and is sent in the same batches again.
package final class Forwarder<Feed: ForwardFeed>: Sendable {
    /// What is asked of the rest of the house.
    package struct Ground: Sendable {
        /// Milliseconds since the epoch.
        package var clock: @Sendable () -> Int64
        /// First segment of the log that may still be sent: what is older or more than is kept is lost.
        package var firstKept: @Sendable () throws -> UInt64
        /// Bytes written to the log so far.
        package var loggedBytes: @Sendable () -> Int

        package init(
            clock: @escaping @Sendable () -> Int64, firstKept: @escaping @Sendable () throws -> UInt64,
            loggedBytes: @escaping @Sendable () -> Int
        ) {
            self.clock = clock
            self.firstKept = firstKept
            self.loggedBytes = loggedBytes
        }
    }

    /// Requests of a batch that was refused, to find what of it is taken: each time, and where it may have arrived before.
    private static var extraRequests: Int { 24 }
    private static var extraRequestsUncertain: Int { 64 }
    /// How often the log is looked at.
    private static var poll: Duration { .milliseconds(100) }
    /// How often figures are noted, and the place in the log is written while nothing else asks for it.
    private static var noteInterval: Duration { .seconds(1) }
    private static var writeInterval: Duration { .seconds(2) }
    /// Milliseconds between two looks at what is kept.
    private static var boundInterval: Int64 { 2_000 }

    private let name: String
    private let queue: ForwardQueue
    private let feed: Feed
    private let holds: LogHolds
    let sender: EndpointSender
    private let ground: Ground
    private let blocking = BlockingWork()
    private let bound = Mutex((checked: Int64(0), first: UInt64(0)))

    package init(name: String, queue: ForwardQueue, feed: Feed, holds: LogHolds, sender: EndpointSender, ground: Ground) {
        self.name = name
        self.queue = queue
        self.feed = feed
        self.holds = holds
        self.sender = sender
        self.ground = ground
    }

    /// What is on its way.
    private struct Window: Sendable {
        var start: LogCursor
        var end: LogCursor
        var shards: Int
        /// Whether it may have arrived already.
        var isUncertain: Bool
        var generation: Int
    }

    /// What the loop remembers from window to window.
    private struct Pace {
        var progress: LogHolds.Progress
        var resharding: Resharding
        /// Bytes of the log read when the last window ended.
        var bytesRead = 0
        /// When the first item of the window at hand was read.
        var firstRead: ContinuousClock.Instant?
        /// When figures were last noted, and the place in the log last written.
        var noted: ContinuousClock.Instant?
        var written: ContinuousClock.Instant?
    }

    /// Runs until cancelled. Where the log cannot be read it is tried again.
    ///
    /// - Parameter from: where the reader stands.
    package func run(from progress: LogHolds.Progress) async {
        var pace = Pace(
            progress: progress, resharding: Resharding(queue.minShards...max(queue.minShards, queue.maxShards)))
        while !Task.isCancelled {
            do {
                try await follow(&pace)
            } catch {
                if Task.isCancelled { return }
                sender.count { $0.lastFailure = "\(error)" }
                try? await Task.sleep(for: .seconds(5))
                restart(&pace)
            }
        }
    }

    /// Forgets what was read and not done.
    private func restart(_ pace: inout Pace) {
        pace.progress = holds.progress(of: name).map { max($0.done, pace.progress.done) == $0.done ? $0 : pace.progress } ?? pace.progress
        feed.restart(at: pace.progress.done)
        pace.bytesRead = feed.bytesRead
        pace.firstRead = nil
    }

    private func follow(_ pace: inout Pace) async throws {
        var generation = holds.generation
        while !Task.isCancelled {
            if holds.generation != generation {
                generation = holds.generation
                restart(&pace)
            }
            // What may have arrived is sent in the batches it was sent in.
            let isUncertain = pace.progress.done < pace.progress.sentThrough
            let shards = isUncertain ? pace.progress.parts : pace.resharding.shards
            let most = min(feed.mostInWindow, shards * max(queue.capacity, queue.mostPerSend))
            let end = isUncertain ? pace.progress.sentThrough : nil
            let isFull = try await blocking { [feed] in try feed.read(most: most, through: end) }
            try note(shards, &pace)
            if feed.count == 0 {
                try await rest(&pace, isUncertain: isUncertain, isFull: isFull)
                continue
            }
            let since = pace.firstRead ?? ContinuousClock.now
            pace.firstRead = since
            if !isFull, !isUncertain, feed.count < queue.mostPerSend, ContinuousClock.now - since < .milliseconds(queue.deadline) {
                try await Task.sleep(for: Self.poll)
                continue
            }
            try await send(
                Window(
                    start: pace.progress.done, end: feed.cursor, shards: shards, isUncertain: isUncertain, generation: generation), &pace)
        }
    }

    /// Nothing is there to be sent: writes where the reader stands, now and then, and waits.
    private func rest(_ pace: inout Pace, isUncertain: Bool, isFull: Bool) async throws {
        pace.firstRead = nil
        let open = isUncertain && !isFull
        let done = isUncertain && isFull ? max(feed.cursor, pace.progress.sentThrough) : feed.cursor
        pace.progress = LogHolds.Progress(
            done: done, sentThrough: open ? pace.progress.sentThrough : done, parts: pace.progress.parts)
        let now = ContinuousClock.now
        if pace.written.map({ now - $0 >= Self.writeInterval }) ?? true {
            pace.written = now
            try await blocking { [holds, name, progress = pace.progress] in try holds.set(progress, of: name) }
        }
        // A stretch that ended without anything in it is no reason to wait.
        if !(isUncertain && isFull) { try await Task.sleep(for: Self.poll) }
    }

    private func note(_ shards: Int, _ pace: inout Pace) throws {
        let now = ContinuousClock.now
        if let noted = pace.noted, now - noted < Self.noteInterval { return }
        pace.noted = now
        try noteFigures(shards, desired: pace.resharding.desired)
    }

    private func noteFigures(_ shards: Int, desired: Double) throws {
        let (pending, left) = (feed.count, try feed.bytesLeft())
        sender.count { [feed] statistics in
            statistics.shards = shards
            statistics.desiredShards = desired
            statistics.pending = pending
            statistics.backlogBytes = left
            feed.add(to: &statistics)
        }
    }

    /// Sends what the feed holds.
    private func send(_ window: Window, _ pace: inout Pace) async throws {
        let batches = feed.batches(shards: window.shards, most: queue.mostPerSend)
        let count = batches.reduce(0) { $0 + $1.reduce(0) { $0 + feed.count(of: $1) } }
        let newest = batches.joined().map { feed.newest(of: $0) }.max() ?? 0
        sender.count { $0.newestRead = max($0.newestRead, newest) }
        if try mustDrop(window) {
            drop(count)
        } else {
            if !window.isUncertain {
                let intent = LogHolds.Progress(done: window.start, sentThrough: window.end, parts: window.shards)
                try await blocking { [holds, name] in try holds.set(intent, of: name) }
                pace.progress = intent
            }
            let began = ContinuousClock.now
            let undone = await deliver(batches, window, desired: pace.resharding.desired)
            if Task.isCancelled { return }
            if undone > 0 {
                // Changed under its reader: what is still there is read again.
                if holds.generation != window.generation { return }
                drop(undone)
            }
            pace.resharding.note(
                Resharding.Round(
                    items: count, bytes: feed.bytesRead - pace.bytesRead, seconds: (ContinuousClock.now - began) / .seconds(1),
                    shards: window.shards, loggedBytes: ground.loggedBytes(), bytesLeft: try feed.bytesLeft(),
                    now: Double(ground.clock()) / 1000))
        }
        feed.removeAll()
        pace.bytesRead = feed.bytesRead
        pace.firstRead = nil
        // Written with the next window, or in a quiet moment.
        pace.progress = LogHolds.Progress(
            done: window.end, sentThrough: window.isUncertain ? pace.progress.sentThrough : window.end, parts: pace.progress.parts)
        if pace.written.map({ ContinuousClock.now - $0 >= Self.writeInterval }) ?? true {
            pace.written = ContinuousClock.now
            try await blocking { [holds, name, progress = pace.progress] in try holds.set(progress, of: name) }
        }
    }

    private func drop(_ count: Int) {
        if count > 0 { sender.count { $0.dropped["backlog_bound", default: 0] += count } }
    }

    /// Whether the log no longer keeps what the window holds.
    private func mustDrop(_ window: Window) throws -> Bool {
        let now = ground.clock()
        let isDue = bound.withLock { bound in
            guard now - bound.checked >= Self.boundInterval || now < bound.checked else { return false }
            bound.checked = now
            return true
        }
        if isDue {
            let first = try ground.firstKept()
            bound.withLock { $0.first = first }
        }
        return window.end.segment < bound.withLock { $0.first }
    }

    // MARK: One window

    /// Items that were not delivered because the window was given up. Figures are noted while it lasts: an outage is to be seen.
    private func deliver(_ shards: [[Feed.Batch]], _ window: Window, desired: Double) async -> Int {
        let figures = Task {
            while (try? await Task.sleep(for: Self.noteInterval)) != nil { try? noteFigures(window.shards, desired: desired) }
        }
        let undone = await deliver(shards, window)
        // The feed is nobody else's again.
        figures.cancel()
        await figures.value
        return undone
    }

    private func deliver(_ shards: [[Feed.Batch]], _ window: Window) async -> Int {
        await withTaskGroup(of: Int.self) { group in
            for batches in shards where !batches.isEmpty {
                group.addTask {
                    var undone = 0
                    for batch in batches {
                        var extra = window.isUncertain ? Self.extraRequestsUncertain : Self.extraRequests
                        undone += await self.deliver(batch, window, isUncertain: window.isUncertain, &extra)
                    }
                    return undone
                }
            }
            return await group.reduce(0, +)
        }
    }

    private func isGivenUp(_ window: Window) -> Bool {
        Task.isCancelled || holds.generation != window.generation || (try? mustDrop(window)) == true
    }

    /// Sends one batch until it is answered for good; how many of its items were given up.
    private func deliver(_ batch: Feed.Batch, _ window: Window, isUncertain: Bool, _ extra: inout Int) async -> Int {
        let count = feed.count(of: batch)
        var isUncertain = isUncertain
        var backoff = queue.minBackoff
        var number = 0
        var body = feed.body(of: batch, sender.form)
        while true {
            if isGivenUp(window) { return count }
            guard sender.mayGo() else {
                try? await Task.sleep(for: .milliseconds(100))
                continue
            }
            switch await sender.attempt(body, number: number) {
            case .accepted:
                let (newest, exemplars) = (feed.newest(of: batch), feed.exemplarCount(of: batch))
                sender.count {
                    $0.sent += count
                    $0.exemplars += exemplars
                    $0.newestSent = max($0.newestSent, newest)
                }
                return 0
            case .refused(let written, let isOfContent):
                if isOfContent { return await divide(batch, window, isUncertain, written, &extra) }
                sender.count { $0.failed += max(0, count - (written ?? 0)) }
                return 0
            case .unknownForm:
                sender.fallBack()
                body = feed.body(of: batch, .older)
            case .later(let after):
                if Task.isCancelled { return count }
                isUncertain = true
                number += 1
                sender.count { $0.retried += count }
                try? await Task.sleep(for: .milliseconds(max(after ?? 0, backoff)))
                backoff = min(backoff * 2, queue.maxBackoff)
            }
        }
    }

    /// Sends the halves of a batch that was refused, so that what is wrong with some items does not keep the others out.
    private func divide(
        _ batch: Feed.Batch, _ window: Window, _ isUncertain: Bool, _ written: Int?, _ extra: inout Int
    ) async -> Int {
        let count = feed.count(of: batch)
        if written == nil, extra >= 2, let (first, second) = feed.halves(of: batch) {
            extra -= 2
            let undone = await deliver(first, window, isUncertain: isUncertain, &extra)
            return undone + (await deliver(second, window, isUncertain: isUncertain, &extra))
        }
        let refused = max(0, count - (written ?? 0))
        sender.count { statistics in
            statistics.sent += count - refused
            if isUncertain { statistics.dropped["refused_before", default: 0] += refused } else { statistics.failed += refused }
        }
        return 0
    }
}
