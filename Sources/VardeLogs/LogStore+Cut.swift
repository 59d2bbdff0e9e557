import Synchronization
import VardeDisk
import VardeModel

extension LogStore {
    /// Writes what is in memory to segments, makes them live, and removes what the write-ahead log held of it. Runs on `maintenance`.
    ///
    /// Where it fails, nothing is lost: the lines stay in memory and in the log, and the next cut begins with them.
    func cut() throws {
        try writeFrozen()
        guard let log = writeAheadLog, state.withLock({ !$0.heads.isEmpty }) else { return }
        // Whatever is in segments of the log before this one is in the heads by now.
        let firstNeeded = try log.cut()
        try holds.mark(firstNeeded, at: options.now() / 1_000_000)
        state.withLock { state in
            var streams: [UInt32: (stream: LogStream, pages: [LogHeadPage])] = [:]
            for (id, head) in state.heads {
                _ = head.close()
                streams[id] = (head.stream, head.pages)
            }
            state.frozen.append(LogFrozenHead(streams: streams, sequence: state.sequence, firstNeededLog: firstNeeded))
            state.heads = [:]
            state.openBytes = 0
            state.pageBytes = 0
            state.nextSpill = 0
            state.logBytes = 0
            state.headSince = nil
            state.freezes += 1
            state.storedChanged()
        }
        try writeFrozen()
    }

    /// Segments for all frozen heads, the oldest first.
    private func writeFrozen() throws {
        while let frozen = state.withLock({ $0.frozen.first }) {
            let segments = try write(frozen)
            state.withLock { state in
                state.frozen.removeFirst()
                state.segments += segments
                state.statistics.cuts += 1
                state.storedChanged()
            }
            state.withLock { $0.logDone = max($0.logDone, frozen.firstNeededLog) }
            try trimHeld()
        }
    }

    private func write(_ frozen: LogFrozenHead) throws -> [LogSegment] {
        let streams = frozen.streams.values.sorted { $0.stream.labels < $1.stream.labels }
        let days = Set(streams.lazy.flatMap(\.pages).map { LogDay.number(of: $0.first) }).sorted()
        var output = SegmentOutput(store: self, compression: .fresh, level: 0)
        do {
            for day in days {
                for (stream, pages) in streams {
                    try add(stream, pages.filter { LogDay.number(of: $0.first) == day }, to: &output)
                }
                try output.finishFile()
            }
            return try output.publish(
                removing: [], settings: [(Self.sequenceSetting, String(frozen.sequence))])
        } catch {
            output.abandon()
            throw error
        }
    }

    /// A stream's pages of one day: full ones as they are, small ones together.
    private func add(_ stream: LogStream, _ pages: [LogHeadPage], to output: inout SegmentOutput) throws {
        var small = LogColumns()
        var columns = LogColumns()
        for page in pages {
            if page.rawBytes >= LogSegmentFormat.ownBlock {
                page.pack(.fresh)
                if let (block, table) = page.packed {
                    try output.add(stream, block, table: table, first: page.first, last: page.last)
                    continue
                }
            }
            try page.read(into: &columns)
            small.append(columns, 0..<columns.count)
            if small.lineBytes.count >= options.pageSize {
                try output.add(stream, small.sortedByTime())
                small = LogColumns()
            }
        }
        if small.count > 0 { try output.add(stream, small.sortedByTime()) }
    }
}

/// Segment files being written that become live together.
struct SegmentOutput {
    private let store: LogStore
    private let compression: LogCompression
    private let level: Int
    private var writer: (writer: LogSegmentWriter, name: String)?
    private var finished: [Catalog.Entry] = []

    init(store: LogStore, compression: LogCompression, level: Int) {
        self.store = store
        self.compression = compression
        self.level = level
    }

    /// The file being written; one of the day of a time, in nanoseconds, where none is.
    private mutating func open(_ time: Int64) throws -> LogSegmentWriter {
        if let writer, !writer.writer.isFull { return writer.writer }
        try finishFile()
        let number = store.state.withLock { state in
            defer { state.nextSegment += 1 }
            return state.nextSegment
        }
        let name = LogSegmentFormat.name(number)
        let new = try LogSegmentWriter(
            path: store.segmentDirectory + "/" + name, day: Int(LogDay.number(of: time)), fileSystem: store.fileSystem,
            compression: compression, pageSize: store.options.pageSize)
        writer = (new, name)
        return new
    }

    mutating func add(_ stream: LogStream, _ block: LogBlock, table: [UInt64], first: Int64, last: Int64) throws {
        try open(first).add(stream, block, table: table, first: first, last: last)
    }

    mutating func add(_ stream: LogStream, _ columns: LogColumns) throws {
        guard columns.count > 0 else { return }
        try open(columns.timestamps[0]).add(stream, columns)
    }

    /// Ends the file being written; the next line goes to a new one.
    mutating func finishFile() throws {
        guard let (current, name) = writer else { return }
        finished.append(try current.finish(name: name, level: level))
        writer = nil
    }

    /// Makes the files live in one step, in the place of others; the segments, open for reading.
    mutating func publish(removing: [LogSegment], settings: [(name: String, value: String)] = []) throws -> [LogSegment] {
        try finishFile()
        var registry = store.state.withLock { $0.registry }
        // Opened before they are live: what cannot be read back is never put in the place of what can.
        let segments = try finished.map { entry in
            try LogSegment(entry, directory: store.segmentDirectory, fileSystem: store.fileSystem) { registry.intern($0) }
        }
        try store.catalog.change(add: finished, remove: removing.map { (LogSegmentFormat.store, $0.name) }, settings: settings)
        finished = []
        return segments
    }

    /// Gives up: none of the files remains.
    func abandon() {
        writer?.writer.abandon()
        for entry in finished { try? store.fileSystem.remove(store.segmentDirectory + "/" + entry.name) }
    }
}
