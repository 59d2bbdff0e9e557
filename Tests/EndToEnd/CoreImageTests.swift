import Foundation
import TestSupport
import Testing
import VardeCompression
import VardeModel
import VardeWire

/// A core image of the server holds nothing personal of what it has answered: whatever way it came in by.
@Suite struct CoreImageTests {
    /// Canaries, and by which way each was sent.
    private struct Plan {
        var canaries: PersonalDataCanaries
        /// The way by every spelling that must not be found.
        var ways: [String: String] = [:]
        private var form = 0

        init(seed: UInt64) { canaries = PersonalDataCanaries(seed: seed) }

        mutating func canary(_ way: String) -> PersonalDataCanaries.Canary {
            var canary = canaries.next()
            // Too short to tell from other digits.
            while canary.core.utf8.count < 10 { canary = canaries.next() }
            let spellings = [canary.text, PlantedLine.percentEncoded(canary.text)] + PlantedRecord.spellings(canary)
            for spelling in spellings { ways[spelling] = way }
            return canary
        }

        mutating func line(_ way: String) -> String {
            form += 1
            return PlantedLine.text(canary(way), form: form)
        }

        mutating func lines(_ way: String, _ count: Int = 10) -> [String] { (0..<count).map { _ in line(way) } }

        /// A name and a value as they may stand in a URL, a tag or a line of exposition.
        mutating func pair(_ way: String) -> (key: String, value: String) {
            var canary = canary(way)
            while canary.text.contains(where: { $0 == " " || $0 == "@" || !$0.isASCII }) { canary = self.canary(way) }
            return (canary.key, canary.text)
        }
    }

    private static let json = "application/json"
    private static let plain = "text/plain"

    private static func loki(_ lines: [String], metadata: (key: String, value: String)? = nil) -> [UInt8] {
        let now = ServerProcess.now * 1_000_000
        let values = lines.enumerated().map { index, line -> [Any] in
            [String(now + Int64(index)), line] + (metadata.map { [[$0.key: $0.value]] } ?? [])
        }
        let body: [String: Any] = ["streams": [["stream": ["app": "core"], "values": values]]]
        return (try? JSONSerialization.data(withJSONObject: body)).map(Array.init) ?? []
    }

