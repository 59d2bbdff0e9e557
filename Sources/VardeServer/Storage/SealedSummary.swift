import VardeDisk

/// What who keeps a copy of sealed files must know of their keys: which they need, and which are gone.
package struct SealedSummary: Sendable {
    /// Days named one by one; beyond, the first and the last.
    private static let maxDays = 20

    private var files = 0
    /// Files whose day's key is gone, by day.
    private var lost: [String: Int] = [:]
    private var days: Set<StorageKeys.KeyName> = []
    private let keys: StorageKeys?

    /// Looks at every file of a directory; blocks.
    package init(_ room: StorageRoom, directory: String) throws {
        keys = room.keys
        let destroyed = Set((room.keys?.entries ?? []).filter { $0.destroyed != nil }.map(\.name))
        for path in try room.files.device.walk(directory) {
            guard let key = (try? room.files.key(of: path)) ?? nil else { continue }
            files += 1
            if destroyed.contains(key) { lost[key.dayText, default: 0] += 1 } else { days.insert(key) }
        }
    }

    /// In words; nil where nothing is sealed.
    package var text: String? {
        guard files > 0 else { return nil }
        let place = keys.map { "\($0.masterPath) and \($0.daysPath)" } ?? "the files named by storage.encryption.key_file"
        var names: [String] = []
        for day in days.sorted() where names.last != day.dayText { names.append(day.dayText) }
        if names.count > Self.maxDays { names = [names[0], names[1], "…", names[names.count - 1]] }
        var text = "\(files) files are sealed. Their keys are not among them: keep \(place)."
        text += " Keys needed: \(names.joined(separator: ", "))."
        text += " Once a day has expired or was destroyed, its key goes from there, and its files cannot be read any more, here neither."
        for (day, count) in lost.sorted(by: { $0.key < $1.key }) {
            text += " The keys of \(day) were destroyed: \(count) files cannot be read."
        }
        return text
    }
}
