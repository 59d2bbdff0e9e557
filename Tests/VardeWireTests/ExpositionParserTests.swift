import TestSupport
import Testing
import VardeModel

@testable import VardeWire

@Suite struct ExpositionParserTests {
    static func lines(_ bytes: [UInt8]) throws(ExpositionParser.Fault) -> [ExpositionParser.Line] {
        var parser = ExpositionParser()
        var lines: [ExpositionParser.Line] = []
        while let line = try parser.next(bytes.span) { lines.append(line) }
        return lines
    }

    static func samples(_ text: String) throws(ExpositionParser.Fault) -> [(labels: Labels, value: Double, timestamp: Int64?)] {
        let bytes = Array(text.utf8)
        var out: [(labels: Labels, value: Double, timestamp: Int64?)] = []
        for line in try lines(bytes) {
            guard case .sample(let sample) = line else { continue }
            out.append((try ExpositionParser.labels(bytes.span.extracting(sample.series)), sample.value, sample.timestamp))
        }
        return out
    }

    /// By scalars: a quote with a combining mark behind it is a character of its own, and a quote all the same.
    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.map { ["\\": "\\\\", "\"": "\\\"", "\n": "\\n"][String($0)] ?? String($0) }.joined()
    }

    @Test func `What a naive writer writes is read as meant`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var mutator = Mutator(seed: seed)
        for _ in 0..<300 {
            var text = ""
            var wanted: [(Labels, Double, Int64?)] = []
            for index in 0..<mutator.below(5) {
                var labels = Labels(["__name__": "m\(index)"])
                var pairs: [String] = []
                for one in 0..<mutator.below(4) {
                    let value = mutator.text(8)
                    labels.set("l\(one)", to: value)
                    pairs.append("l\(one)=\"\(Self.escaped(value))\"")
                }
                let quoted = mutator.below(3) == 0
                let inside = (quoted ? ["\"m\(index)\""] : []) + pairs
                let blank = [" ", "\t", "  "][mutator.below(3)]
                let comma = [",", ", ", " , "][mutator.below(3)]
                text +=
                    (quoted ? "" : "m\(index)") + (inside.isEmpty && mutator.below(2) == 0 ? "" : "{\(inside.joined(separator: comma))}")
                let value = mutator.double()
                text += blank + SampleText.text(value)
                let timestamp = mutator.below(2) == 0 ? nil : Int64(mutator.below(1 << 50)) - 1000
                if let timestamp { text += blank + String(timestamp) }
                text += index % 2 == 0 ? "\n" : "\n\n# a comment\n"
                wanted.append((labels, value, timestamp))
            }
            let read = try Self.samples(text)
            try #require(read.count == wanted.count, "\(text)")
            for (one, other) in zip(read, wanted) {
                #expect(one.labels == other.0)
                #expect(one.value == other.1 || one.value.isNaN && other.1.isNaN)
                #expect(one.timestamp == other.2)
            }
        }
    }

    @Test func `Damaged bodies never trap, faults name line and column`() {
        let seeds = [
            "# HELP a b\\n\\\\c\n# TYPE a counter\na{b=\"c\\n\",d=\"e\"} 1.5e3 1700000000000\na_bucket{le=\"+Inf\"} NaN\n{\"ünï\",x=\"y\"} -Inf\n",
            "x 1\n\n\ty{} 2 3\n", "# HELP \"quoted name\" text\n# TYPE \"quoted name\" gauge\n{\"quoted name\", \"l l\"=\"v\"} 1e-2\n",
        ].map { Array($0.utf8) }
        fuzz("exposition", seeds, rounds: 6000) { bytes in
            do throws(ExpositionParser.Fault) {
                for line in try Self.lines(bytes) {
                    if case .sample(let sample) = line { _ = try ExpositionParser.labels(bytes.span.extracting(sample.series)) }
                }
            } catch {
                #expect(!error.message.isEmpty)
                #expect(error.line >= 1 && error.line <= 1 + bytes.count { $0 == 10 })
                #expect(error.column >= 1 && error.column <= bytes.count + 1)
            }
        }
    }

    @Test(arguments: [
        ("a\n", 1, 2), ("a 1\nb{c=\"d\"} x\n", 2, 10), ("a 1 2 3\n", 1, 7), ("a{b=\"c\" 1\n", 1, 10), ("ok 1\n\n9a 1\n", 3, 1),
        ("a 1 1.5\n", 1, 5),
    ])
    func `A fault has the line and column of what is wrong`(_ text: String, _ line: Int, _ column: Int) {
        let bytes = Array(text.utf8)
        var fault: ExpositionParser.Fault?
        do throws(ExpositionParser.Fault) {
            var parser = ExpositionParser()
            while let one = try parser.next(bytes.span) {
                if case .sample(let sample) = one { _ = try parser.labels(of: sample, bytes.span) }
            }
        } catch { fault = error }
        #expect(fault?.line == line)
        #expect(fault?.column == column)
    }

    @Test(arguments: [
        "9a 1", "a{9=\"x\"} 1", "a{b} 1", "a{b=\"c\",b=\"d\"} 1", "a{b=\"c\"d=\"e\"} 1", "{b=\"c\"} 1", "{\"a\",\"b\"} 1", "a{\"b\"} 1",
    ])
    func `Labels that cannot be are refused`(_ text: String) {
        #expect(throws: ExpositionParser.Fault.self) { try Self.samples(text + "\n") }
    }

    @Test(arguments: [
        "a  1", " a 1", "a 1 ", "a\t1", "a {} 1", "a{b=\"c\", d=\"e\"} 1", "a{ b=\"c\"} 1", "a{b =\"c\"} 1", "a{b= \"c\"} 1",
        "a{b=\"c\" } 1",
        "a{b=\"c\"}1", "a 1\r", "a 1  1", "a 1 1 ", "a 1  # {a=\"b\"} 1", "a 1 #{a=\"b\"} 1", "a 1 #  {a=\"b\"} 1", "", "a 1\n", "a 0x1",
    ])
    func `OpenMetrics has one space between words, none in series and no empty lines`(_ line: String) throws {
        let bytes = Array((line + "\n# EOF\n").utf8)
        #expect(throws: ExpositionParser.Fault.self) {
            var parser = ExpositionParser(.openMetrics1)
            while let one = try parser.next(bytes.span) {
                guard case .sample(let sample) = one else { continue }
                _ = try parser.labels(of: sample, bytes.span)
                _ = try parser.exemplar(of: sample, bytes.span, at: 0)
            }
        }
    }

    @Test func `An exemplar too long to be kept leaves its sample`() throws {
        let bytes = Array("a 1 # {b=\"\(String(repeating: "x", count: 128))\"} 1\n# EOF\n".utf8)
        var parser = ExpositionParser(.openMetrics1)
        guard case .sample(let sample)? = try parser.next(bytes.span) else {
            Issue.record("no sample")
            return
        }
        #expect(try parser.exemplar(of: sample, bytes.span, at: 0) == nil)
    }

    @Test(arguments: ["# TYPE a odd", "# TYPE a unknown", "# TYPE a", "# TYPE \"a.b\"", "a 1 -1", "a 1 +1"])
    func `Types and times that Prometheus' text does not have are refused`(_ line: String) {
        #expect(throws: ExpositionParser.Fault.self) { try Self.lines(Array((line + "\na 1\n").utf8), .text0) }
    }

    @Test func `Metadata is read with its escapes, and names in quotes`() throws {
        let lines = try Self.lines(Array("# HELP a one\\ntwo \\\\n\n# TYPE \"b c\" gauge\n# HELP \"q\\\"\\\\\" x\n# nothing\n#\n".utf8))
        #expect(lines == [.help(name: "a", text: "one\ntwo \\n"), .type(name: "b c", type: "gauge"), .help(name: "q\"\\", text: "x")])
    }

    @Test func `Values are those Go reads`() throws {
        for (text, value) in [
            ("1", 1), ("+1.5e-3", 0.0015), ("-Inf", -.infinity), ("+Inf", .infinity), ("inf", .infinity), (".5", 0.5),
            ("5.", 5),
            ("12345678901234567890123", 12_345_678_901_234_567_741_440),
        ] as [(String, Double)] { #expect(try Self.samples("a \(text)\n").first?.value == value, "\(text)") }
        for text in ["1..2", "e5", "1e", "0x", "--1", "1_0", "nan(1)", "1e5.", "٣", "0x1p-2", "0x1", "+NaN", "-nan", "1e400"] {
            #expect(throws: ExpositionParser.Fault.self, "\(text)") { try Self.samples("a \(text)\n") }
        }
    }

    @Test(arguments: [
        "# UNIT a", "# UNIT a_s m", "# UNIT s s", "# UNIT a_s s ", "# HELP a", "# TYPE a untyped",
        "# TYPE a gauge ", "# TYPE  a gauge", "#  TYPE a gauge", "#TYPE a gauge", "# foo", "#", "# a comment that is none",
        "# type a gauge", "# TYPE \"a.b\"gauge",
    ])
    func `What OpenMetrics forbids of comments is refused there, and taken in Prometheus' text`(_ line: String) {
        let bytes = Array((line + "\na 1\n").utf8)
        #expect(throws: ExpositionParser.Fault.self) { try Self.lines(bytes, .openMetrics1) }
        #expect(throws: Never.self) { try Self.lines(bytes, .text0) }
    }

    @Test(arguments: [
        "# UNIT a ", "# UNIT a_s s", "# HELP a ", "# HELP a \\q x  y", "# TYPE a gaugehistogram", "# TYPE \"a.b\" gauge",
        "# UNIT \"a\\\"_s\" s",
    ])
    func `What OpenMetrics allows of comments is taken`(_ line: String) {
        #expect(throws: Never.self) { try Self.lines(Array((line + "\n# EOF").utf8), .openMetrics1) }
    }

    private static func lines(_ bytes: [UInt8], _ format: ExpositionFormat) throws {
        var parser = ExpositionParser(format)
        while try parser.next(bytes.span) != nil {}
    }
}
