import Synchronization

/// Files in memory that forget at a power cut what was not synced, and fail on demand: the ground of the storage tests.
package final class InMemoryFileSystem: FileSystem {
    /// Content as writers see it and as the device has it.
    fileprivate final class Node: @unchecked Sendable {  // Touched only under the file system's mutex.
        var bytes: [UInt8] = []
        var synced: [UInt8] = []
        var locked = false
    }

    fileprivate struct State {
        var files: [String: Node] = [:]
        /// What a power cut leaves of the names: as of the last `syncDirectory` of each directory.
        var durableNames: [String: Node] = [:]
        var directories: Set<String> = ["/", "."]
        var calls = 0
        var failAt: Int?
        var failure: Failure = .error(5)
        var crashed = false
        var capacity = Int.max
    }

    /// What happens at the chosen call.
    package enum Failure: Sendable {
        /// The call fails with this errno and changes nothing.
        case error(Int32)
        /// Half of a write's bytes are written, then the call fails; other calls just fail.
        case short(Int32)
        /// From this call on everything fails: the process is dead. Follow it by `powerCut` or `processKill`.
        case crash
    }

    fileprivate let state = Mutex(State())

    package init() {}

    /// Calls made so far that can fail.
    package var callCount: Int { state.withLock { $0.calls } }

    /// Lets the n-th call from now (1 is the next) fail once.
    package func fail(atCall number: Int, _ failure: Failure) {
        state.withLock {
            $0.failAt = $0.calls + number
            $0.failure = failure
        }
    }

    /// Whether a planned failure has happened.
    package var hasFailed: Bool { state.withLock { $0.failAt == nil } }

    /// Bytes all files together may hold, for a disk that is full.
    package func limit(to bytes: Int) { state.withLock { $0.capacity = bytes } }

    /// The machine lost power: content is as last synced, names are as their directories were last synced.
    package func powerCut() {
        state.withLock { state in
            state.files = state.durableNames
            for node in state.files.values {
                node.bytes = node.synced
                node.locked = false
            }
            state.crashed = false
            state.failAt = nil
        }
    }

    /// The process was killed: everything written is there, locks are gone.
    package func processKill() {
        state.withLock { state in
            for node in state.files.values { node.locked = false }
            state.crashed = false
            state.failAt = nil
        }
    }

    /// Changes one byte of a file, as a failing device would.
    package func flip(_ path: String, at offset: Int) {
        state.withLock { state in
            guard let node = state.files[path], node.bytes.indices.contains(offset) else { return }
            node.bytes[offset] ^= 0x10
            node.synced = node.bytes
        }
    }

    /// Paths of all files, sorted.
    package var paths: [String] { state.withLock { $0.files.keys.sorted() } }

    /// Counts a call and throws where it is the one to fail.
    fileprivate static func step(_ state: inout State, _ operation: DiskError.Operation, _ path: String) throws(DiskError) {
        if state.crashed { throw DiskError(operation, path, code: 5) }
        state.calls += 1
        guard let at = state.failAt, state.calls >= at else { return }
        state.failAt = nil
        switch state.failure {
        case .error(let code), .short(let code): throw DiskError(operation, path, code: code)
        case .crash:
            state.crashed = true
            throw DiskError(operation, path, code: 5)
        }
    }

    /// Runs a step under the mutex, keeping the error's type.
    fileprivate func locked<R: Sendable>(_ body: (inout sending State) throws(DiskError) -> R) throws(DiskError) -> R {
        let result: Result<R, DiskError> = state.withLock { state in
            do throws(DiskError) { return .success(try body(&state)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    package func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> any File {
        let node = try locked { state throws(DiskError) in
            try Self.step(&state, .open, path)
            if let node = state.files[path] {
                if mode == .createNew { throw DiskError(.open, path, code: 17) }
                return node
            }
            guard mode == .create || mode == .createNew else { throw DiskError(.open, path, code: 2) }
            guard state.directories.contains(parent(of: path)) else { throw DiskError(.open, path, code: 2) }
            let node = Node()
            state.files[path] = node
            return node
        }
        return InMemoryFile(owner: self, node: node, path: path)
    }

    package func list(_ directory: String) throws(DiskError) -> [String] {
        try locked { state throws(DiskError) in
            try Self.step(&state, .list, directory)
            guard state.directories.contains(directory) else { throw DiskError(.list, directory, code: 2) }
            let all = Array(state.files.keys) + Array(state.directories)
            return all.filter { $0 != directory && parent(of: $0) == directory }.map { String($0.dropFirst(directory.count + 1)) }
        }
    }

    package func remove(_ path: String) throws(DiskError) {
        try locked { state throws(DiskError) in
            try Self.step(&state, .remove, path)
            if state.directories.remove(path) != nil { return }
            guard state.files.removeValue(forKey: path) != nil else { throw DiskError(.remove, path, code: 2) }
        }
    }

    package func rename(_ path: String, to other: String) throws(DiskError) {
        try locked { state throws(DiskError) in
            try Self.step(&state, .rename, path)
            if state.directories.contains(path) {
                // Directories are durable at once here, and so is what is in them under its new name.
                func moved(_ name: String) -> String {
                    name == path || name.hasPrefix(path + "/") ? other + name.dropFirst(path.count) : name
                }
                state.directories = Set(state.directories.map(moved))
                state.files = Dictionary(uniqueKeysWithValues: state.files.map { (moved($0), $1) })
                state.durableNames = Dictionary(uniqueKeysWithValues: state.durableNames.map { (moved($0), $1) })
                return
            }
            guard state.directories.contains(parent(of: other)) else { throw DiskError(.rename, path, code: 2) }
            guard let node = state.files.removeValue(forKey: path) else { throw DiskError(.rename, path, code: 2) }
            state.files[other] = node
        }
    }

    package func link(_ path: String, to other: String) throws(DiskError) {
        try locked { state throws(DiskError) in
            try Self.step(&state, .rename, path)
            guard let node = state.files[path], state.directories.contains(parent(of: other)) else {
                throw DiskError(.rename, path, code: 2)
            }
            if state.files[other] != nil { throw DiskError(.rename, path, code: 17) }
            state.files[other] = node
        }
    }

    package func makeDirectory(_ path: String) throws(DiskError) {
        try locked { state throws(DiskError) in
            try Self.step(&state, .makeDirectory, path)
            state.directories.insert(path)
        }
    }

    package func syncDirectory(_ path: String) throws(DiskError) {
        try locked { state throws(DiskError) in
            try Self.step(&state, .sync, path)
            state.durableNames = state.durableNames.filter { parent(of: $0.key) != path || state.files[$0.key] === $0.value }
            for (name, node) in state.files where parent(of: name) == path { state.durableNames[name] = node }
        }
    }

    package func size(of path: String) throws(DiskError) -> Int {
        try locked { state throws(DiskError) in
            if state.crashed { throw DiskError(.size, path, code: 5) }
            if state.directories.contains(path) { return 0 }
            guard let node = state.files[path] else { throw DiskError(.size, path, code: 2) }
            return node.bytes.count
        }
    }

    package func freeBytes(at path: String) throws(DiskError) -> Int {
        state.withLock { state in
            state.capacity == .max ? 1 << 40 : max(0, state.capacity - state.files.values.reduce(0) { $0 + $1.bytes.count })
        }
    }
}

private final class InMemoryFile: File {
    private let owner: InMemoryFileSystem
    private let node: InMemoryFileSystem.Node
    private let path: String

    init(owner: InMemoryFileSystem, node: InMemoryFileSystem.Node, path: String) {
        self.owner = owner
        self.node = node
        self.path = path
    }

    func size() throws(DiskError) -> Int {
        try owner.locked { state throws(DiskError) in
            if state.crashed { throw DiskError(.size, path, code: 5) }
            return node.bytes.count
        }
    }

    func read(at offset: Int, count: Int, into output: inout [UInt8]) throws(DiskError) {
        output = try owner.locked { state throws(DiskError) in
            try InMemoryFileSystem.step(&state, .read, path)
            let start = min(offset, node.bytes.count)
            return Array(node.bytes[start..<min(start + count, node.bytes.count)])
        }
    }

    func write(_ bytes: Span<UInt8>, at offset: Int) throws(DiskError) {
        var copy: [UInt8] = []
        copy.reserveCapacity(bytes.count)
        for i in bytes.indices { copy.append(bytes[i]) }
        try owner.locked { [copy] state throws(DiskError) in
            func put(_ part: ArraySlice<UInt8>) {
                let end = offset + part.count
                if node.bytes.count < end { node.bytes += Array(repeating: 0, count: end - node.bytes.count) }
                node.bytes.replaceSubrange(offset..<end, with: part)
            }
            let failure = state.failure
            do throws(DiskError) {
                try InMemoryFileSystem.step(&state, .write, path)
            } catch {
                if case .short = failure { put(copy[..<(copy.count / 2)]) }
                throw error
            }
            let used = state.files.values.reduce(0) { $0 + $1.bytes.count }
            if used + max(0, offset + copy.count - node.bytes.count) > state.capacity { throw DiskError(.write, path, code: 28) }
            put(copy[...])
        }
    }

    func sync() throws(DiskError) {
        try owner.locked { state throws(DiskError) in
            try InMemoryFileSystem.step(&state, .sync, path)
            node.synced = node.bytes
        }
    }

    func truncate(to size: Int) throws(DiskError) {
        try owner.locked { state throws(DiskError) in
            try InMemoryFileSystem.step(&state, .truncate, path)
            if size < node.bytes.count {
                node.bytes.removeLast(node.bytes.count - size)
            } else {
                node.bytes += Array(repeating: 0, count: size - node.bytes.count)
            }
        }
    }

    func lock() throws(DiskError) {
        try owner.locked { state throws(DiskError) in
            try InMemoryFileSystem.step(&state, .lock, path)
            if node.locked { throw DiskError(.lock, path, code: 11) }
            node.locked = true
        }
    }
}
