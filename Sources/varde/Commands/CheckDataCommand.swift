import ArgumentParser
import Foundation
import VardeCollect
import VardeDisk
import VardeLogs
import VardeMetrics
import VardeModel

/// `varde check data`: reads every file of a data directory and holds it against its checksums.
struct CheckDataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Verify every checksum of a data directory; with --dump, print every text that is stored in it.",
        discussion: "Reads only. A server may run on the directory meanwhile. Exits 1 where something is damaged.")

    @Argument(help: "The data directory.")
    var directory: String

    @Flag(name: .long, help: "Print all stored lines, labels and metadata, decompressed: to be searched by an auditor.")
    var dump = false

    func run() throws {
        let files = PosixFileSystem()
        try DataDirectoryPath.require(directory)
        let stores = StoreDump(files, prints: dump)
        let report = try DataDirectoryCheck.run(
            directory: directory, fileSystem: files, dump: dump ? stores.part : nil, other: stores.other)
        for finding in report.damage { Terminal.complain("damaged: \(finding)") }
        for finding in report.leftovers { Terminal.complain("note: \(finding)") }
        Terminal.complain(
            "\(report.files) files, \(report.bytes) bytes, \(report.logRecords) log records, \(report.sections) sections: \(report.damage.isEmpty ? "sound" : "\(report.damage.count) damaged")"
        )
        if !report.damage.isEmpty { throw ExitCode(1) }
    }
}

/// Prints what the stores can read of each part of a data directory.
private final class StoreDump {
    private let files: PosixFileSystem
    private let prints: Bool
    private var lastFile = ""
    private var metricLog = MetricLogDump()

    init(_ files: PosixFileSystem, prints: Bool) {
        self.files = files
        self.prints = prints
    }

    /// Files that are neither logs nor sectioned: what short-lived jobs pushed.
    func other(_ path: String) throws {
        guard PushedGroups.isFile(path) else { return }
        try PushedGroups.dump(path: path, fileSystem: files) { if prints { Terminal.write("\(path): \($0)\n") } }
    }

    func part(_ part: DataDirectoryCheck.Part, _ bytes: Span<UInt8>) throws {
        let print: (String) -> Void = { Terminal.write("\(part.path): \($0)\n") }
        if part.path.contains("/logs/wal/") {
            try LogDump.record(bytes, print)
        } else if part.path.contains("/metrics/wal/") {
            let kind = part.name.split(separator: " ").last.flatMap { UInt8($0) } ?? 0
            metricLog.record(kind: kind, bytes, print)
        } else if part.path.contains("/exemplars/wal/") {
            if let record = ExemplarLogRecord.decode(bytes) { print("exemplar \(record.exemplar.labels) of \(record.series)") }
        } else if part.path != lastFile {
            // Sections come one by one; the store reads the file as a whole.
            lastFile = part.path
            if part.path.contains("/logs/") { try LogDump.segment(path: part.path, fileSystem: files, print) }
            if part.path.contains("/metrics/blocks/") { try BlockDump.series(path: part.path, fileSystem: files, print) }
        }
    }
}
