import Foundation
import TestSupport
import Testing
import VardeModel

@testable import VardeWire

@Suite struct JSONTests {
    /// A value of JSON as the reader delivers it.
    indirect enum Value: Equatable {
        case object([String: Value])
        case array([Value])
        case string(String)
        case number(String)
        case literal(String)
    }

    static func read(_ reader: inout JSONReader, _ bytes: Span<UInt8>) throws(WireError) -> Value {
        switch try reader.kind(bytes) {
        case .object:
            var members: [String: Value] = [:]
            try reader.object(bytes) { (reader, key) throws(WireError) in members[key] = try read(&reader, bytes) }
            return .object(members)
        case .array:
            var elements: [Value] = []
            try reader.array(bytes) { (reader, _) throws(WireError) in elements.append(try read(&reader, bytes)) }
            return .array(elements)
        case .string: return .string(try reader.string(bytes))
        case .number: return .number(try reader.number(bytes))
        case .literal:
            let range = try reader.skip(bytes)
            return .literal(Bytes.text(bytes.extracting(range)))
        }
    }

    enum Bytes {
        static func text(_ bytes: Span<UInt8>) -> String { String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self) }
    }

    static func whole(_ bytes: [UInt8]) throws(WireError) -> Value {
        var reader = JSONReader()
        let value = try read(&reader, bytes.span)
        guard reader.isAtEnd(bytes.span) else { throw WireError("text after the end", at: reader.at) }
        return value
    }

    @Test func `Strings written are read back by us and by Foundation`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var mutator = Mutator(seed: seed)
        for _ in 0..<300 {
            let text = mutator.text(20) + String(UnicodeScalar(UInt8(mutator.below(128))))
            var writer = JSONWriter()
            writer.raw("[")
            writer.string(text)
            writer.raw(",")
            writer.string(Array(text.utf8).span)
            writer.raw("]")
            #expect(try Self.whole(writer.bytes) == .array([.string(text), .string(text)]))
            let parsed = try JSONSerialization.jsonObject(with: Data(writer.bytes)) as? [String]
            #expect(parsed.map { $0.map { Array($0.utf8) } } == [Array(text.utf8), Array(text.utf8)])
        }
    }

    @Test func `Texts are taken or refused as Foundation takes or refuses them`() {
        let seeds = [
            #"{"a": [1, -2.5e3, "x\u00e5\ud83d\ude00", true, null], "b": {"c": {}}, "d": []}"#, #"[0, 1e-2, "\\\"\/\b\f\n\r\t"]"#,
        ].map { Array($0.utf8) }
        var differences = 0
        fuzz("json", seeds, rounds: 4000) { bytes in
            guard String(validating: bytes, as: UTF8.self) != nil, !bytes.contains(0) else { return }
            let ours: Bool
            do throws(WireError) {
                _ = try Self.whole(bytes)
                ours = true
            } catch {
                ours = false
                #expect(error.offset.map { (0...bytes.count).contains($0) } == true, "\(error)")
            }
            let theirs = (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
            // Foundation takes a comma at the end, refuses lone surrogates, numbers out of range and bytes we replace or keep as text.
            let text = String(decoding: bytes, as: UTF8.self)
            let dense = text.unicodeScalars.filter { ![" ", "\n", "\r", "\t"].contains($0) }.map { String($0) }.joined()
            if ours != theirs, !dense.contains(",]"), !dense.contains(",}"), !text.contains("\\u"), !text.lowercased().contains("e"),
                !text.contains("\u{7f}")
            {
                differences += 1
                Issue.record("\(text): ours \(ours), Foundation \(theirs)")
            }
        }
        #expect(differences == 0)
    }

    @Test(arguments: [
        "01", "-", "1.", ".5", "1e", "1e+", "--1", "1-2", "+1", "tru", "\"\\u+123\"", "\"\\x\"", "[1,]", "{\"a\":1,}", "[1 2]",
    ])
    func `What is no JSON is refused`(_ text: String) {
        #expect(throws: WireError.self) { try Self.whole(Array(text.utf8)) }
    }

    @Test func `Nesting is bounded`() throws {
        func nested(_ depth: Int) -> [UInt8] { Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8) }
        _ = try Self.whole(nested(JSONReader.maxDepth))
        #expect(throws: WireError.self) { try Self.whole(nested(JSONReader.maxDepth + 1)) }
        #expect(throws: WireError.self) { try Self.whole(Array(repeating: UInt8(ascii: "["), count: 100_000)) }
    }

    @Test func `Seconds have three decimals or none`() {
        for (milliseconds, text): (Int64, String) in [
            (0, "0"), (1000, "1"), (1001, "1.001"), (-1500, "-1.500"), (1_700_000_000_010, "1700000000.010"),
        ] {
            var writer = JSONWriter()
            writer.seconds(milliseconds: milliseconds)
            #expect(String(decoding: writer.bytes, as: UTF8.self) == text)
        }
    }
}

@Suite struct SampleTextTests {
    @Test func `Every double reads back from its text, bit by bit`() {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var mutator = Mutator(seed: seed)
        for _ in 0..<20_000 {
            let value = mutator.double()
            let text = SampleText.text(value)
            if value.isNaN { #expect(text == "NaN") } else { #expect(Double(text)?.bitPattern == value.bitPattern, "\(text)") }
            #expect(text == Self.naive(value))
        }
    }

    /// From the digits of Swift's own text.
    private static func naive(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value == 0 { return value.sign == .minus ? "-0" : "0" }
        let (negative, digits, exponent) = SampleText.decimal(value)
        var out = negative ? [UInt8(ascii: "-")] : []
        if value.magnitude < 1e-6 || value.magnitude >= 1e21 {
            SampleText.appendScientific(digits, exponent, to: &out)
        } else {
            SampleText.appendPlain(digits, exponent, to: &out)
        }
        return String(decoding: out, as: UTF8.self)
    }

    @Test func `The form is Go's`() {
        for (value, text) in [
            (0, "0"), (-0.0, "-0"), (1, "1"), (-1.5, "-1.5"), (0.1, "0.1"), (1e20, "100000000000000000000"), (1e21, "1e+21"),
            (1e-6, "0.000001"), (1e-7, "1e-07"), (1.5e300, "1.5e+300"), (-.infinity, "-Inf"), (.infinity, "+Inf"),
            (.leastNonzeroMagnitude, "5e-324"),
            (123456.789, "123456.789"), (1.7976931348623157e308, "1.7976931348623157e+308"), (9_007_199_254_740_992, "9007199254740992"),
        ] as [(Double, String)] { #expect(SampleText.text(value) == text) }
    }
}
