import ArgumentParser
import Foundation
import VardeDisk
import VardeServer

/// `varde check data`: reads every file of a data directory and holds it against its checksums.
struct CheckDataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Verify every checksum of a data directory; with --dump, print every text that is stored in it.",
        discussion: "Reads only. A server may run on the directory meanwhile. Exits 1 where something is damaged.")

    @Argument(help: "The data directory.")
    var directory: String

    @Flag(name: .long, help: "Print all stored lines, labels and metadata, decompressed: to be searched by an auditor.")
    var dump = false

    @OptionGroup var storage: StorageOptions

    func run() throws {
        try DataDirectoryPath.require(directory)
        let files = try storage.files(of: directory)
        let report = try DataDirectoryExamination.run(
            directory: directory, fileSystem: files, print: dump ? { Terminal.write("\($0)\n") } : nil)
        for finding in report.damage { Terminal.complain("damaged: \(finding)") }
        for finding in report.leftovers { Terminal.complain("note: \(finding)") }
        Terminal.complain(
            "\(report.files) files, \(report.bytes) bytes, \(report.logRecords) log records, \(report.sections) sections: \(report.damage.isEmpty ? "sound" : "\(report.damage.count) damaged")"
        )
        if !report.damage.isEmpty { throw ExitCode(1) }
    }
}
