package import VardeDisk

/// The files of a data directory, and the keys they are sealed under where `storage.encryption` says so.
package struct StorageRoom: Sendable {
    /// Everything of a data directory is read and written through these.
    package let files: SealedFileSystem
    /// nil where nothing was ever sealed.
    package let keys: StorageKeys?
    /// How texts of the catalog stand on disk.
    package let texts: SealedTexts
    /// Whether new files are sealed.
    package let seals: Bool
    /// Where the master key is, or would be.
    package let keyPath: String
}

extension StorageRoom {
    /// Opens what a configuration says of a data directory.
    ///
    /// - Parameter makes: make a master key where the configuration asks for one and there is none: the server does, nobody else.
    /// - Throws: why a key file is refused.
    package init(_ configuration: Configuration, dataDirectory: String, makes: Bool = false) throws(StorageKeyFile.Refusal) {
        let settings = configuration.storage.encryption
        keyPath = settings.keyFile ?? PrivacyPlaces(dataDirectory: dataDirectory, privacy: configuration.privacy).storageKey
        let device = PosixFileSystem()
        let reader = SealedFileSystem(device, keys: nil, seals: false, root: dataDirectory)
        keys = try StorageKeyFile.open(keyPath, dataDirectory: dataDirectory, makes: makes && settings.enabled) {
            (try? device.walk(dataDirectory))?.first { ((try? reader.key(of: $0)) ?? nil) != nil }
        }
        seals = settings.enabled && keys != nil
        files = SealedFileSystem(device, keys: keys, seals: seals, root: dataDirectory)
        texts = SealedTexts(keys: keys, seals: seals)
    }
}
