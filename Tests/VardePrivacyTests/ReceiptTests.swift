import Foundation
import TestSupport
import Testing
import VardeWire

@testable import VardePrivacy

@Suite struct ReceiptTests {
    @Test func `A receipt is sound as it was signed, and any change is told`() throws {
        let signer = AuditSigner()
        let text = try Receipt.make(kind: "erasure", signer: signer) { $0.raw(",\"id\":\"a1\",\"lines\":12") }
        let sound = Receipt.Verdict.sound(kind: "erasure", key: signer.publicKeyText)
        #expect(Receipt.verify(text, publicKey: signer.publicKeyText) == sound)
        #expect(Receipt.verify(text.dropLast() + [13, 10], publicKey: nil) == sound)
        guard case .wrong = Receipt.verify(text, publicKey: AuditSigner().publicKeyText) else {
            Issue.record("another key is believed")
            return
        }
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<2_000 {
            var changed = text
            // The newline at the end is not part of it.
            let at = Int.random(in: 0..<text.count - 1, using: &generator)
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: changed[at] ^= UInt8.random(in: 1...255, using: &generator)
            case 1: changed.remove(at: at)
            default: changed.insert(UInt8.random(in: 33...126, using: &generator), at: at)
            }
            if changed == text { continue }
            if case .sound = Receipt.verify(changed, publicKey: signer.publicKeyText) { Issue.record("a change at \(at) is not told") }
        }
    }

    @Test func `Key files inside the data directory or open to others are refused, and a destroyed key is in no file`() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("varde-keys-\(UUID().uuidString)")
        let data = folder.appendingPathComponent("data")
        try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(throws: KeyRingFile.Refusal.self) {
            _ = try KeyRingFile.open(data.appendingPathComponent("p.key").path, dataDirectory: data.path, now: 0)
        }
        // Through a link as well.
        try FileManager.default.createSymbolicLink(at: folder.appendingPathComponent("link"), withDestinationURL: data)
        #expect(throws: KeyRingFile.Refusal.self) {
            _ = try KeyRingFile.open(folder.appendingPathComponent("link/p.key").path, dataDirectory: data.path, now: 0)
        }
        let path = folder.appendingPathComponent("p.key").path
        var ring = try KeyRingFile.open(path, dataDirectory: data.path, now: 100)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        let old = try String(contentsOfFile: path, encoding: .utf8)
        // A second name of the old file shows what became of its bytes once it has none.
        let secret = try #require(old.split(separator: "\n").last?.split(separator: " ").last).description
        ring.rotate(now: 200)
        let destroyed = ring.destroy(epoch: 1, now: 300)
        #expect(destroyed)
        try KeyRingFile.write(ring, to: path, dataDirectory: data.path)
        #expect(try !String(contentsOfFile: path, encoding: .utf8).contains(secret))
        let read = try KeyRingFile.open(path, dataDirectory: data.path, now: 400)
        #expect(read.epochs.map(\.destroyed) == [300, nil])
        for mode in [0o644, 0o640, 0o604] {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            #expect(throws: KeyRingFile.Refusal.readableByOthers(path: path, mode: mode)) {
                _ = try KeyRingFile.open(path, dataDirectory: data.path, now: 0)
            }
        }
    }

    @Test func `A person's tokens are found in whatever form the identifier comes`() throws {
        let ring = KeyRing(now: 0)
        let pseudonyms = Pseudonyms(ring)
        var policy = RedactionPolicy()
        policy.ownDetectors = [try OwnDetector(name: "kundenummer", pattern: "K[0-9]{8}", action: .pseudonymise)]
        let redactor = Redactor(policies: RedactionPolicies(standard: policy), pseudonyms: pseudonyms)
        func stored(_ line: String) -> String {
            var session = redactor.session()
            var state = StreamState()
            var out: [UInt8] = []
            _ = session.redact(Array(line.utf8).span, into: &out, state: &state)
            return String(decoding: out, as: UTF8.self)
        }
        let cases: [(line: String, identifiers: [String])] = [
            ("fnr=02013299997", ["02013299997", "020132 99997", " 02013299997 "]),
            ("mail to Kari.Nordmann@example.no now", ["kari.nordmann@example.no", "KARI.NORDMANN@EXAMPLE.NO"]),
            ("ring +47 412 34 567 now", ["41234567", "+4741234567", "412 34 567", "0047 41234567", "+47 41 23 45 67"]),
            ("konto 1234.56.78911", ["12345678911", "1234.56.78911", "1234 56 78911"]),
            ("kunde K12345678 her", ["K12345678"]),
            ("msisdn=4741234567", ["4741234567", "+4741234567", "41234567"]),
            ("msisdn 4741234567 ring", ["4741234567", "+4741234567", "41234567"]),
            ("GET /x?navn=Kari+Nordmann&a=1", ["Kari Nordmann"]),
            ("GET /x?name=KARI%20NORDMANN&a=1", ["Kari Nordmann"]),
        ]
        for (line, identifiers) in cases {
            let text = stored(line)
            for identifier in identifiers {
                let tokens = SubjectTokens(identifiers: [identifier], pseudonyms: pseudonyms, policy: policy)
                #expect(tokens.texts.contains { text.contains($0) }, "\(identifier) in \(text)")
            }
        }
        // Every epoch whose key exists.
        var longer = ring
        longer.rotate(now: 10)
        longer.rotate(now: 20)
        _ = longer.destroy(epoch: 2, now: 30)
        pseudonyms.replace(longer)
        #expect(SubjectTokens(identifiers: ["02013299997"], pseudonyms: pseudonyms, policy: policy).epochs == [1, 3])
    }
}
