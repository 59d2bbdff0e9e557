import Foundation
import TestSupport
import Testing

@testable import VardePrivacy

/// The score reports tell of is the one a run gives now, wherever the corpus is at hand.
@Suite struct DetectorScoreTests {
    private static let folder: URL? = {
        let candidate = ConformanceFolder.packageRoot.deletingLastPathComponent().appendingPathComponent("shared/privacy")
        return FileManager.default.fileExists(atPath: candidate.appendingPathComponent("dev.jsonl").path) ? candidate : nil
    }()

    private static let python = ["/usr/bin/python3", "/usr/local/bin/python3"].first { FileManager.default.isExecutableFile(atPath: $0) }

    @Test(.enabled(if: folder != nil && python != nil, "the corpus or python3 is not at hand"))
    func `The recorded score is that of a run over the corpus`() throws {
        let folder = try #require(Self.folder)
        let text = try String(contentsOf: folder.appendingPathComponent("dev.txt"), encoding: .utf8)
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        #expect(lines.count == DetectorRecord.lines)
        let redactor = Redactor(pseudonyms: Pseudonyms(KeyRing(now: 0)))
        var session = redactor.session()
        var state = StreamState()
        var output: [UInt8] = []
        for line in lines {
            let bytes = Array(line.utf8)
            if session.redact(bytes.span, into: &output, state: &state) == .unchanged { output += bytes }
            output.append(10)
        }
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("varde-score-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        let redacted = scratch.appendingPathComponent("redacted.txt")
        try Data(output).write(to: redacted)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(Self.python))
        process.arguments = [
            folder.appendingPathComponent("score.py").path, folder.appendingPathComponent("dev.jsonl").path, redacted.path, "--keep-last4",
            "--json", scratch.appendingPathComponent("score.json").path,
        ]
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        let data = try Data(contentsOf: scratch.appendingPathComponent("score.json"))
        let score = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let tiers = try #require(score["recall_by_tier_%"] as? [String: Double])
        let altered = try #require((score["over_redaction"] as? [String: Any])?["altered_%"] as? Double)
        #expect(tiers["A"] == DetectorRecord.recallCertain && tiers["B"] == DetectorRecord.recallInContext, "record \(tiers)")
        // The scorer's alignment depends on the pseudonyms, which are new each run: it finds none, one or two stretches.
        #expect(altered <= DetectorRecord.altered * 10, "record \(altered)")
        let types = try #require(score["recall_by_type_%"] as? [String: [Double]])
        #expect(types["fnr"]?[0] == 100 && types["email"]?[0] == 100)
    }
}
