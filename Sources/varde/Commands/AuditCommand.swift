import ArgumentParser
import Foundation
import VardeDisk
import VardePrivacy
import VardeServer

/// `varde audit`: the log of who read and did what.
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Verify the audit log.", subcommands: [AuditVerifyCommand.self])
}

/// `varde audit verify`: reads the whole chain against its signed heads.
struct AuditVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Say whether anything in the audit log was changed, cut, reordered or taken out, and where.",
        discussion: "Reads only; a server may run meanwhile. Exits 1 where something is wrong.")

    @Option(name: .long, help: "The data directory.")
    var dataDir: String = "data"

    @OptionGroup var storage: StorageOptions

    @Option(name: .long, help: "File of the signed heads, in its second place.")
    var checkpoints: String?

    @Option(name: .long, help: "The public key they must be signed with: 64 hexadecimal digits, or a file that holds them.")
    var publicKey: String?

    @Flag(name: .long, help: "The result as JSON.")
    var json = false

    func run() throws {
        let places = PrivacyPlaces(dataDirectory: dataDir, privacy: try storage.configuration().privacy)
        guard FileManager.default.fileExists(atPath: places.auditDirectory) else {
            throw CommandFailure("\(places.auditDirectory): there is no audit log")
        }
        let key = try PublicKeyText.read(publicKey, places)
        if key == nil {
            Terminal.complain("note: no public key at \(places.auditKey).pub: the checkpoints' own is believed; give one by --public-key")
        }
        let report = try AuditVerification(
            directory: places.auditDirectory, checkpoints: checkpoints ?? places.auditCheckpoints, publicKey: key,
            fileSystem: try storage.files(of: dataDir))
        for problem in report.problems { Terminal.complain("wrong: \(problem)") }
        if report.problemCount > report.problems.count {
            Terminal.complain("and \(report.problemCount - report.problems.count) more")
        }
        if json {
            Terminal.write(
                "{\"sound\":\(report.isSound),\"files\":\(report.files),\"entries\":\(report.entries),\"signed\":\(report.signed),\"checkpoints\":\(report.checkpoints),\"head\":\"\(report.hash)\",\"problems\":\(report.problemCount)}\n"
            )
        } else {
            Terminal.write(
                "\(report.entries) entries in \(report.files) files, the first \(report.signed) signed: \(report.isSound ? "sound" : "\(report.problemCount) problems")\nhead \(report.hash)\n"
            )
        }
        if !report.isSound { throw ExitCode(1) }
    }
}
