import Synchronization
import VardeDisk
import VardeLogs
import VardeMetrics
import VardeModel
import VardePrivacy
import VardeWire

/// The keys of days of sealed files: which there are, and how a day is destroyed, by request or once it has expired.
final class StorageDays: Sendable {
    /// Why a day is not destroyed.
    struct Refusal: Error, CustomStringConvertible {
        var description: String
    }

    /// Milliseconds between looks for days that have expired.
    private static let sweepInterval: Int64 = 3_600_000

    private let room: StorageRoom
    private let directory: String
    private let receipts: String
    private let signer: AuditSigner
    private let clock: @Sendable () -> Int64
    private let changing = Mutex(())
    private let nextSweep = Mutex<Int64>(0)

    init(_ room: StorageRoom, directory: String, audit: AuditTrail, clock: @escaping @Sendable () -> Int64) {
        self.room = room
        self.directory = directory
        receipts = audit.places.receiptDirectory
        signer = audit.signer
        self.clock = clock
    }

    /// The keys there are and were, by day; the standing ones first.
    var entries: [StorageKeys.Entry] { room.keys?.entries ?? [] }

    /// Files of the data directory by the key they are sealed under, snapshots left out; those that are not sealed are not among them.
    func files() throws -> [StorageKeys.KeyName: [String]] {
        var found: [StorageKeys.KeyName: [String]] = [:]
        let snapshots = directory + "/" + DataBackup.snapshots + "/"
        for path in try room.files.device.walk(directory) where !path.hasPrefix(snapshots) {
            // Removed meanwhile, or damaged: told where it is read.
            guard let key = (try? room.files.key(of: path)) ?? nil else { continue }
            found[key, default: []].append(path)
        }
        return found
    }

    /// Destroys the keys of a day for good, with what is stored of it; the receipt. Blocks.
    ///
    /// - Parameter day: days since 1970.
    func destroy(_ day: Int, stores: Stores, by: String) throws -> [UInt8] {
        try changing.withLock { _ in
            guard let keys = room.keys else { throw Refusal(description: "storage.encryption is off: there are no keys") }
            if Int64(day) >= clock() / 86_400_000 {
                throw Refusal(description: "the day is not over: what comes in is sealed under its keys")
            }
            let key = Int32(clamping: day)
            guard keys.entries.contains(where: { $0.name.day == key && $0.destroyed == nil }) else {
                if let known = try receipt(day) { return known }
                throw Refusal(description: "there is no key of \(CivilDay.text(day))")
            }
            // What the logs still hold of the day goes to its files first.
            try stores.metrics.maintain(now: clock(), force: true)
            try stores.logs.flush()
            let exemplars = try stores.exemplars.remove { _, exemplar in exemplar.timestamp / 86_400_000 == Int64(day) }
            let held = try files().filter { $0.key.day == key }.flatMap(\.value).filter { $0.hasSuffix(".wal") }
            if let first = held.first {
                throw Refusal(description: "\(held.count) files of a log are needed until remote_write has sent them, \(first) first")
            }
            guard try keys.destroy(day: key, now: clock() / 1000) else { return try receipt(day) ?? [] }
            let blocks = try stores.metrics.removeDay(day)
            let segments = try stores.logs.removeDay(day)
            try write(day, by: by) { json in
                json.raw(",\"lines\":\(segments.entries),\"samples\":\(blocks.samples),\"exemplars\":\(exemplars)")
                json.raw(",\"files\":\(blocks.files + segments.files)")
            }
            return try receipt(day) ?? []
        }
    }

    /// Destroys keys of days that have expired and that no file needs any more; the days. Does nothing but once an hour.
    func sweep(retention: Int64) throws -> [String] {
        let now = clock()
        let isDue = nextSweep.withLock { next in
            if now < next { return false }
            next = now + Self.sweepInterval
            return true
        }
        guard isDue, let keys = room.keys else { return [] }
        return try changing.withLock { _ in
            let expired = Set(keys.entries.filter { $0.destroyed == nil && $0.name.day != StorageKeys.KeyName.standing }.map(\.name.day))
                .filter { (Int64($0) + 2) * 86_400_000 + retention < now }
            if expired.isEmpty { return [] }
            let needed = Set(try files().keys.map(\.day))
            var done: [String] = []
            for day in expired.subtracting(needed).sorted() where try keys.destroy(day: day, now: now / 1000) {
                try write(Int(day), by: "retention") { _ in }
                done.append(CivilDay.text(Int(day)))
            }
            return done
        }
    }

    // MARK: receipts

    private func path(_ day: Int) -> String { "\(receipts)/storage-day-\(CivilDay.text(day)).json" }

    /// The receipt of a day whose keys were destroyed; nil where there is none.
    func receipt(_ day: Int) throws -> [UInt8]? { room.files.exists(path(day)) ? try room.files.read(path(day)) : nil }

    /// Writes receipts a crash kept from being written.
    func writeMissing() throws {
        for entry in entries where entry.destroyed != nil && entry.name.day != StorageKeys.KeyName.standing {
            let day = Int(entry.name.day)
            if !room.files.exists(path(day)) { try write(day, by: "") { _ in } }
        }
    }

    private func write(_ day: Int, by: String, _ figures: (inout JSONWriter) -> Void) throws {
        let times = entries.filter { Int($0.name.day) == day }.compactMap(\.destroyed)
        guard let destroyed = times.max() else { return }
        try room.files.makeDirectories(receipts)
        let text = try Receipt.make(kind: "storage key", signer: signer) { json in
            json.raw(",\"day\":\"\(CivilDay.text(day))\",\"destroyed\":\"\(UTCText.milliseconds(destroyed * 1000))\",\"by\":")
            json.string(by)
            figures(&json)
            json.raw(",\"effect\":\"files of this day cannot be opened any more, wherever copies of them lie\"")
            json.raw(",\"not_covered\":\"copies of the key file made elsewhere\"")
        }
        try room.files.writeAtomically(text.span, to: path(day))
    }
}
