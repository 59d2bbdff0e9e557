import Foundation
import Testing
import VardeCompression
import VardeModel
import VardeWire

/// What the remote write specifications ask of a receiver, asked of the built binary.
@Suite struct RemoteWriteReceiverTests {
    private static let v2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request"
    private static let v1 = "application/x-protobuf"

    private static func snapped(_ body: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        Snappy.compress(body.span, into: &out)
        return out
    }

    /// A request of 2.0 in the making: symbols are interned as they come.
    private struct Request {
        var symbols = [""]
        var series: [[UInt8]] = []

        mutating func symbol(_ text: String) -> UInt64 {
            if let known = symbols.firstIndex(of: text) { return UInt64(known) }
            symbols.append(text)
            return UInt64(symbols.count - 1)
        }

        mutating func references(_ field: UInt64, _ labels: KeyValuePairs<String, String>, to out: inout [UInt8]) {
            var packed: [UInt8] = []
            for (name, value) in labels {
                ProtobufWriter.varint(symbol(name), to: &packed)
                ProtobufWriter.varint(symbol(value), to: &packed)
            }
            ProtobufWriter.bytes(field, packed, to: &out)
        }

        mutating func add(
            _ labels: KeyValuePairs<String, String>, samples: [(Double, Int64)] = [], histogram: [UInt8]? = nil, exemplar: String? = nil,
            start: Int64 = 0
        ) {
            var one: [UInt8] = []
            references(1, labels, to: &one)
            for (value, time) in samples {
                var sample: [UInt8] = []
                ProtobufWriter.double(1, value, to: &sample)
                ProtobufWriter.integer(2, time, to: &sample)
                if start != 0 { ProtobufWriter.integer(3, start, to: &sample) }
                ProtobufWriter.bytes(2, sample, to: &one)
            }
            if let histogram { ProtobufWriter.bytes(3, histogram, to: &one) }
            if let exemplar {
                var own: [UInt8] = []
                references(1, ["trace_id": exemplar], to: &own)
                ProtobufWriter.double(2, 1, to: &own)
                ProtobufWriter.integer(3, samples.last?.1 ?? 1, to: &own)
                ProtobufWriter.bytes(4, own, to: &one)
            }
            var metadata: [UInt8] = []
            ProtobufWriter.integer(1, 1, to: &metadata)
            ProtobufWriter.integer(3, Int64(symbol("what it counts")), to: &metadata)
            ProtobufWriter.bytes(5, metadata, to: &one)
            series.append(one)
        }

        var body: [UInt8] {
            var out: [UInt8] = []
            for text in symbols { ProtobufWriter.string(4, text, to: &out) }
            for one in series { ProtobufWriter.bytes(5, one, to: &out) }
            return RemoteWriteReceiverTests.snapped(out)
        }
    }

    /// Whole counts 1 and 2 in two buckets, and what the sender says they add up to.
    private static func histogram(count: Int64 = 3, at time: Int64) -> [UInt8] {
        var out: [UInt8] = []
        ProtobufWriter.integer(1, count, to: &out)
        ProtobufWriter.double(3, 4.5, to: &out)
        var span: [UInt8] = []
        ProtobufWriter.integer(2, 2, to: &span)
        ProtobufWriter.bytes(11, span, to: &out)
        ProtobufWriter.bytes(12, [2, 2], to: &out)
        ProtobufWriter.integer(15, time, to: &out)
        return out
    }

    private static func written(_ answer: ServerProcess.Answer) -> [Int?] {
        ["samples", "histograms", "exemplars"].map { answer.headers["x-prometheus-remote-write-\($0)-written"].flatMap { Int($0) } }
    }

    /// - Parameter time: milliseconds; now where it is nil.
    private static func values(_ server: ServerProcess, _ query: String, at time: Int64? = nil) async throws -> [String] {
        let escaped = query.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let moment = time.map { "&time=\(Double($0) / 1000)" } ?? ""
        let data = try await server.get("/api/v1/query?query=\(escaped)\(moment)").json["data"] as? [String: Any]
        let result = data?["result"] as? [[String: Any]] ?? []
        return result.map { one in (one["value"] as? [Any])?.last as? String ?? "\(one["histogram"] == nil ? "nothing" : "histogram")" }
            .sorted()
    }

    private static func server() async throws -> ServerProcess {
        let server = try ServerProcess(configuration: "collect: {host: {enabled: false}}\n")
        try await server.start()
        return server
    }

    @Test func `Other content types and encodings are refused with 415, those of both versions are taken`() async throws {
        let server = try await Self.server()
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        let first = Self.snapped(RemoteWrite.encode([(["__name__": "one"], [(now, 1)])]))
        var request = Request()
        request.add(["__name__": "two"], samples: [(1, now)])
        for (type, encoding, body, status) in [
            ("application/json", "snappy", first, 415), ("image/png", "snappy", first, 415),
            ("application/x-protobuf;proto=io.prometheus.write.v3.Request", "snappy", first, 415), (Self.v1, "gzip", first, 415),
            (Self.v2, "deflate", request.body, 415), (Self.v1, "snappy", first, 204),
            ("application/x-protobuf; proto=prometheus.WriteRequest", "snappy", first, 204), (Self.v2, "snappy", request.body, 204),
            ("application/x-protobuf; proto=\"io.prometheus.write.v2.Request\"", "snappy", request.body, 204),
            (Self.v1, "snappy", [1, 2, 3], 400), (Self.v2, "snappy", Self.snapped([0x2A, 0xFF, 0x01]), 400),
        ] {
            let answer = try await server.post("/api/v1/write", body, type: type, headers: ["Content-Encoding": encoding])
            #expect(answer.status == status, "\(type) \(encoding): \(answer.text)")
        }
        #expect(try await Self.values(server, #"{__name__=~"one|two"}"#) == ["1", "1"])
    }

