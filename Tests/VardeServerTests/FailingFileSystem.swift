import Synchronization
import VardeDisk

/// The machine's files, one call to which fails; what is written before and after it stays.
final class FailingFileSystem: FileSystem {
    enum Failure: CaseIterable {
        /// From this call on everything fails: the process is dead, until `revive`.
        case crash
        /// The call fails and changes nothing.
        case error
        /// Half of what is to be written is.
        case short
    }

    private struct State {
        var left = Int.max
        var failure = Failure.error
        var isDead = false
        var hasFailed = false
    }

    private let base: any FileSystem
    private let state = Mutex(State())

    init(_ base: any FileSystem) { self.base = base }

    /// Lets the n-th call from now (1 is the next) fail.
    func fail(atCall number: Int, _ failure: Failure) {
        state.withLock { $0 = State(left: number, failure: failure) }
    }

    /// Whether a planned failure has happened.
    var hasFailed: Bool { state.withLock { $0.hasFailed } }

    /// A process that works again.
    func revive() { state.withLock { $0 = State(hasFailed: $0.hasFailed) } }

    /// Counts a call; the failure where it is to fail.
    fileprivate func next() -> Failure? {
        state.withLock { state in
            if state.isDead { return .crash }
            state.left -= 1
            guard state.left == 0 else { return nil }
            state.hasFailed = true
            state.isDead = state.failure == .crash
            return state.failure
        }
    }

    fileprivate func call<Value>(
        _ operation: DiskError.Operation, _ path: String, _ body: () throws(DiskError) -> Value
    ) throws(DiskError) -> Value {
        if next() != nil { throw DiskError(operation, path, code: 5) }
        return try body()
    }

    func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> any File {
        try call(.open, path) { () throws(DiskError) in FailingFile(try base.open(path, mode), path, self) }
    }
    func list(_ directory: String) throws(DiskError) -> [String] {
        try call(.list, directory) { () throws(DiskError) in try base.list(directory) }
    }
    func remove(_ path: String) throws(DiskError) { try call(.remove, path) { () throws(DiskError) in try base.remove(path) } }
    func rename(_ path: String, to other: String) throws(DiskError) {
        try call(.rename, path) { () throws(DiskError) in try base.rename(path, to: other) }
    }
    func link(_ path: String, to other: String) throws(DiskError) {
        try call(.open, path) { () throws(DiskError) in try base.link(path, to: other) }
    }
    func makeDirectory(_ path: String) throws(DiskError) {
        try call(.makeDirectory, path) { () throws(DiskError) in try base.makeDirectory(path) }
    }
    func syncDirectory(_ path: String) throws(DiskError) {
        try call(.sync, path) { () throws(DiskError) in try base.syncDirectory(path) }
    }
    func size(of path: String) throws(DiskError) -> Int { try base.size(of: path) }
    func freeBytes(at path: String) throws(DiskError) -> Int { try base.freeBytes(at: path) }
}

private final class FailingFile: File {
    private let base: any File
    private let path: String
    private let owner: FailingFileSystem

    init(_ base: any File, _ path: String, _ owner: FailingFileSystem) {
        self.base = base
        self.path = path
        self.owner = owner
    }

    func size() throws(DiskError) -> Int { try base.size() }
    func read(at offset: Int, count: Int, into output: inout [UInt8]) throws(DiskError) {
        if owner.next() != nil { throw DiskError(.read, path, code: 5) }
        try base.read(at: offset, count: count, into: &output)
    }
    func write(_ bytes: Span<UInt8>, at offset: Int) throws(DiskError) {
        guard let failure = owner.next() else { return try base.write(bytes, at: offset) }
        if failure == .short { try base.write(bytes.extracting(0..<bytes.count / 2), at: offset) }
        throw DiskError(.write, path, code: 28)
    }
    func sync() throws(DiskError) { try owner.call(.sync, path) { () throws(DiskError) in try base.sync() } }
    func truncate(to size: Int) throws(DiskError) {
        try owner.call(.truncate, path) { () throws(DiskError) in try base.truncate(to: size) }
    }
    func lock() throws(DiskError) { try base.lock() }
}