    /// Sends canaries by every way over HTTP.
    private static func sendByHTTP(_ server: ServerProcess, _ plan: inout Plan) async throws {
        let push = "/loki/api/v1/push"
        #expect(try await server.post(push, loki(plan.lines("json")), type: json).status == 204)
        let one = plan.pair("metadata")
        #expect(try await server.post(push, loki(["with metadata"], metadata: one), type: json).status == 204)
        let label = plan.pair("label")
        #expect(
            try await server.push(["app": "core", label.key: label.value], [(ServerProcess.now * 1_000_000, "labelled")]).status == 204)
        var packed: [UInt8] = []
        Deflate.compress(loki(plan.lines("gzip")).span, as: .gzip, into: &packed)
        #expect(try await server.post(push, packed, type: json, headers: ["Content-Encoding": "gzip"]).status == 204)
        Zstd.compress(loki(plan.lines("zstd")).span, into: &packed)
        #expect(try await server.post(push, packed, type: json, headers: ["Content-Encoding": "zstd"]).status == 204)
        var columns = LogColumns()
        for (index, line) in plan.lines("protobuf").enumerated() {
            columns.append(ServerProcess.now * 1_000_000 + Int64(index), line: Array(line.utf8).span)
        }
        Snappy.compress(LokiPush.encode([LogStreamWrite(labels: ["app": "core"], entries: columns)]).span, into: &packed)
        #expect(try await server.post(push, packed, type: "application/x-protobuf").status == 204)
        // Larger than any buffer that is kept.
        let large = plan.lines("large", 50).map { $0 + String(repeating: " and more", count: 4_000) }
        #expect(try await server.post(push, loki(large), type: json).status == 204)
        let lines = plan.lines("lines").joined(separator: "\n")
        #expect(try await server.post("/api/v1/logs/lines?app=core", Array(lines.utf8), type: plain).status == 204)
        let inAddress = plan.pair("address")
        #expect(
            try await server.post("/api/v1/logs/lines?app=core&\(inAddress.key)=\(inAddress.value)", Array("x".utf8), type: plain).status
                == 204)
        let bulk = plan.lines("bulk").map {
            "{\"create\":{\"_index\":\"i\"}}\n{\"message\":\"\($0.replacing("\\", with: "").replacing("\"", with: ""))\"}\n"
        }
        #expect(try await server.post("/_bulk", Array(bulk.joined().utf8), type: "application/x-ndjson").status == 200)
        let records = (0..<10).map { _ in
            PlantedRecord.json(plan.canary("otlp"), plan.canary("otlp"), plan.canary("otlp"), at: ServerProcess.now)
        }
        #expect(try await server.post("/v1/logs", Array(PlantedRecord.request(records).utf8), type: json).status == 200)
        let series = (0..<10).map { _ in plan.pair("remote write") }
        #expect(
            try await server.remoteWrite(series.map { (["__name__": "core_total", $0.key: $0.value], [(ServerProcess.now, 1)]) }).status
                == 204)
        let influx = (0..<10).map { _ in plan.pair("influx") }.map { "core,\($0.key)=\($0.value) v=1" }.joined(separator: "\n")
        #expect(try await server.post("/write", Array(influx.utf8), type: plain).status == 204)
        let text = (0..<10).map { _ in plan.pair("import") }.map { "core_text{\($0.key)=\"\($0.value)\"} 1\n" }.joined()
        #expect(try await server.post("/api/v1/import/prometheus", Array(text.utf8), type: plain).status < 300)
        let group = plan.pair("group")
        #expect(
            try await server.post("/metrics/job/core/\(group.key)/\(group.value)", Array("core_pushed 1\n".utf8), type: plain).status == 200
        )
        // What is refused, and what is asked.
        let refused = plan.pair("refused").value
        #expect(
            try await server.post(
                push, Array("{\"streams\":[{\"stream\":{\"app\":\"\(refused)\"},\"values\":[[\"\(refused)\"".utf8), type: json
            ).status == 400)
        let subject = (0..<5).map { _ in plan.pair("subject").value }.joined(separator: "\n")
        #expect(try await server.post("/api/v1/privacy/subject/find", Array(subject.utf8), type: plain).status == 200)
        for query in ["{app=\"core\"} |= pii(\"\(plan.pair("pseudonym").value)\")", "{app=\"core\"} |= \"\(plan.pair("query").value)\""] {
            _ = try await server.result("/loki/api/v1/query_range", ["query": query])
        }
    }

    @Test(
        .enabled(if: ProcessImage.obstacle == nil, "memory of other processes cannot be read here: \(ProcessImage.obstacle ?? "")"),
        arguments: SelfSignedCertificate.openssl == nil ? [false] : [false, true])
    func `What was answered is nowhere in the server's memory`(byTLS: Bool) async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var plan = Plan(seed: seed)
        let ports = (syslog: try FreePort.take(), graphite: try FreePort.take(), statsd: try FreePort.take())
        let scraped = plan.pair("scrape")
        let bodies = try FixedBodies(["/metrics": (Self.plain, Data("core_scraped{\(scraped.key)=\"\(scraped.value)\"} 1\n".utf8))])
        defer { bodies.stop() }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("varde-core-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let certificate = byTLS ? try SelfSignedCertificate(in: folder) : nil
        let server = try ServerProcess(
            configuration: """
                \(certificate?.configuration ?? "")
                scrape_configs: [{job_name: core, scrape_interval: 1s, static_configs: [{targets: ["127.0.0.1:\(bodies.port)"]}]}]
                collect:
                  host: {enabled: false}
                  graphite: {tcp: "127.0.0.1:\(ports.graphite)", udp: "127.0.0.1:\(ports.graphite)"}
                  statsd: {udp: "127.0.0.1:\(ports.statsd)", interval: 1s}
                logs:
                  syslog: {tcp: "127.0.0.1:\(ports.syslog)", udp: "127.0.0.1:\(ports.syslog)"}
                  files: [{paths: "\(folder.path)/*.log", labels: {app: file}}]

                """, authority: certificate?.authority)
        try await server.start()
        let image = ProcessImage(process: try #require(server.process).processIdentifier)
        try plan.lines("file").joined(separator: "\n").appending("\n").write(
            to: folder.appendingPathComponent("a.log"), atomically: true, encoding: .utf8)
        // Connections that stay open, as senders' do.
        let syslog = try RawSocket(.stream, port: ports.syslog)
        syslog.send(plan.lines("syslog").map { "<13>1 - h core - - - \($0)\n" }.joined())
        let datagrams = try RawSocket(.datagram, port: ports.syslog)
        for line in plan.lines("syslog by datagram") { datagrams.send("<13>1 - h core - - - \(line)") }
        let graphite = try RawSocket(.stream, port: ports.graphite)
        let tags = (0..<10).map { _ in plan.pair("graphite") }
        graphite.send(tags.map { "core.path;\($0.key)=\($0.value) 1 -1\n" }.joined())
        let statsd = try RawSocket(.datagram, port: ports.statsd)
        for _ in 0..<10 {
            let tag = plan.pair("statsd")
            statsd.send("core.count:1|c|#\(tag.key):\(tag.value)")
        }
        try await Self.sendByHTTP(server, &plan)

        // All of it is stored.
        #expect(try await SyslogListenerTests.lines(server, "{job=\"syslog\"}", count: 20).count == 20)
        #expect(try await SyslogListenerTests.lines(server, "{app=\"file\"}", count: 10).count == 10)
        for name in ["core_scraped", "core_path", "core_count", "core_total", "core_v", "core_text"] {
            #expect(try await ServerProcess.wait { try await !server.result("/api/v1/query", ["query": name]).isEmpty }, "\(name)")
        }
        let needles = NeedleSearch(plan.ways.keys)
        var left: [String: [String]] = [:]
        // Connections end and tasks go within moments of their answers.
        for _ in 0..<40 {
            left = try image.places(of: needles)
            if left.isEmpty { break }
            try await Task.sleep(for: .milliseconds(250))
        }
        for (needle, places) in left { Issue.record("\(plan.ways[needle] ?? ""): \(needle) at \(places.prefix(5))") }
        // The search finds what is there: an ordinary word of a line, in what is stored.
        #expect(try !image.places(of: NeedleSearch(["lookup done"])).isEmpty)
        #expect(server.stop() == 0)
    }
}
