import TestSupport
import Testing

@testable import VardePrivacy

/// Lines made at random, with and without personal data. A failure prints the seed and the line.
@Suite struct PlantedLinesTests {
    @Test(arguments: [1, 2, 3] as [UInt64]) func `Nothing planted is left, plain, keyed, escaped or encoded`(seed: UInt64) {
        var source = PersonalDataLines(seed: seed)
        let planted = (0..<3000).map { _ in source.next() }
        let redacted = Redaction().lines(planted.map(\.line))
        for (one, line) in zip(planted, redacted) {
            let bare = line.replacing(#/<[A-Z_]+(:[^>]*)?>/#, with: " ")
            let squeezed = one.type == "EMAIL" ? bare : bare.filter { $0.isLetter || $0.isNumber }
            #expect(!squeezed.contains(one.core), "seed \(seed), \(one.type): \(one.line) became \(line)")
        }
    }

    @Test(arguments: [4, 5] as [UInt64]) func `What machines write of themselves stays, byte for byte`(seed: UInt64) {
        var source = PersonalDataLines(seed: seed)
        let lines = (0..<4000).map { _ in [source.machine(), source.machine(), source.machine()].joined(separator: " ") }
        for (line, redacted) in zip(lines, Redaction().lines(lines)) { #expect(line == redacted, "seed \(seed)") }
    }

    @Test func `A line's data does not show in the next one`() {
        var source = PersonalDataLines(seed: 6)
        let planted = (0..<500).map { _ in source.next() }
        var lines: [String] = []
        for one in planted { lines += [one.line, "neste linje uten noe"] }
        let redacted = Redaction().lines(lines)
        for index in planted.indices { #expect(redacted[2 * index + 1] == "neste linje uten noe") }
    }

    @Test(arguments: [
        ("<ns:fnr>02013299997</ns:fnr><navn>Kari Nordmann</navn>", "<ns:fnr><FNR></ns:fnr><navn><NAME></navn>"),
        ("List<Address>foo Map<String,User>bar", "List<Address>foo Map<String,User>bar"),
        ("tel 070-123 45 67 ok", "tel <PHONE> ok"),
        ("puh. 040 1234567", "puh. <PHONE>"),
        ("tid 070-123 45 67 ok", "tid 070-123 45 67 ok"),
        ("national id 13527248013", "national id <FNR>"),
        ("personnummer (11 siffer): 13527248013", "personnummer (11 siffer): <FNR>"),
        ("driver's license 32617269367", "driver's license <LICENCE>"),
        ("psql --password s3cret --host x", "psql --password <SECRET> --host x"),
        ("PGPASSWORD=s3cret psql", "PGPASSWORD=<SECRET> psql"),
        ("sid: 03e97c84acb873c10d369aa4e668cd0b", "sid: <SECRET>"),
        ("Mottok 9f07.1814.ef36.", "Mottok <MAC>."),
        ("født: 17.05.1977 2026-06-01T12:00:00Z", "født: <BIRTH_DATE> 2026-06-01T12:00:00Z"),
        (#"{"v": "196.77.238.157"}"#, #"{"v": "196.77.238.0"}"#),
        (#""span_id":"0037122466204795""#, #""span_id":"0037122466204795""#),
        ("surname: Næss GET /x", "surname: <NAME> GET /x"),
    ]) func `Elements, phrases, options and numbers dialled at home`(line: String, expected: String) {
        #expect(Redaction()(line) == expected)
    }
}
