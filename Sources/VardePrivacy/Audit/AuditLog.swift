internal import Dispatch
internal import Synchronization
package import VardeDisk

/// Why something cannot be entered in the audit log; what it was about must not happen then.
package enum AuditError: Error, Sendable, CustomStringConvertible {
    case overloaded
    case unwritable(String)

    package var description: String {
        switch self {
        case .overloaded: "too many entries wait for the audit log"
        case .unwritable(let reason): "the audit log cannot be written: \(reason)"
        }
    }
}

/// The audit log, open for appending: each entry is chained to the one before by its hash, synced before it counts, and the chain's
/// head is signed and kept in a second place.
package final class AuditLog: Sendable {
    /// Entries that wait to be written.
    private static let maxWaiting = 20_000

    private typealias Waiting = (entry: AuditEntry, resume: (@Sendable (AuditError?) -> Void)?)

    private struct Pending {
        var entries: [Waiting] = []
        var isScheduled = false
    }

    /// Where the chain ends; touched on `queue` alone but for `head`.
    private struct Tail {
        var entries: UInt64 = 0
        var hash = AuditLogFormat.firstHash
        var file: (any File)?
        var size = 0
        var signed: UInt64 = 0
    }

    private let directory: String
    private let checkpoints: String
    private let fileSystem: any FileSystem
    private let signer: AuditSigner
    private let clock: @Sendable () -> Int64
    private let pending = Mutex(Pending())
    private let tail: Mutex<Tail>
    private let queue = DispatchQueue(label: "varde.audit")
    /// What was found wrong when the log was opened, in words.
    package let damage: [String]

    /// Opens the log in a directory, made where it is absent.
    ///
    /// A last line a crash cut off is removed: it was never acknowledged.
    /// - Parameters:
    ///   - checkpoints: file for the signed heads, outside the directory.
    ///   - clock: milliseconds since the epoch.
    package init(
        directory: String, checkpoints: String, fileSystem: any FileSystem, signer: AuditSigner, clock: @escaping @Sendable () -> Int64
    ) throws {
        self.directory = directory
        self.checkpoints = checkpoints
        self.fileSystem = fileSystem
        self.signer = signer
        self.clock = clock
        try fileSystem.makeDirectories(directory)
        try fileSystem.makeDirectories(fileSystem.parent(of: checkpoints))
        var tail = Tail()
        var damage: [String] = []
        for name in try fileSystem.list(directory).filter({ AuditLogFormat.number(of: $0) != nil }).sorted().reversed() {
            let path = directory + "/" + name
            do {
                if try Self.resume(path, fileSystem, &tail, &damage) { break }
            } catch let error as DiskError where error.code == 0 && !error.isLocked {
                // It keeps nobody from going on, and is not overwritten.
                let kept = fileSystem.nameForDamaged(path)
                try fileSystem.rename(path, to: kept)
                try fileSystem.syncDirectory(directory)
                damage.append("\(error); kept as \(kept)")
            }
        }
        for line in (try? fileSystem.read(checkpoints))?.split(separator: 0x0A) ?? [] {
            guard let checkpoint = AuditCheckpoint(line), checkpoint.isSigned(by: signer.publicKeyText) else { continue }
            tail.signed = max(tail.signed, checkpoint.entries)
        }
        if tail.signed > tail.entries {
            damage.append("\(directory): the log ends at entry \(tail.entries), but \(tail.signed) were signed: its end has been cut off")
        }
        self.damage = damage
        self.tail = Mutex(tail)
    }

    /// Takes up the chain at a file's last whole line; false where it has none.
    private static func resume(
        _ path: String, _ fileSystem: any FileSystem, _ tail: inout Tail, _ damage: inout [String]
    ) throws -> Bool {
        let file = try fileSystem.open(path, .write)
        var bytes: [UInt8] = []
        try file.read(at: 0, count: try file.size(), into: &bytes)
        let whole = bytes.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        if whole < bytes.count {
            damage.append("\(path): the last line was cut off by a crash; its \(bytes.count - whole) bytes are removed")
            try file.truncate(to: whole)
            try file.sync()
        }
        guard whole > 0 else { return false }
        for line in bytes[..<whole].split(separator: 0x0A).reversed() {
            if let (number, hash, _) = AuditLogFormat.parse(line) {
                tail.entries = number
                tail.hash = hash
                if try fileSystem.takesMore(path) {
                    tail.file = file
                    tail.size = whole
                }
                return true
            }
            damage.append("\(path): a line is none of the audit log's")
        }
        return false
    }

    /// Entries in the chain and the hash of the last, as hexadecimal digits.
    package var head: (entries: UInt64, hash: String, signed: UInt64) {
        tail.withLock { ($0.entries, Hex.text($0.hash), $0.signed) }
    }

    /// The key that signs, 64 hexadecimal digits.
    package var publicKey: String { signer.publicKeyText }

    /// Returns once the entry is in the file and the file is synced.
    package func append(_ entry: AuditEntry) async throws(AuditError) {
        let failure = await withCheckedContinuation { (continuation: CheckedContinuation<AuditError?, Never>) in
            let isTaken = enqueue((entry, { continuation.resume(returning: $0) }))
            if !isTaken { continuation.resume(returning: .overloaded) }
        }
        if let failure { throw failure }
    }

    /// Enters it without waiting; false where too many wait already.
    @discardableResult
    package func appendLater(_ entry: AuditEntry) -> Bool { enqueue((entry, nil)) }

    /// As `append`, blocking the thread: for work that is off the cooperative pool.
    package func appendBlocking(_ entry: AuditEntry) throws(AuditError) {
        let done = DispatchSemaphore(value: 0)
        let result = Mutex<AuditError?>(nil)
        let isTaken = enqueue(
            (
                entry,
                { failure in
                    result.withLock { $0 = failure }
                    done.signal()
                }
            ))
        if !isTaken { throw .overloaded }
        done.wait()
        if let failure = result.withLock({ $0 }) { throw failure }
    }

    private func enqueue(_ waiting: Waiting) -> Bool {
        let (taken, schedule) = pending.withLock { pending -> (Bool, Bool) in
            guard pending.entries.count < Self.maxWaiting else { return (false, false) }
            pending.entries.append(waiting)
            defer { pending.isScheduled = true }
            return (true, !pending.isScheduled)
        }
        if schedule { queue.async { self.flush() } }
        return taken
    }

    /// Writes what waits, all of it by one sync.
    private func flush() {
        while true {
            let batch = pending.withLock { pending -> [Waiting] in
                defer { pending.entries = [] }
                if pending.entries.isEmpty { pending.isScheduled = false }
                return pending.entries
            }
            if batch.isEmpty { return }
            var failure: AuditError?
            do { try write(batch.map(\.entry)) } catch { failure = .unwritable("\(error)") }
            for one in batch { one.resume?(failure) }
        }
    }

    private func write(_ entries: [AuditEntry]) throws {
        var (number, hash, file, size) = tail.withLock { ($0.entries, $0.hash, $0.file, $0.size) }
        var bytes: [UInt8] = []
        for entry in entries {
            number += 1
            let body = entry.body(number: number)
            hash = AuditLogFormat.hash(hash, body[...])
            bytes += body
            bytes += AuditLogFormat.hashKey
            bytes += Hex.text(hash).utf8
            bytes += AuditLogFormat.tail
        }
        if file == nil || size >= AuditLogFormat.maxFileSize {
            let first = number - UInt64(entries.count) + 1
            file = try fileSystem.open(directory + "/" + AuditLogFormat.name(first), .create)
            try fileSystem.syncDirectory(directory)
            size = 0
        }
        guard let file else { return }
        do {
            try file.write(bytes.span, at: size)
            try file.sync()
        } catch {
            // What may have been written of it must not stand before the next entry.
            try? file.truncate(to: size)
            throw error
        }
        size += bytes.count
        tail.withLock { [number, hash, size] tail in
            tail.entries = number
            tail.hash = hash
            tail.file = file
            tail.size = size
        }
    }

    /// Signs the head, where it has moved since the last checkpoint, and keeps it in the second place; blocks.
    package func checkpoint() throws {
        try queue.sync {
            let (entries, hash, signed) = tail.withLock { ($0.entries, $0.hash, $0.signed) }
            guard entries != signed else { return }
            let line = try AuditCheckpoint(entries: entries, hash: hash, time: clock(), signer: signer).line
            let file = try fileSystem.open(checkpoints, .create)
            let size = try file.size()
            if size > AuditLogFormat.maxCheckpointSize {
                var bytes: [UInt8] = []
                try file.read(at: 0, count: size, into: &bytes)
                let kept = bytes.suffix(size / 2).drop { $0 != 0x0A }.dropFirst()
                try fileSystem.writeAtomically((Array(kept) + line).span, to: checkpoints)
            } else {
                try file.write(line.span, at: size)
                try file.sync()
                if size == 0 { try fileSystem.syncDirectory(fileSystem.parent(of: checkpoints)) }
            }
            tail.withLock { $0.signed = entries }
        }
    }

    /// Signs a statement with the log's key: for receipts.
    package func signature(over message: [UInt8]) throws -> String { try signer.signature(over: message) }
}
