/// Texts of a data directory's database as they stand on disk: sealed where files are.
package struct SealedTexts: Sendable {
    private let keys: StorageKeys?
    private let seals: Bool

    /// - Parameters:
    ///   - keys: nil where there are none: what is sealed cannot be read then.
    ///   - seals: whether new texts are sealed.
    package init(keys: StorageKeys?, seals: Bool) {
        self.keys = keys
        self.seals = seals && keys != nil
    }

    /// Texts as they are.
    package static let plain = SealedTexts(keys: nil, seals: false)

    /// Whether a text on disk would stand there otherwise if it were written now.
    func isDue(_ stored: String) -> Bool { seals && !StorageKeys.isSealed(text: stored) }

    func stored(_ text: String) throws(DiskError) -> String {
        guard seals, let keys else { return text }
        return try keys.seal(text: text, for: "catalog")
    }

    func text(_ stored: String) throws(DiskError) -> String {
        guard StorageKeys.isSealed(text: stored) else { return stored }
        guard let keys else { throw DiskError(locked: "catalog", "it has sealed texts, and there is no master key") }
        return try keys.open(text: stored, for: "catalog")
    }
}
