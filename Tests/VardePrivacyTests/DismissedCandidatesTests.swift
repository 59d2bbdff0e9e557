import TestSupport
import Testing
import VardeKernels

@testable import VardePrivacy

/// What the scan dismisses by masks and by the last letters of a key is what no judge would have made anything of.
@Suite struct DismissedCandidatesTests {
    /// What was found, in a form that can be compared.
    private struct Found: Equatable, CustomStringConvertible {
        var start: Int
        var end: Int
        var type: PersonalDataType
        var canonical: [UInt8]
        var description: String { "\(type) \(start)..<\(end) \(String(decoding: canonical, as: UTF8.self))" }
    }

    private struct Judged: Equatable {
        var isEncoded: Bool?
        var found: [Found]
    }

    private static func judge(_ means: PersonalDataScan.Means) -> LineJudge {
        var policy = RedactionPolicy()
        policy.actions[.orgnr] = .mask
        policy.keepsPrivateAddresses = false
        var judge = LineJudge(vocabulary: Vocabulary(), policy: policy)
        judge.means = means
        return judge
    }

    private static func findings(_ judge: inout LineJudge, _ line: [UInt8]) -> Judged {
        judge.begin()
        let isEncoded = judge.judge(line.span, origins: [])
        return Judged(
            isEncoded: isEncoded,
            found: judge.findings.elements.map {
                Found(start: $0.start, end: $0.end, type: $0.type, canonical: Array(judge.canonical.elements[$0.canonical]))
            }
        )
    }

    private static let joints = [
        " ", "-", ".", "+", ":", "/", "_", ",", "=", "\"", "\":\"", " = ", "@", "T", "Z", "\u{A0}", "\u{202F}", "ø", "%", "\\", "[", "]",
        ">",
        " - - [", "^", "", "", " ", " ",
    ]
    private static let words = [
        "fnr", "kunde_fnr", "konto", "tlf", "password", "kundeNavn", "customer", "order", "trace_id", "nr", "version", "mac", "pin", "id",
        "user", "SE", "AB", "NO", "x", "%B", "epost", "førerkort", "FØDSELSNUMMER", "lat", "lon", "HTTP", "Firefox", "passnr", "ms", "and",
        "regnr", "hetu", "Oslo", "2026-11-23T10:11:12.123Z", "23/Nov/2026:10:11:12 +0100", "10.0.0.7", "8.8.8.8", "00:1a:2b:3c:4d:5e",
        "0047", "070", "00", "MVA", "58.8204, 17.6794", "født", "01/09/1997", "N59.9139", "E10.7522", "(navn, x) VALUES (",
    ]

    private static func line(
        _ generator: inout SeededGenerator, _ lines: inout PersonalDataLines, _ canaries: inout PersonalDataCanaries
    )
        -> [UInt8]
    {
        if Int.random(in: 0..<6, using: &generator) == 0 { return Array(lines.next().line.utf8) }
        var text = ""
        for _ in 0..<Int.random(in: 0..<40, using: &generator) {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<5:
                // Short runs more often than long ones.
                let most = [2, 4, 6, 12, 26][Int.random(in: 0..<5, using: &generator)]
                for _ in 0..<Int.random(in: 1...most, using: &generator) { text += String(Int.random(in: 0...9, using: &generator)) }
            case 5, 6: text += words[Int.random(in: 0..<words.count, using: &generator)]
            case 7:
                for _ in 0..<Int.random(in: 1...16, using: &generator) {
                    text += String(Int.random(in: 0..<16, using: &generator), radix: 16)
                }
            case 8: text += canaries.next().text
            default: text += "\(canaries.next().key)=\(canaries.next().text)"
            }
            text += joints[Int.random(in: 0..<joints.count, using: &generator)]
        }
        return Array(text.utf8)
    }

    @Test func `Vectors and dismissals find what bytes and judges alone find, on random lines`() {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed: seed)
        var lines = PersonalDataLines(seed: seed)
        var canaries = PersonalDataCanaries(seed: seed)
        var slow = Self.judge(.bytes)
        var fast = [Self.judge(.vectors256), Self.judge(.any)]
        var found = 0
        for _ in 0..<20_000 {
            let line = Self.line(&generator, &lines, &canaries)
            let expected = Self.findings(&slow, line)
            found += expected.found.count
            for index in fast.indices {
                let got = Self.findings(&fast[index], line)
                guard got == expected else {
                    Issue.record("seed \(seed), \(fast[index].means): \(String(decoding: line, as: UTF8.self)): \(got), not \(expected)")
                    return
                }
            }
        }
        #expect(found > 20_000)
    }

    @Test func `Lines longer than a window are judged alike`() {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed: seed)
        var lines = PersonalDataLines(seed: seed)
        var canaries = PersonalDataCanaries(seed: seed)
        var slow = Self.judge(.bytes)
        var fast = [Self.judge(.vectors256), Self.judge(.any)]
        for _ in 0..<60 {
            var line: [UInt8] = []
            while line.count < 20_000 { line += Self.line(&generator, &lines, &canaries) }
            let expected = Self.findings(&slow, line)
            for index in fast.indices { #expect(Self.findings(&fast[index], line) == expected, "seed \(seed)") }
        }
    }
}
