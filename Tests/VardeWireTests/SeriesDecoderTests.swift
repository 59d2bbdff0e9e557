import TestSupport
import Testing
import VardeModel

@testable import VardeWire

/// What is taken over from the series before is what decoding the series by itself gives.
@Suite struct SeriesDecoderTests {
    /// What a body's series are, one after the other; nil where one cannot be read.
    private static func expect(_ series: [String], sourceLocation: SourceLocation = #_sourceLocation) {
        let body = Array(series.joined(separator: "\n").utf8)
        var decoder = SeriesDecoder()
        var at = 0
        for one in series {
            let range = at..<(at + one.utf8.count)
            at = range.upperBound + 1
            let alone = Result { () throws(ExpositionParser.Fault) in try ExpositionParser.labels(body.span.extracting(range)) }
            let beside = Result { () throws(ExpositionParser.Fault) in try decoder.labels(body.span, range) }
            #expect(alone == beside, "\(one) behind \(series)", sourceLocation: sourceLocation)
        }
    }

    @Test func `Neighbours alike and unlike`() {
        Self.expect([
            "a", "a", "ab", "a{b=\"c\"}", "a{b=\"d\"}", "a{b=\"d\",c=\"e\"}", "a{b=\"d\",c=\"f\"}", "a{c=\"f\",b=\"d\"}",
            "a{c=\"x\",b=\"yy\"}", "b{c=\"x\",b=\"yy\"}",
            "b{c=\"\",b=\"yy\"}", "b{c=\"\",b=\"zz\"}", "b{c=\"x\",b=\"y\\n\"}", "b{c=\"x\",b=\"y\\n\"}", "b{c=\"x}\",b=\"y,z=\"}",
            "b{c=\"}\",b=\"y\"}",
            "b{c=\"}\",b=\"y\",}", "b{c=\"}\",b=\"y\"", "b{c=\"}\",c=\"y\"}", "b{c=\"}\",d=\"y\"}", "{\"b\",c=\"}\",d=\"y\"}",
            "b {c=\"}\",d=\"y\"}", "b{ c=\"}\"}",
            "b{c=\"å\"}", "b{c=\"æø\"}", "b{__name__=\"x\"}", "b{c=\"a\"}", "b{}", "b", "b{c=\"a\"}",
        ])
    }

    @Test func `Random bodies`() {
        var generator = SeededGenerator(seed: 41)
        for _ in 0..<2_000 {
            let series = (0..<12).map { _ -> String in
                let labels = (0..<Int.random(in: 0...3, using: &generator)).map { _ -> String in
                    let name = ["a", "b", "le", "job", "ab"].randomElement(using: &generator) ?? ""
                    let value =
                        ["", "x", "yy", "0.5", "å", "\\\"", "}", "a longer value than fifteen bytes"].randomElement(using: &generator) ?? ""
                    return "\(name)=\"\(value)\""
                }
                let name = ["m", "mm", "n_total"].randomElement(using: &generator) ?? ""
                return labels.isEmpty && Bool.random(using: &generator) ? name : "\(name){\(labels.joined(separator: ","))}"
            }
            Self.expect(series)
        }
    }
}