    @Test func `Samples, histograms, exemplars, start times and metadata are written and counted in the answer`() async throws {
        let server = try await Self.server()
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        var request = Request()
        request.add(["__name__": "hits_total", "app": "å☃"], samples: [(1, now - 1000), (2, now)], exemplar: "abc", start: now - 5000)
        request.add(["__name__": "http.server.duration", "odd name": "x"], histogram: Self.histogram(at: now))
        let answer = try await server.post("/api/v1/write", request.body, type: Self.v2, headers: ["Content-Encoding": "snappy"])
        #expect(answer.status == 204, "\(answer.text)")
        #expect(Self.written(answer) == [2, 1, 1])
        #expect(try await Self.values(server, #"hits_total{app="å☃"}"#) == ["2"])
        #expect(try await Self.values(server, #"histogram_count({"http.server.duration", "odd name"="x"})"#) == ["3"])
        let metadata = try await server.get("/api/v1/metadata?metric=hits_total").text
        #expect(metadata.contains("what it counts") && metadata.contains("counter"))
    }

    @Test func `An empty request is taken, with counts of nothing`() async throws {
        let server = try await Self.server()
        let answer = try await server.post("/api/v1/write", Request().body, type: Self.v2, headers: ["Content-Encoding": "snappy"])
        #expect(answer.status == 204)
        #expect(Self.written(answer) == [0, 0, 0])
        let first = try await server.post("/api/v1/write", Self.snapped([]), type: Self.v1, headers: ["Content-Encoding": "snappy"])
        #expect(first.status == 204)
    }

    @Test func `What is wrong with some series does not keep the others out`() async throws {
        let server = try await Self.server()
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        var request = Request()
        request.add(["__name__": "good", "n": "1"], samples: [(1, now)], exemplar: "t")
        request.add(["job": "nameless"], samples: [(1, now), (2, now + 1)], exemplar: "t")
        request.add(["__name__": "twice", "a": "1", "a": "2"], samples: [(1, now)])
        request.add(["__name__": "bad_count"], histogram: Self.histogram(count: 9, at: now))
        request.add(["__name__": "empty"])
        request.add(["__name__": "old"], samples: [(1, 1000), (2, now)])
        request.add(["__name__": "ancient"], histogram: Self.histogram(at: 5))
        request.add(["__name__": "good", "n": "2"], histogram: Self.histogram(at: now))
        let answer = try await server.post("/api/v1/write", request.body, type: Self.v2, headers: ["Content-Encoding": "snappy"])
        #expect(answer.status == 400)
        #expect(Self.written(answer) == [2, 1, 1])
        for word in ["without a metric name", "given twice", "the count is 9", "without a sample", "older than retention"] {
            #expect(answer.text.contains(word), "\(word): \(answer.text)")
        }
        #expect(try await Self.values(server, #"{__name__=~"good|old"}"#) == ["1", "2", "histogram"])
        let metrics = try await server.get("/metrics").text
        #expect(metrics.contains(#"varde_refused_samples_total{reason="labels_or_limit"} 3"#))
        #expect(metrics.contains(#"varde_refused_samples_total{reason="malformed"} 1"#))
        #expect(metrics.contains(#"varde_refused_samples_total{reason="out_of_bounds"} 2"#))
    }

    @Test func `Out of order samples and repetitions are written, NaN and the infinities as they are`() async throws {
        let server = try await Self.server()
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        for (samples, written) in [
            ([(Double.nan, now)], 1), ([(3, now - 5000)], 1), ([(3, now - 5000)], 1), ([(.infinity, now - 9000), (1, now - 7000)], 2),
            ([(-.infinity, now - 8000), (-0.0, now - 6000)], 2),
        ] as [([(Double, Int64)], Int)] {
            var request = Request()
            request.add(["__name__": "odd"], samples: samples)
            let answer = try await server.post("/api/v1/write", request.body, type: Self.v2, headers: ["Content-Encoding": "snappy"])
            #expect(answer.status == 204, "\(answer.text)")
            #expect(Self.written(answer)[0] == written)
        }
        #expect(try await Self.values(server, "odd", at: now + 1_000) == ["NaN"])
        #expect(try await Self.values(server, "count_over_time(odd[1m])", at: now + 1_000) == ["6"])
        var stale = Request()
        stale.add(["__name__": "odd"], samples: [(.staleMarker, now + 1)])
        _ = try await server.post("/api/v1/write", stale.body, type: Self.v2, headers: ["Content-Encoding": "snappy"])
        #expect(try await Self.values(server, "last_over_time(odd[1m] offset -5s)", at: now + 1_000) == ["NaN"])
        #expect(try await Self.values(server, "odd offset -5s", at: now + 1_000) == [])
    }
}
