import Testing
import VardeModel

@testable import VardeQuery

@Suite struct LogLookupsTests {
    private static let second: Int64 = 1_000_000_000

    private static func source() -> LogMemorySource {
        var source = LogMemorySource()
        for i in 0..<40 {
            source.append(["app": "shop", "node": "17"], Int64(i) * second, "user \(i) logged in from 10.0.0.\(i)", ["trace": "t\(i % 3)"])
            source.append(["app": "bank", "node": "18"], Int64(i) * second, #"{"took":"\#(i)ms","user":{"id":\#(i % 4)},"app":"x"}"#)
        }
        return source
    }

    private static let lookups: LogLookups = {
        var options = LogQLOptions()
        options.threads = 2
        return LogLookups(source: source(), options: options)
    }()

    private func matchers(_ text: String) throws -> [LabelMatcher] { try LogQLEngine.matchers(text) }

    private func query(_ text: String) throws -> LogQLLogQuery {
        guard case .log(let query) = try LogQLEngine.parse(text) else { throw QueryError.badData("no log query") }
        return query
    }

    @Test func `series, names and values are those of streams in the range`() throws {
        #expect(try Self.lookups.series([matchers(#"{app=~"b.*"}"#)], start: 0, end: Self.second) == [["app": "bank", "node": "18"]])
        #expect(try Self.lookups.labelNames([], start: 0, end: Self.second) == ["app", "node"])
        #expect(try Self.lookups.labelValues(of: "app", [], start: 0, end: Self.second) == ["bank", "shop"])
        #expect(try Self.lookups.labelNames([], start: 100 * Self.second, end: 101 * Self.second) == [])
    }

    @Test func `labels that are only numbers are not offered, places are`() throws {
        var source = LogMemorySource()
        for (index, id) in ["3f2504e0-4f89-11d3-9a0c-0305e82c3301", "9"].enumerated() {
            source.append(["id": id, "pod": id, "up": "\(index)", "zone": "a\(index)"], 5, "line")
        }
        let found = try LogLookups(source: source).detectedLabels([], start: 0, end: 10)
        #expect(found.map(\.label) == ["pod", "up", "zone"])
        #expect(found.map(\.cardinality) == [2, 2, 2])
    }

    @Test func `statistics count entries of the range alone, also in the middle of a page`() throws {
        let stats = try Self.lookups.indexStats(matchers(#"{app="shop"}"#), start: 3 * Self.second, end: 12 * Self.second)
        #expect(stats.streams == 1)
        #expect(stats.entries == 9)
        let all = try Self.lookups.indexStats(matchers(#"{app=~".+"}"#), start: 0, end: 40 * Self.second)
        #expect(all.streams == 2 && all.entries == 80)
        #expect(all.bytes > stats.bytes)
    }

    @Test func `volumes of steps add up to the volume of the range`() throws {
        let range = (start: 2 * Self.second, end: 37 * Self.second)
        let whole = try Self.lookups.volume(matchers(#"{app="bank"}"#), start: range.start, end: range.end, limit: 10)
        #expect(whole.count == 1 && whole[0].labels == ["app": "bank"])
        #expect(whole[0].points.map(\.time) == [37_000])
        let steps = try Self.lookups.volume(
            matchers(#"{app="bank"}"#), start: range.start, end: range.end, step: 10 * Self.second, limit: 10)
        #expect(steps[0].points.map(\.time) == [9_999, 19_999, 29_999, 37_000])
        #expect(steps[0].points.reduce(0) { $0 + $1.bytes } == whole[0].points[0].bytes)
    }

    @Test func `volumes go by what is asked for, the largest first and no more than the limit`() throws {
        let end = 40 * Self.second
        let byNode = try Self.lookups.volume(matchers(#"{app=~".+"}"#), targets: ["node"], start: 0, end: end, limit: 10)
        #expect(byNode.map(\.labels) == [["node": "17"], ["node": "18"]])
        #expect(byNode[0].points[0].bytes >= byNode[1].points[0].bytes)
        #expect(try Self.lookups.volume([], start: 0, end: end, limit: 1).map(\.labels) == [["app": "shop", "node": "17"]])
        let names = try Self.lookups.volume(matchers(#"{app="bank"}"#), by: .labels, start: 0, end: end, limit: 10)
        #expect(names.map { $0.labels.map(\.name) } == [["app"], ["node"]])
    }

    @Test func `fields are found in metadata, JSON and logfmt, with their kinds`() throws {
        let end = 40 * Self.second
        let found = try Self.lookups.detectedFields(query(#"{app="bank"}"#), start: 0, end: end, lineLimit: 40, limit: 100)
        #expect(found.map(\.label) == ["app_extracted", "took", "user_id"])
        #expect(found.map(\.kind) == [.string, .duration, .int])
        #expect(found.map(\.cardinality) == [1, 40, 4])
        #expect(found.map(\.jsonPath) == [["app"], ["took"], ["user", "id"]])
        #expect(found.allSatisfy { $0.parsers == ["json"] })
        let metadata = try Self.lookups.detectedFields(query(#"{app="shop"}"#), start: 0, end: end, lineLimit: 40, limit: 100)
        #expect(metadata.map(\.label) == ["trace"])
        #expect(metadata[0].parsers.isEmpty && metadata[0].cardinality == 3)
        let values = try Self.lookups.detectedFieldValues(
            of: "user_id", query(#"{app="bank"}"#), start: 0, end: end, lineLimit: 40, limit: 100)
        #expect(values == ["0", "1", "2", "3"])
    }

    @Test(arguments: [
        ("7", DetectedField.Kind.int), ("7.5", .float), ("true", .boolean), ("5m3s", .duration), ("12 MiB", .bytes), ("seven", .string),
    ]) func `the kind of a value is the narrowest`(value: String, kind: DetectedField.Kind) {
        #expect(DetectedField.Kind(of: value) == kind)
    }

    @Test func `lines of one template are one pattern, counted by step`() throws {
        var source = LogMemorySource()
        for i in 0..<30 {
            source.append(
                ["app": "a"], Int64(i) * Self.second, "GET /cart/\(i) took \(i * 7)ms", i < 20 ? ["detected_level": "info"] : .empty)
            source.append(["app": "a"], Int64(i) * Self.second, "connection to database \(["north", "south", "west"][i % 3]) closed")
        }
        let found = try LogLookups(source: source).patterns(query(#"{app="a"}"#), start: 0, end: 30 * Self.second, step: 10 * Self.second)
        #expect(found.map(\.pattern) == ["connection to database <_> closed", "GET /cart/<_> took <_>", "GET /cart/<_> took <_>"])
        #expect(found.map(\.level) == ["unknown", "info", "unknown"])
        #expect(found[0].samples.map(\.time) == [0, 10, 20])
        #expect(found[0].samples.map(\.count) == [10, 10, 10])
        #expect(found[1].total == 20 && found[2].total == 10)
    }

    @Test func `a pattern found selects its lines`() throws {
        var source = LogMemorySource()
        for i in 0..<20 { source.append(["app": "a"], Int64(i), "job=\(i * 31) state=\(i % 2 == 0 ? "done" : "failed") id=x\(i)") }
        let lookups = LogLookups(source: source)
        for pattern in try lookups.patterns(query(#"{app="a"}"#), start: 0, end: 100, step: Self.second) {
            let count = try lookups.patterns(
                query(#"{app="a"} |> "# + pattern.pattern.quoted), start: 0, end: 100, step: Self.second
            ).reduce(0) { $0 + $1.total }
            #expect(count >= pattern.total)
        }
    }
}
