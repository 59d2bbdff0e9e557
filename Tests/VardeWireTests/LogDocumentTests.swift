import Testing
import VardeModel

@testable import VardeWire

@Suite struct LogDocumentTests {
    private static func read(_ text: String, _ names: LogFieldNames = LogFieldNames()) throws -> LogDocument {
        try LogDocument(Array(text.utf8).span, names)
    }

    @Test func `time, message and labels are found by name, inside objects too, and the rest is metadata`() throws {
        let names = LogFieldNames(message: ["message"], labels: ["host.name", "app"])
        let document = try Self.read(
            #"{"@timestamp":"2026-01-01T00:00:00.5Z","message":"hei \"du\"","host":{"name":"h1","os":{"id":3}},"app":"a","tags":["x"],"none":null,"ok":true}"#,
            names)
        #expect(document.time == 1_767_225_600_500_000_000)
        #expect(document.message.map { String(decoding: $0, as: UTF8.self) } == "hei \"du\"")
        #expect(Labels(document.labels) == ["app": "a", "host_name": "h1"])
        #expect(Labels(document.metadata) == ["host_os_id": "3", "ok": "true", "tags": "[\"x\"]"])
    }

    @Test func `without a message the document is the line and nothing is metadata`() throws {
        let document = try Self.read(#"{"ts":1767225600,"a":1}"#)
        #expect(document.message == nil && document.metadata.isEmpty && document.time == 1_767_225_600_000_000_000)
    }

    @Test(arguments: [
        (#""2026-01-01T00:00:00""#, Int64(1_767_225_600_000_000_000)), ("1767225600", 1_767_225_600_000_000_000),
        ("1767225600.25", 1_767_225_600_250_000_000), ("1767225600123", 1_767_225_600_123_000_000),
        ("1767225600123456", 1_767_225_600_123_456_000), ("1767225600123456789", 1_767_225_600_123_456_789),
        (#""1767225600123456789""#, 1_767_225_600_123_456_789),
    ])
    func `times of every size are read`(_ text: String, _ wanted: Int64) throws {
        #expect(try Self.read("{\"time\":\(text)}").time == wanted)
    }

    @Test(arguments: [#""yesterday""#, "-5", "null", "[]", "1e300", "0"])
    func `what is no time is none`(_ text: String) throws { #expect(try Self.read("{\"time\":\(text)}").time == nil) }

    @Test(arguments: ["", "[]", "{\"a\":}", "{\"a\":1} x", "{\"a\":1"])
    func `what is no object is refused`(_ text: String) { #expect(throws: WireError.self) { try Self.read(text) } }

    @Test func `documents are gathered by their streams, the request's own labels winning`() throws {
        var documents = LogDocuments(names: LogFieldNames(message: ["m"], labels: ["app"]), stream: ["env": "prod"], now: 100)
        try documents.add(Array(#"{"app":"a","m":"1"}"#.utf8).span)
        try documents.add(Array(#"{"app":"b","m":"2","env":"x"}"#.utf8).span)
        try documents.add(Array(#"{"app":"a","m":"3"}"#.utf8).span)
        #expect(documents.writes.map(\.labels) == [["app": "a", "env": "prod"], ["app": "b", "env": "prod"]])
        #expect(documents.writes.map(\.entries.timestamps) == [[100, 102], [101]])
        #expect(throws: WireError.self) {
            var none = LogDocuments(names: LogFieldNames(), stream: .empty, now: 0)
            try none.add(Array("{}".utf8).span)
        }
    }
}
