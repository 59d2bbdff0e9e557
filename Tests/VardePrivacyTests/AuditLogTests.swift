import TestSupport
import Testing
import VardeDisk

@testable import VardePrivacy

private let directory = "/data/audit"
private let checkpoints = "/elsewhere/checkpoints"

@Suite struct AuditLogTests {
    let files = InMemoryFileSystem()
    let signer = AuditSigner()

    private func open() throws -> AuditLog {
        try AuditLog(directory: directory, checkpoints: checkpoints, fileSystem: files, signer: signer) { 1_780_315_200_000 }
    }

    private func verify(_ files: InMemoryFileSystem? = nil) throws -> AuditVerification {
        try AuditVerification(
            directory: directory, checkpoints: checkpoints, publicKey: signer.publicKeyText, fileSystem: files ?? self.files)
    }

    private func entry(_ number: Int) -> AuditEntry {
        AuditEntry(
            time: 1_780_315_200_000 + Int64(number), who: "kari", from: "10.0.0.\(number % 250)", action: "read",
            what: "query={app=\"x\(number)\"}", lines: number)
    }

    private func fill(_ count: Int) async throws {
        let log = try open()
        for number in 1...count { try await log.append(entry(number)) }
        try log.checkpoint()
    }

    @Test func `What was appended is whole, across openings, and the head is signed`() async throws {
        try await fill(20)
        #expect(try open().damage.isEmpty)
        let log = try open()
        try await log.append(entry(21))
        #expect(log.head.entries == 21 && log.head.signed == 20)
        try log.checkpoint()
        let report = try verify()
        #expect(report.isSound && report.entries == 21 && report.signed == 21 && report.checkpoints == 2)
        #expect(report.hash == log.head.hash)
    }

