import ArgumentParser
import Foundation
import VardeDisk
import VardePrivacy
import VardeServer

/// `varde subject verify`: a receipt against its signature; needs no server.
struct SubjectVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Hold receipts of erasures and destroyed keys against their signatures.",
        discussion: "Exits 1 where a receipt was changed or is signed by another key.")

    @Argument(help: "Files of receipts, one in each; - for standard input.")
    var receipts: [String]

    @Option(name: .long, help: "The data directory whose public key they must be signed with.")
    var dataDir: String = "data"

    @OptionGroup var storage: StorageOptions

    @Option(name: .long, help: "The public key instead: 64 hexadecimal digits, or a file that holds them.")
    var publicKey: String?

    func run() throws {
        let places = PrivacyPlaces(dataDirectory: dataDir, privacy: try storage.configuration().privacy)
        let key = try PublicKeyText.read(publicKey, places)
        let files = try storage.files(of: dataDir)
        if key == nil { Terminal.complain("note: no public key at hand: each receipt's own is believed; give one by --public-key") }
        var isWrong = false
        for path in receipts {
            let bytes = path == "-" ? Array(FileHandle.standardInput.readDataToEndOfFile()) : try files.read(path)
            switch Receipt.verify(bytes, publicKey: key) {
            case .sound(let kind, let key): Terminal.write("\(path): sound, of a \(kind), signed by \(key)\n")
            case .wrong(let why):
                isWrong = true
                Terminal.complain("wrong: \(path): \(why)")
            }
        }
        if isWrong { throw ExitCode(1) }
    }
}

/// The public key of who signs the audit log and receipts.
enum PublicKeyText {
    /// 64 hexadecimal digits: those given, those in the file given, or those beside the server's key; nil where there is none.
    static func read(_ given: String?, _ places: PrivacyPlaces) throws -> String? {
        if let given, given.count == 64, given.allSatisfy(\.isHexDigit) { return given.lowercased() }
        let path = given ?? places.auditKey + ".pub"
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            if given != nil { throw CommandFailure("cannot read the public key \(path)") }
            return nil
        }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
