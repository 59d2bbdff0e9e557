package import VardeCompression
package import VardeDisk
import VardeKernels
package import VardeModel
package import VardeWire

/// Reads files as they are written, through every way they are rotated, so that each line is taken in once.
///
/// A round goes: `gather` reads what is new and writes down, synced, what it is about to hand over and with which times; the caller stores
/// the lines; `confirm` notes that they are. After a crash in between, the same bytes are read again and given the same times, by which
/// the store knows the lines it has. Blocks on files; used from one thread at a time.
package final class FileTail {
    package struct Limits: Sendable {
        /// Files known at once, and of them those open at once.
        package var files = 10_000
        package var openFiles = 512
        /// Bytes of an entry; a longer one is handed over with a byte more, for whoever stores it to judge.
        package var entryBytes = 256 << 10
        /// Bytes of a round.
        package var roundBytes = 4 << 20
        /// Where JSON lines have their time, message and labels, unless the source says so itself.
        package var fields = LogFieldNames()

        package init() {}
    }

    /// Milliseconds between two searches for files.
    static let searchInterval: Int64 = 1_000
    /// A file that has lost its path is read for so long after it last grew: its writer may not know yet.
    static let lingering: Int64 = 30_000
    /// A file that begins as another does is held so long at most: it may be a copy in the making.
    static let copyTime: Int64 = 10_000
    /// Bytes by which that is told.
    static let headSize = 512
    /// A file that does not grow is closed after so long, until it does.
    static let idleTime: Int64 = 60_000
    /// After a failure a file is left alone for so long.
    static let pause: Int64 = 5_000

    package var limits = Limits()
    package internal(set) var statistics = FileTailStatistics()

    let directory: String
    let fileSystem: any FileSystem
    var sources: [FileSource] = []
    var cutters: [EntryCutter] = []
    var files: [InputFile.Identity: TailedFile] = [:]
    /// Order in which files have their turn.
    var order: [InputFile.Identity] = []
    var turn = 0
    /// Names of sources that were looked for before.
    var known: Set<String> = []
    /// Marks of an earlier run whose files were not found yet.
    var stored: [InputFile.Identity: FileMark] = [:]
    var nextSearch: Int64 = 0
    /// Whether the marks on disk are behind.
    var isBehind = false

    private init(directory: String, fileSystem: any FileSystem) {
        self.directory = directory
        self.fileSystem = fileSystem
    }

    /// Knows which files there are, once it was told.
    private var catalog: Catalog?

    private var path: String { directory + "/" + FileMarksFile.name }

    /// Opens the positions kept in a directory, made where it is absent; `damage` says why what was there cannot be read.
    ///
    /// - Parameter catalog: told that there are positions.
    package static func open(
        directory: String, fileSystem: any FileSystem, catalog: Catalog? = nil
    ) throws -> (tail: FileTail, damage: String?) {
        try fileSystem.makeDirectories(directory)
        try fileSystem.removeTemporaries(in: directory)
        let tail = FileTail(directory: directory, fileSystem: fileSystem)
        tail.catalog = catalog
        guard fileSystem.exists(tail.path) else { return (tail, nil) }
        do {
            let content = try FileMarksFile.decode(try fileSystem.read(tail.path), path: tail.path)
            tail.known = Set(content.sources)
            for mark in content.marks { tail.stored[mark.identity] = mark }
            return (tail, nil)
        } catch {
            return (tail, "\(error)")
        }
    }

    /// Puts other sources in force. Files go on where they were, whichever source has them now.
    ///
    /// - Throws: where a pattern is no regular expression.
    package func use(_ sources: [FileSource]) throws(Regex.SyntaxError) {
        var cutters: [EntryCutter] = []
        for source in sources {
            let first = try source.multiline.map { rule throws(Regex.SyntaxError) in try Regex(rule.firstLine) }
            cutters.append(EntryCutter(maxEntry: limits.entryBytes, firstLine: first, maxLines: source.multiline?.maxLines ?? 1))
        }
        for (identity, file) in files { stored[identity] = file.mark }
        files = [:]
        order = []
        self.sources = sources
        self.cutters = cutters
        nextSearch = .min
    }

    /// Reads what is new and writes down what it hands over; nil where there is nothing.
    ///
    /// - Parameters:
    ///   - now: milliseconds.
    ///   - times: the first of so many times in nanoseconds, none of which was given before.
    /// - Throws: `DiskError` where the positions cannot be written: nothing is handed over then.
    package func gather(now: Int64, times: (Int) -> Int64) throws(DiskError) -> [LogStreamWrite]? {
        if now >= nextSearch { search(now: now) }
        var writes: [LogStreamWrite] = []
        var bytes = 0
        // Of an earlier run: whether they arrived is not known.
        let open = Set(order.filter { files[$0]?.mark.delivery != nil })
        for _ in 0..<order.count {
            if bytes >= limits.roundBytes { break }
            turn = (turn + 1) % order.count
            guard let part = read(order[turn], now: now, times: times) else { continue }
            writes += part.writes
            bytes += part.bytes
        }
        note()
        if bytes == 0 { return nil }
        do throws(DiskError) { try write() } catch {
            for identity in order where !open.contains(identity) { files[identity]?.mark.delivery = nil }
            statistics.failures["positions", default: 0] += 1
            throw error
        }
        return writes
    }

    /// Takes what was handed over for stored.
    package func confirm() {
        for identity in order { files[identity]?.mark.advance() }
        isBehind = true
    }

    /// Writes the positions where those on disk are behind: at leisure, since what is read again is known again.
    package func settle() throws(DiskError) {
        if isBehind { try write() }
    }

    private func write() throws(DiskError) {
        let marks = order.compactMap { files[$0]?.mark } + stored.values
        let content = FileMarksFile.Content(sources: known.sorted(), marks: marks)
        try fileSystem.writeAtomically(FileMarksFile.encode(content).span, to: path)
        isBehind = false
        // Where it cannot be named now, the next time will do.
        if let catalog, (try? catalog.expect([DataBackup.tailed + "/" + FileMarksFile.name])) != nil { self.catalog = nil }
    }

    private func note() {
        statistics.files = files.count
        statistics.openFiles = files.values.reduce(0) { $0 + ($1.input == nil ? 0 : 1) }
        statistics.unreadBytes = files.values.reduce(0) { $0 + $1.unread }
    }

    func count(event: String) { statistics.events[event, default: 0] += 1 }
    func count(failure: String) { statistics.failures[failure, default: 0] += 1 }
}
