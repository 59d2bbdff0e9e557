import VardeCollect
package import VardeDisk
import VardeLogs
import VardeMetrics
import VardeModel
import VardePrivacy

/// Everything that can be verified in a data directory without keys: checksums of logs, files and databases, the catalog against the
/// files, pushed groups, receipts, and the chain of the audit log (against its signed heads: `varde audit verify`).
package enum DataDirectoryExamination {
    /// Reads a whole directory; a server may run on it meanwhile.
    ///
    /// - Parameter print: given every text that is stored, a line each, with the path it is in.
    package static func run(
        directory: String, fileSystem: any FileSystem, print: ((String) -> Void)? = nil
    ) throws -> DataDirectoryCheck.Report {
        let stores = StoreTexts(fileSystem, print)
        var report = try DataDirectoryCheck.run(
            directory: directory, fileSystem: fileSystem, dump: print == nil ? nil : stores.part, other: stores.other)
        let audit = directory + "/audit"
        if (try? fileSystem.list(audit)) != nil {
            let verification = try AuditVerification(directory: audit, checkpoints: nil, publicKey: nil, fileSystem: fileSystem)
            report.damage += verification.problems.map { .init(path: audit, offset: nil, reason: $0) }
        }
        let receipts = directory + "/receipts"
        for name in ((try? fileSystem.list(receipts)) ?? []).sorted() where name.hasSuffix(".json") {
            let path = receipts + "/" + name
            if case .wrong(let reason) = Receipt.verify(try fileSystem.read(path), publicKey: nil) {
                report.damage.append(.init(path: path, offset: nil, reason: reason))
            }
        }
        return report
    }
}

/// What the stores can read of each part of a data directory.
private final class StoreTexts {
    private let files: any FileSystem
    private let print: ((String) -> Void)?
    private var lastFile = ""
    private var metricLog = MetricLogDump()

    init(_ files: any FileSystem, _ print: ((String) -> Void)?) {
        self.files = files
        self.print = print
    }

    /// Files that are neither logs nor sectioned: what short-lived jobs pushed, and how far files were read.
    func other(_ path: String) throws {
        if FileMarksFile.isFile(path) {
            return try FileMarksFile.dump(path: path, fileSystem: files) { print?("\(path): \($0)") }
        }
        guard PushedGroups.isFile(path) else { return }
        try PushedGroups.dump(path: path, fileSystem: files) { print?("\(path): \($0)") }
    }

    func part(_ part: DataDirectoryCheck.Part, _ bytes: Span<UInt8>) throws {
        let print: (String) -> Void = { [print] in print?("\(part.path): \($0)") }
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
