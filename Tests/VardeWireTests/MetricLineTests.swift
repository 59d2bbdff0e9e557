import Testing
import VardeModel

@testable import VardeWire

@Suite struct GraphiteLineTests {
    @Test func `Path, value and time, with tags as labels`() throws {
        let line = try GraphiteLine(
            Array("servers.web-1.load;dc=oslo;rack=a.b 1.5 1700000000".utf8).span, extra: [Label("job", "graphite")])
        #expect(line.labels.description == "servers_web_1_load{dc=\"oslo\", job=\"graphite\", rack=\"a.b\"}")
        #expect(line.value == 1.5 && line.timestamp == 1_700_000_000_000)
        let own = try GraphiteLine(Array("a;job=mine\t-2e3  1.5\r".utf8).span, extra: [Label("job", "graphite")])
        #expect(own.labels["job"] == "mine" && own.value == -2_000 && own.timestamp == 1_500)
    }

    @Test(arguments: ["a 1 -1", "a 1 N", "a 1"]) func `A time that is not given is that of arrival`(_ text: String) throws {
        #expect(try GraphiteLine(Array(text.utf8).span).timestamp == nil)
    }

    @Test(arguments: ["", "a", "a 1 2 3", "a nan 1", "a x 1", "a 1 later", "a 1 1e30", ";t=v 1 1", "a;t 1 1", "a;=v 1 1", "a 1 \u{FF}x"])
    func `What is no such line is refused without being quoted`(_ text: String) {
        #expect {
            try GraphiteLine(Array(text.utf8).span)
        } throws: { error in
            !"\(error)".contains("later") && !"\(error)".contains("\u{FF}")
        }
    }

    @Test func `Names hold no person, bytes must be text, tags have a bound`() throws {
        #expect(try GraphiteLine(Array("mail.kari@example.no 1".utf8).span).labels.name == "redacted")
        for name in ["user.150755-02467.n", "a.070761-4285", "card-4111-1111-1111-1111", "b.kari%40example.no"] {
            #expect(try GraphiteLine(Array("\(name) 1".utf8).span).labels.name == "redacted")
        }
        #expect(try GraphiteLine(Array("node-123456-78.day.2026-11-30 1".utf8).span).labels.name == "node_123456_78_day_2026_11_30")
        #expect(throws: WireError.self) { try GraphiteLine(([0x61, 0xFF, 0x20, 0x31] as [UInt8]).span) }
        let many = "a" + (0..<200).map { ";t\($0)=v" }.joined() + " 1"
        #expect(throws: WireError.self) { try GraphiteLine(Array(many.utf8).span) }
    }
}

@Suite struct StatsDLineTests {
    private static func read(_ text: String) throws -> StatsDLine? { try StatsDLine(Array(text.utf8).span) }

    @Test func `Counters, gauges, timings, histograms and sets`() throws {
        #expect(try Self.read("a.b:1|c|@0.1")?.rate == 0.1)
        #expect(try Self.read("g:5|g")?.values == [.number(5)])
        #expect(try Self.read("g:-5|g")?.values == [.change(-5)])
        #expect(try Self.read("t:1:2.5:3|ms")?.values == [.number(1), .number(2.5), .number(3)])
        #expect(try Self.read("d:1|d|#a:b")?.kind == .histogram)
        #expect(try Self.read("s:user:17|s")?.values == [.member("user:17")])
        #expect(try Self.read("c:1|c|T1700000000|c:container")?.values == [.number(1)])
        #expect(try Self.read("_e{5,4}:title|text") == nil)
        #expect(try Self.read("_sc|name|0") == nil)
    }

    @Test func `Tags of three dialects are labels`() throws {
        func labels(_ text: String) throws -> String {
            StatsDLine.labels(try #require(try Self.read(text)).series, extra: [Label("job", "statsd")]).description
        }
        #expect(try labels("a.b:1|c|#env:prod,bare,url:http://x") == "a_b{bare=\"true\", env=\"prod\", job=\"statsd\", url=\"http://x\"}")
        #expect(try labels("a,host=web,dc=o:1|c") == "a{dc=\"o\", host=\"web\", job=\"statsd\"}")
        #expect(try labels("a;host=web;job=x:1|c") == "a{host=\"web\", job=\"x\"}")
    }

    @Test(arguments: ["", "a", "a:1", ":1|c", "a:x|c", "a:1|x", "a:1|c|@0", "a:1|c|@2", "a:nan|g", "a:|c"])
    func `What is no such line is refused`(_ text: String) { #expect(throws: WireError.self) { _ = try Self.read(text) } }

    @Test func `Lines are cut as bytes come, one that is too long is passed over`() {
        var cutter = LineCutter(maxLine: 5)
        var lines: [String] = []
        for byte in Array("one\ntoo long for it\ntwo\r\n\nend".utf8) {
            cutter.append([byte])
            while let line = cutter.next() { lines.append(String(decoding: line, as: UTF8.self)) }
        }
        #expect(lines == ["one", "two\r", ""])
        #expect(cutter.tooLong == 1)
        #expect(cutter.finish().map { String(decoding: $0, as: UTF8.self) } == "end")
        #expect(cutter.finish() == nil)
    }
}
