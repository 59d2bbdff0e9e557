import ArgumentParser
import VardeDisk
import VardeServer

/// Where the keys are that a data directory's files are sealed under.
struct StorageOptions: ParsableArguments {
    @Option(name: .long, help: "Configuration: where keys and checkpoints are (default: beside the data directory).")
    var config: String?

    @Option(name: .long, help: "The master key of sealed files, where it is elsewhere; the days' keys are beside it.")
    var storageKey: String?

    func configuration() throws -> Configuration {
        var configuration = try config.map { try ConfigurationFile.read($0) } ?? .embedded
        if let storageKey { configuration.storage.encryption.keyFile = storageKey }
        return configuration
    }

    /// The files of a data directory as they are read: opened where they are sealed.
    func files(of dataDirectory: String) throws -> SealedFileSystem { try room(of: dataDirectory).files }

    /// The files, and the keys they are opened with.
    func room(of dataDirectory: String) throws -> StorageRoom {
        do {
            return try StorageRoom(configuration(), dataDirectory: dataDirectory)
        } catch let refusal as StorageKeyFile.Refusal {
            throw CommandFailure(refusal.description)
        }
    }
}