    @Test func `Every edit, cut and swap is found, and told with file and line`() async throws {
        try await fill(60)
        let path = directory + "/" + AuditLogFormat.name(1)
        let sound = try files.read(path)
        let lines = sound.split(separator: 10).map { Array($0) + [10] }
        var generator = SeededGenerator(seed: 42)
        func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }
        let scratch = InMemoryFileSystem()
        try scratch.makeDirectories(directory)
        try scratch.makeDirectories("/elsewhere")
        let signed = try files.read(checkpoints)
        try scratch.writeAtomically(signed.span, to: checkpoints)
        for round in 0..<10_000 {
            var bytes = sound
            let what: String
            switch pick(8) {
            case 0, 1:
                let at = pick(bytes.count)
                bytes[at] ^= UInt8(1 + pick(255))
                what = "byte \(at)"
            case 2:
                let at = pick(bytes.count)
                bytes.removeLast(bytes.count - at)
                what = "cut at \(at)"
            case 3:
                let at = pick(lines.count)
                bytes = Array(lines[..<at].joined()) + Array(lines[(at + 1)...].joined())
                what = "line \(at) taken out"
            case 4:
                let a = pick(lines.count)
                let b = (a + 1 + pick(lines.count - 1)) % lines.count
                var swapped = lines
                swapped.swapAt(a, b)
                bytes = Array(swapped.joined())
                what = "\(a) and \(b) swapped"
            case 5:
                let at = pick(lines.count)
                bytes = Array(lines[...at].joined()) + lines[at] + Array(lines[(at + 1)...].joined())
                what = "line \(at) twice"
            case 6:
                let at = pick(bytes.count)
                bytes.insert(UInt8(32 + pick(90)), at: at)
                what = "a byte more at \(at)"
            default:
                // Rewritten with a sound chain from there on: only the signature shows it.
                let at = pick(lines.count)
                var hash = at == 0 ? AuditLogFormat.firstHash : AuditLogFormat.parse(lines[at - 1].dropLast())!.hash
                bytes = Array(lines[..<at].joined())
                for number in at..<lines.count {
                    var changed = entry(number + 1)
                    if number == at { changed.who = "ola" }
                    let body = changed.body(number: UInt64(number + 1))
                    hash = AuditLogFormat.hash(hash, body[...])
                    bytes += body + AuditLogFormat.hashKey + Array(Hex.text(hash).utf8) + AuditLogFormat.tail
                }
                what = "forged from \(at)"
            }
            if bytes == sound { continue }
            try scratch.writeAtomically(bytes.span, to: path)
            let report = try verify(scratch)
            guard report.isSound || report.problems.isEmpty || !report.problems[0].hasPrefix("/") else { continue }
            Issue.record("round \(round), seed 42: \(what) was not found")
        }
        try scratch.writeAtomically(sound.span, to: path)
        #expect(try verify(scratch).isSound)
    }

    @Test func `A forged checkpoint and one of another key are found`() async throws {
        try await fill(3)
        let other = try AuditCheckpoint(entries: 3, hash: AuditLogFormat.firstHash, time: 0, signer: AuditSigner())
        let forged = try files.read(checkpoints) + other.line
        try files.writeAtomically(forged.span, to: checkpoints)
        #expect(try verify().problems == ["\(checkpoints):2: another key from entry 3 on: \(other.key)"])
    }

    @Test func `What was acknowledged survives a crash at any call, and the log goes on`() async throws {
        for call in 1...60 {
            let files = InMemoryFileSystem()
            var acknowledged = 0
            do {
                let log = try AuditLog(directory: directory, checkpoints: checkpoints, fileSystem: files, signer: signer) { 0 }
                files.fail(atCall: call, .crash)
                for number in 1...10 {
                    try await log.append(entry(number))
                    acknowledged = number
                    if number % 3 == 0 { try log.checkpoint() }
                }
            } catch {}
            files.powerCut()
            let log = try AuditLog(directory: directory, checkpoints: checkpoints, fileSystem: files, signer: signer) { 0 }
            #expect(log.head.entries >= acknowledged, "call \(call)")
            #expect(!log.damage.contains { $0.contains("cut off:") })
            try await log.append(entry(99))
            try log.checkpoint()
            let report = try verify(files)
            #expect(report.isSound, "call \(call): \(report.problems)")
        }
    }

    @Test func `A failed write is told, and the chain stays sound`() async throws {
        let log = try open()
        try await log.append(entry(1))
        files.fail(atCall: 1, .short(28))
        await #expect(throws: AuditError.self) { try await log.append(entry(2)) }
        try await log.append(entry(3))
        try log.checkpoint()
        let report = try verify()
        #expect(report.isSound && report.entries == 2)
    }

    @Test(arguments: [
        ("{app=\"x\"} |= pii(\"01017012345\")", "{app=\"x\"} |= pii(…)"),
        ("{a=\"b\"} | fnr=pii( `kari` ) |= \"x\"", "{a=\"b\"} | fnr=pii(…) |= \"x\""),
        ("{a=\"b\"} |= pii(\"a\\\")b\")", "{a=\"b\"} |= pii(…)"),
        ("{a=\"b\"} |= pii(\"unended", "{a=\"b\"} |= pii(…)"),
        ("{a=\"b\"} |= \"02013299997\"", "{a=\"b\"} |= \"<FNR>\""),
        ("{app=\"copii\"} |= \"x\"", "{app=\"copii\"} |= \"x\""),
    ]) func `Requests are kept without what was asked about a person`(query: String, expected: String) {
        #expect(AuditText()(query) == expected)
        #expect(AuditText.usesPII(query) == expected.contains("pii(…)"))
    }

    @Test func `Times are written as the calendar has them`() {
        #expect(UTCText.milliseconds(1_780_315_200_123) == "2026-06-01T12:00:00.123Z")
        #expect(UTCText.milliseconds(-1) == "1969-12-31T23:59:59.999Z")
        #expect(UTCText.day(951_782_400) == "2000-02-29")
    }
}
