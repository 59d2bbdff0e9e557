import ArgumentParser
import Foundation
import VardeDisk
import VardeServer

/// `varde backup`: a consistent copy of a data directory, also while a server works in it.
struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy a data directory, metrics and logs, to a new directory; a server may run on it meanwhile.",
        discussion: """
            Everything acknowledged before the command is in the copy. Blocks and segments, which never change, are hard links where the \
            file system allows; the rest is copied. The copy is then read whole and held against its checksums. The keys of pseudonyms, \
            those of sealed files and the configuration lie outside the data directory and are not in it; which keys it needs is said. \
            Where a day's key is destroyed later, that day is gone from the copy too.
            """)

    @Argument(help: "The new directory, on the same file system for hard links.")
    var target: String

    @Option(name: .long, help: "The data directory to copy.")
    var dataDir: String = "data"

    @OptionGroup var storage: StorageOptions

    func run() throws {
        try DataDirectoryPath.require(dataDir)
        let room = try storage.room(of: dataDir)
        let files = room.files
        let target = DataDirectoryPath.plain(target)
        let source = DataDirectoryPath.plain(dataDir)
        if (target + "/").hasPrefix(source + "/") {
            throw CommandFailure("\(self.target): lies inside the data directory; choose a directory outside of \(dataDir)")
        }
        let (count, bytes) = try DataBackup.backup(source, to: target, fileSystem: files)
        let report = try DataDirectoryCheck.run(directory: target, fileSystem: files)
        for finding in report.damage { Terminal.complain("damaged: \(finding)") }
        if !report.damage.isEmpty {
            throw CommandFailure("\(self.target): the copy has what is damaged in \(dataDir): \(report.damage.count) findings")
        }
        Terminal.complain("\(count) files, \(bytes) bytes: sound")
        if let keys = try SealedSummary(room, directory: target).text { Terminal.complain(keys) }
    }
}

/// `varde restore`: a copy made by `varde backup` as a data directory again.
struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Make a data directory of a copy that `varde backup` or a snapshot made.",
        discussion: """
            Every file of the copy is held against its checksum first. The data directory must not exist or be empty, and appears whole \
            or not at all. The copy stays as it is.
            """)

    @Argument(help: "The copy.")
    var backup: String

    @Option(name: .long, help: "The data directory to make.")
    var dataDir: String = "data"

    @OptionGroup var storage: StorageOptions

    func run() throws {
        let room = try storage.room(of: dataDir)
        let files = room.files
        let (count, bytes) = try DataBackup.restore(
            DataDirectoryPath.plain(backup), to: DataDirectoryPath.plain(dataDir), fileSystem: files)
        let report = try DataDirectoryCheck.run(directory: DataDirectoryPath.plain(dataDir), fileSystem: files)
        for finding in report.damage { Terminal.complain("damaged: \(finding)") }
        if !report.damage.isEmpty { throw CommandFailure("\(dataDir): \(report.damage.count) findings, the copy was made with them") }
        Terminal.complain("\(count) files, \(bytes) bytes: sound; start the server with --data-dir \(dataDir)")
        if let keys = try SealedSummary(room, directory: DataDirectoryPath.plain(dataDir)).text { Terminal.complain(keys) }
    }
}

/// Paths of directories as the rest of the house takes them.
enum DataDirectoryPath {
    /// Absolute, without `.` and `..` and without a slash at the end.
    static func plain(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }

    /// - Throws: where there is no directory, or one no server has kept its data in.
    static func require(_ path: String) throws {
        guard let type = try? FileManager.default.attributesOfItem(atPath: plain(path))[.type] as? FileAttributeType else {
            throw CommandFailure("\(path): no such directory")
        }
        guard type == .typeDirectory || type == .typeSymbolicLink else { throw CommandFailure("\(path): is a file, not a data directory") }
        let kept = ["catalog.sqlite", "metrics", "logs", "LOCK"]
        guard kept.contains(where: { FileManager.default.fileExists(atPath: path + "/" + $0) }) else {
            throw CommandFailure("\(path): is no data directory of Varde: it has none of \(kept.joined(separator: ", "))")
        }
    }
}
