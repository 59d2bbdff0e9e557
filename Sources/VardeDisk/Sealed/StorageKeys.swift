import Crypto
import Synchronization
import VardeKernels
internal import VardeModel

/// The keys sealed files are opened with: one a day of data, wrapped by the master key, in a file that can be written anew without one.
///
/// Destroying a day's key destroys all files of that day wherever copies of them lie. Thread-safe.
package final class StorageKeys: Sendable {
    /// Which key: of a day (since 1970; `standing` for what is of no day), the how manieth of it.
    package struct KeyName: Sendable, Hashable, Comparable {
        package var day: Int32
        package var serial: UInt32

        /// The day of files that are of none.
        package static let standing = Int32.min

        package static func < (a: KeyName, b: KeyName) -> Bool { (a.day, a.serial) < (b.day, b.serial) }

        /// The day as 2026-11-26, or `standing`.
        package var dayText: String { day == Self.standing ? "standing" : CivilDay.text(Int(day)) }
    }

    /// A key and what became of it.
    package struct Entry: Sendable {
        package var name: KeyName
        /// Seconds since 1970 when it was destroyed; nil while it exists.
        package var destroyed: Int64?
        var wrapped: [UInt8]
    }

    private struct State {
        var entries: [KeyName: Entry]
        var opened: [KeyName: SymmetricKey] = [:]
    }

    private let master: SymmetricKey
    /// Tells master keys apart without telling the key.
    let masterID: [UInt8]
    /// What errors call the two files.
    package let masterPath: String
    package let daysPath: String
    private let state: Mutex<State>
    /// Puts the file of the days' keys in the place of the old one, synced; nil, or why not.
    private let persist: @Sendable (_ bytes: [UInt8]) -> String?

    /// - Parameters:
    ///   - master: 32 bytes.
    ///   - entries: as `parse` has read them.
    init(
        master: [UInt8], masterPath: String, daysPath: String, entries: [Entry], persist: @escaping @Sendable (_ bytes: [UInt8]) -> String?
    ) {
        self.master = SymmetricKey(data: master)
        masterID = Self.identifier(of: self.master)
        self.masterPath = masterPath
        self.daysPath = daysPath
        self.persist = persist
        state = Mutex(State(entries: Dictionary(entries.map { ($0.name, $0) }) { $1 }))
    }

    /// Keys that live in memory alone, for tests.
    package static func inMemory() -> StorageKeys {
        StorageKeys(master: SealedFormat.random(32), masterPath: "memory", daysPath: "memory", entries: []) { _ in nil }
    }

    static func identifier(of master: SymmetricKey) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Array("varde storage key".utf8), using: master).prefix(8))
    }

    /// All keys that ever were, by day.
    package var entries: [Entry] { state.withLock { $0.entries.values.sorted { $0.name < $1.name } } }

    private static func binding(of name: KeyName) -> [UInt8] { Array("varde day key \(name.day) \(name.serial)".utf8) }

    /// The key in use for a day, made and written down where there is none.
    private func current(_ day: Int32, for path: String) throws(DiskError) -> (KeyName, SymmetricKey) {
        let result = state.withLock { state -> Result<(KeyName, SymmetricKey), DiskError> in
            let last = state.entries.keys.filter { $0.day == day }.max()
            if let last, let entry = state.entries[last], entry.destroyed == nil {
                return open(entry, in: &state, for: path).map { (last, $0) }
            }
            let name = KeyName(day: day, serial: (last?.serial ?? 0) + 1)
            let key = SealedFormat.random(32)
            let nonce = SealedFormat.random(SealedFormat.nonceSize)
            var wrapped = nonce
            SealedFormat.seal(key[...], key: master, nonce: nonce, binding: Self.binding(of: name), to: &wrapped)
            state.entries[name] = Entry(name: name, destroyed: nil, wrapped: wrapped)
            if let reason = persist(serialized(state)) {
                state.entries[name] = nil
                return .failure(DiskError(damaged: daysPath, "cannot be written, so \(path) cannot be sealed: \(reason)"))
            }
            state.opened[name] = SymmetricKey(data: key)
            return .success((name, SymmetricKey(data: key)))
        }
        return try result.get()
    }

    private func open(_ entry: Entry, in state: inout State, for path: String) -> Result<SymmetricKey, DiskError> {
        if let key = state.opened[entry.name] { return .success(key) }
        guard let bytes = SealedFormat.open(entry.wrapped, key: master, binding: Self.binding(of: entry.name)) else {
            return .failure(
                DiskError(
                    locked: path, "its key of \(entry.name.dayText) in \(daysPath) does not open with the master key in \(masterPath)"))
        }
        let key = SymmetricKey(data: bytes)
        state.opened[entry.name] = key
        return .success(key)
    }

    /// A new file's header and key.
    func seal(_ layout: SealedFormat.Layout, day: Int32, for path: String) throws(DiskError) -> (SealedFormat.Header, SymmetricKey) {
        let (name, dayKey) = try current(day, for: path)
        var header = SealedFormat.Header(layout: layout, masterID: masterID, key: name)
        let key = SealedFormat.random(32)
        let nonce = SealedFormat.random(SealedFormat.nonceSize)
        header.wrapped = nonce
        SealedFormat.seal(key[...], key: dayKey, nonce: nonce, binding: header.bound, to: &header.wrapped)
        return (header, SymmetricKey(data: key))
    }

    /// The key of a file by its header.
    ///
    /// - Throws: what says why there is none: another master key, a key destroyed, a header changed.
    func open(_ header: SealedFormat.Header, for path: String) throws(DiskError) -> SymmetricKey {
        guard header.masterID == masterID else {
            let (theirs, ours) = (HexText.of(header.masterID), HexText.of(masterID))
            throw DiskError(
                locked: path,
                "it is sealed under the master key \(theirs), and the one in \(masterPath) is \(ours): bring the right one back")
        }
        let result = state.withLock { state -> Result<SymmetricKey, DiskError> in
            guard let entry = state.entries[header.key] else {
                return .failure(DiskError(locked: path, "its key, of \(header.key.dayText), is not in \(daysPath)"))
            }
            if let time = entry.destroyed {
                let when = CivilDay.text(Int(time / 86_400))
                return .failure(DiskError(destroyed: path, "the keys of \(header.key.dayText) were destroyed on \(when)"))
            }
            return open(entry, in: &state, for: path)
        }
        let dayKey = try result.get()
        guard let key = SealedFormat.open(header.wrapped, key: dayKey, binding: header.bound) else {
            throw DiskError(damaged: path, "the key in its header does not open: the header was changed")
        }
        return SymmetricKey(data: key)
    }

    /// Destroys the keys of a day for good: once this returns, they are in no file of this name; false where there was none.
    ///
    /// - Parameter now: seconds since 1970.
    package func destroy(day: Int32, now: Int64) throws(DiskError) -> Bool {
        let result = state.withLock { state -> Result<Bool, DiskError> in
            let names = state.entries.values.filter { $0.name.day == day && $0.destroyed == nil }.map(\.name)
            if names.isEmpty { return .success(false) }
            let before = state.entries
            for name in names { state.entries[name] = Entry(name: name, destroyed: now, wrapped: []) }
            if let reason = persist(serialized(state)) {
                state.entries = before
                return .failure(DiskError(damaged: daysPath, "cannot be written, no key was destroyed: \(reason)"))
            }
            for name in names { state.opened[name] = nil }
            return .success(true)
        }
        return try result.get()
    }

    // MARK: texts

    private static let textMark = "sealed:"

    /// A text as it may stand in a database of the data directory.
    func seal(text: String, for path: String) throws(DiskError) -> String {
        let (name, key) = try current(KeyName.standing, for: path)
        let nonce = SealedFormat.random(SealedFormat.nonceSize)
        var sealed = nonce
        SealedFormat.seal(Array(text.utf8)[...], key: key, nonce: nonce, binding: Array("varde text".utf8), to: &sealed)
        return "\(Self.textMark)\(name.serial):" + HexText.of(sealed)
    }

    static func isSealed(text: String) -> Bool { text.hasPrefix(textMark) }

    /// The text that was sealed.
    func open(text: String, for path: String) throws(DiskError) -> String {
        let parts = text.dropFirst(Self.textMark.count).split(separator: ":")
        let result = state.withLock { state -> Result<SymmetricKey, DiskError> in
            guard parts.count == 2, let serial = UInt32(parts[0]),
                let entry = state.entries[KeyName(day: KeyName.standing, serial: serial)]
            else { return .failure(DiskError(locked: path, "a sealed text has no key in \(daysPath)")) }
            return open(entry, in: &state, for: path)
        }
        let key = try result.get()
        guard let sealed = HexText.bytes(parts[1]), let bytes = SealedFormat.open(sealed, key: key, binding: Array("varde text".utf8))
        else {
            throw DiskError(damaged: path, "a sealed text does not open")
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

// MARK: the file of the days' keys

extension StorageKeys {
    // Text, a header line, then a line a key:
    //     varde-storage-keys 1 9f0c…           16 hexadecimal digits of the master key's identifier
    //     standing 1 6f0c…                     120 hexadecimal digits: nonce, key and tag, sealed by the master key
    //     2026-11-10 1 destroyed 1770000000

    private func serialized(_ state: State) -> [UInt8] {
        var text = "varde-storage-keys 1 \(HexText.of(masterID))\n"
        for entry in state.entries.values.sorted(by: { $0.name < $1.name }) {
            text += "\(entry.name.dayText) \(entry.name.serial) "
            text += entry.destroyed.map { "destroyed \($0)\n" } ?? HexText.of(entry.wrapped) + "\n"
        }
        return Array(text.utf8)
    }

    /// Reads the file's bytes: the identifier of the master key they are wrapped by, and the keys; or the number of the line that is none.
    static func parse(_ bytes: [UInt8]) -> Result<(masterID: [UInt8], entries: [Entry]), BadLine> {
        var masterID: [UInt8] = []
        var entries: [Entry] = []
        for (index, line) in bytes.split(separator: 0x0A).enumerated() {
            let parts = String(decoding: line, as: UTF8.self).split(separator: " ")
            if index == 0 {
                guard parts.count == 3, parts[0] == "varde-storage-keys", parts[1] == "1", let id = HexText.bytes(parts[2]), id.count == 8
                else {
                    return .failure(BadLine(number: 1))
                }
                masterID = id
                continue
            }
            guard parts.count >= 3, let serial = UInt32(parts[1]),
                let day = parts[0] == "standing" ? KeyName.standing : CivilDay.number(parts[0]).flatMap(Int32.init(exactly:))
            else { return .failure(BadLine(number: index + 1)) }
            let name = KeyName(day: day, serial: serial)
            if parts.count == 4, parts[2] == "destroyed", let time = Int64(parts[3]) {
                entries.append(Entry(name: name, destroyed: time, wrapped: []))
            } else if parts.count == 3, let wrapped = HexText.bytes(parts[2]), wrapped.count == SealedFormat.wrappedSize {
                entries.append(Entry(name: name, destroyed: nil, wrapped: wrapped))
            } else {
                return .failure(BadLine(number: index + 1))
            }
        }
        return masterID.isEmpty ? .failure(BadLine(number: 1)) : .success((masterID, entries))
    }

    /// A line, counted from 1, that says nothing valid.
    struct BadLine: Error { var number: Int }
}
