import TestSupport
import Testing
import VardeModel

@testable import VardeWire

@Suite struct LokiPushTests {
    private static func random(_ mutator: inout Mutator) -> [LogStreamWrite] {
        (0..<1 + mutator.below(3)).map { stream in
            var entries = LogColumns()
            for _ in 0..<mutator.below(5) {
                let metadata = entries.metadataIndex(for: mutator.below(2) == 0 ? .empty : Labels(["trace": mutator.text(6)]))
                let line = Array(mutator.text(20).utf8)
                entries.append(Int64(mutator.below(1 << 60)), line: line.span, metadataIndex: metadata)
            }
            return LogStreamWrite(labels: Labels(["app": "a\(stream)", "odd": mutator.text(6)]), entries: entries)
        }
    }

    private static func json(_ writes: [LogStreamWrite]) -> [UInt8] {
        var out = JSONWriter()
        out.raw("{\"streams\":[")
        for (number, write) in writes.enumerated() {
            out.raw(number == 0 ? "{\"stream\":{" : ",{\"stream\":{")
            for (index, label) in write.labels.enumerated() {
                if index > 0 { out.raw(",") }
                out.string(label.name)
                out.raw(":")
                out.string(label.value)
            }
            out.raw("},\"values\":[")
            for index in 0..<write.entries.count {
                out.raw(index == 0 ? "[\"\(write.entries.timestamps[index])\"," : ",[\"\(write.entries.timestamps[index])\",")
                out.string(write.entries.lineBytes.span.extracting(write.entries.lineRange(index)))
                for (at, label) in write.entries.metadata(index).enumerated() {
                    out.raw(at == 0 ? ",{" : ",")
                    out.string(label.name)
                    out.raw(":")
                    out.string(label.value)
                }
                out.raw(write.entries.metadata(index).isEmpty ? "]" : "}]")
            }
            out.raw("]}")
        }
        out.raw("]}")
        return out.bytes
    }

    private func expectEqual(_ a: [LogStreamWrite], _ b: [LogStreamWrite]) throws {
        try #require(a.count == b.count)
        for (one, other) in zip(a, b) {
            #expect(one.labels == other.labels)
            #expect(one.entries.timestamps == other.entries.timestamps)
            #expect(one.entries.lineBytes == other.entries.lineBytes)
            #expect(one.entries.lineEnds == other.entries.lineEnds)
            for index in 0..<one.entries.count { #expect(one.entries.metadata(index) == other.entries.metadata(index)) }
        }
    }

    @Test func `Protobuf and JSON carry the same streams, lines and metadata`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var mutator = Mutator(seed: seed)
        for _ in 0..<100 {
            let writes = Self.random(&mutator)
            try expectEqual(try LokiPush.decodeProtobuf(LokiPush.encode(writes).span).writes, writes)
            try expectEqual(try LokiPush.decodeJSON(Self.json(writes).span).writes, writes)
        }
    }

    @Test func `Damaged bodies never trap and say where they are wrong`() {
        var mutator = Mutator(seed: 11)
        let writes = (0..<6).map { _ in Self.random(&mutator) }
        fuzz("loki protobuf", writes.map(LokiPush.encode)) { bytes in
            do throws(WireError) { _ = try LokiPush.decodeProtobuf(bytes.span) } catch { #expect(!error.message.isEmpty) }
        }
        fuzz("loki json", writes.map(Self.json)) { bytes in
            do throws(WireError) { _ = try LokiPush.decodeJSON(bytes.span) } catch {
                #expect(error.offset.map { (0...bytes.count).contains($0) } == true, "\(error)")
            }
        }
    }

    @Test func `A line that is no UTF-8 is mended and counted`() throws {
        var entries = LogColumns()
        entries.append(5, line: [0x61, 0xFF, 0x62].span)
        let decoded = try LokiPush.decodeProtobuf(LokiPush.encode([LogStreamWrite(labels: Labels(["a": "b"]), entries: entries)]).span)
        #expect(decoded.repairedLines == 1)
        #expect(String(decoding: decoded.writes[0].entries.lineBytes, as: UTF8.self) == "a\u{FFFD}b")
    }

    @Test func `Entries without a line or with a broken time are refused`() {
        for text in [
            #"{"streams":[{"stream":{"a":"b"},"values":[["1"]]}]}"#, #"{"streams":[{"stream":{"a":"b"},"values":[["x","l"]]}]}"#,
            #"{"streams":[{"stream":{"a":1},"values":[]}]}"#, #"{"streams":[]} tail"#,
            #"{"streams":[{"stream":{"a":"b"},"values":[["1","l",{},4]]}]}"#,
        ] { #expect(throws: WireError.self, "\(text)") { try LokiPush.decodeJSON(Array(text.utf8).span) } }
    }
}

@Suite struct StreamLabelsTests {
    @Test func `What is written is read back`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var mutator = Mutator(seed: seed)
        for _ in 0..<300 {
            var labels = Labels()
            for index in 0..<mutator.below(4) { labels.set("l\(index)", to: mutator.text(10)) }
            let text = "{" + labels.map { $0.name + "=" + $0.value.quoted }.joined(separator: ", ") + "}"
            #expect(try StreamLabels.parse(text) == labels)
        }
    }

    @Test(arguments: [
        "", "{", "{a}", "{a=}", "{a=b}", "{a=\"b}", "{a=\"b\"", "{a=\"b\",,}", "{1a=\"b\"}", "{a=\"b\" c=\"d\"}", "{a=\"b\",a=\"c\"}",
        "{a=\"\\q\"}", "{a=\"\\x+1\"}", "{a=\"\\u+123\"}", "{a=\"b\"}x",
    ])
    func `A label set that is none is refused`(_ text: String) {
        let error = #expect(throws: WireError.self) { try StreamLabels.parse(text) }
        #expect(error?.offset.map { (0...text.utf8.count).contains($0) } == true)
    }

    @Test func `Backquotes take no escapes, quotes take Go's`() throws {
        #expect(try StreamLabels.parse(#"{a=`\n`, b="\x41\u00e5\t"}"#) == Labels(["a": #"\n"#, "b": "Aå\t"]))
    }

    @Test func `Damaged label sets never trap`() {
        fuzz("stream labels", [Array(#"{a="b", c=`d`, e="\x41\u00e5\n"}"#.utf8)]) { bytes in
            _ = try? StreamLabels.parse(String(decoding: bytes, as: UTF8.self))
        }
    }
}
