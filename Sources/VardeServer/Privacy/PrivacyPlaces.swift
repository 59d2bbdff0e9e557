import Foundation

/// Where the files lie that must not lie in the data directory: keys, and the second place of the audit log's checkpoints.
package struct PrivacyPlaces: Sendable, Equatable {
    /// Key ring of the pseudonyms.
    package var pseudonymKeys: String
    /// Key the audit log and receipts are signed with; the public key is beside it under `.pub`.
    package var auditKey: String
    /// Signed heads of the audit log.
    package var auditCheckpoints: String
    /// Master key of sealed files, where none is configured.
    package var storageKey: String
    /// Of the audit log itself.
    package var auditDirectory: String
    /// Of receipts of erasures and destroyed keys.
    package var receiptDirectory: String

    /// The places of a data directory under a configuration.
    package init(dataDirectory: String, privacy: PrivacySettings) {
        var base = dataDirectory
        while base.count > 1, base.hasSuffix("/") { base.removeLast() }
        // Beside the data directory, never in it: who copies the data has not the keys.
        let keys = privacy.keyFile.map { ($0 as NSString).deletingLastPathComponent } ?? base + ".keys"
        pseudonymKeys = privacy.keyFile ?? keys + "/pseudonyms.key"
        let folder = keys.isEmpty ? "." : keys
        auditKey = folder + "/audit.key"
        storageKey = folder + "/storage.key"
        auditCheckpoints = privacy.audit.checkpoints ?? folder + "/audit.checkpoints"
        auditDirectory = base + "/audit"
        receiptDirectory = base + "/receipts"
    }

    /// Makes the folder of keys that were not given a place, for the server's user alone.
    func makeKeyFolder() {
        try? FileManager.default.createDirectory(
            atPath: (auditKey as NSString).deletingLastPathComponent, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
    }
}
