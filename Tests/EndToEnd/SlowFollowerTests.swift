import Crypto
import Foundation
import Synchronization
import Testing
import VardeEgress

/// Clients that follow the log and do not read.
@Suite struct SlowFollowerTests {
    private struct Frame: Decodable {
        struct Stream: Decodable { var values: [[String]] }
        struct Dropped: Decodable {
            var labels: [String: String]
            var timestamp: String
        }

        var streams: [Stream]
        var dropped: [Dropped]?
        var total: Int?

        private enum CodingKeys: String, CodingKey {
            case streams
            case dropped = "dropped_entries"
            case total = "dropped_total"
        }
    }

    private struct Done: Error {}

    /// Lives as long as the process: a client must be shut down before it goes.
    private static let egress = EgressClient()

    /// Reads a request's head and returns what its key is to be answered with.
    private static func accepted(_ connection: Int32) -> String? {
        guard let lines = LoopbackListener.head(connection)?.split(separator: "\r\n") else { return nil }
        guard let line = lines.first(where: { $0.lowercased().hasPrefix("sec-websocket-key:") }) else { return nil }
        let key = line.dropFirst(18).trimmingCharacters(in: .whitespaces) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        return Data(Insecure.SHA1.hash(data: Data(key.utf8))).base64EncodedString()
    }

    @Test func `lines that come in one piece with the answer are not lost`() async throws {
        let listener = try LoopbackListener { connection in
            guard let accept = Self.accepted(connection) else { return }
            let answer =
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: \(accept)\r\n\r\n"
            // Two texts and the end.
            let frames: [UInt8] = [0x81, 1, 97, 0x81, 1, 98, 0x88, 2, 3, 0xE8]
            _ = LoopbackListener.send(Array(answer.utf8) + frames, to: connection)
            // Stays until the other side has gone.
            var byte: UInt8 = 0
            while recv(connection, &byte, 1, 0) == 1 {}
        }
        defer { listener.stop() }
        let texts = Mutex<[String]>([])
        let end = try await Self.egress.receiveTexts("http://127.0.0.1:\(listener.port)/") { text in texts.withLock { $0.append(text) } }
        guard case .ended = end else { return #expect(Bool(false), "\(end)") }
        #expect(texts.withLock { $0 } == ["a", "b"])
    }

    @Test func `a client that does not read is told which lines it missed, and costs the server a few megabytes`() async throws {
        let server = try ServerProcess(configuration: "privacy: {enabled: false}\n")
        try await server.start()
        let begin = Int64(Date().timeIntervalSince1970) * 1_000_000_000
        let (opened, gate) = (AsyncStream<Void>.makeStream(), AsyncStream<Void>.makeStream())
        let frames = Mutex<[Frame]>([])
        let address = "\(server.address)/loki/api/v1/tail?query=%7Bapp%3D%22slow%22%7D"
        let client = Task {
            _ = try await Self.egress.receiveTexts(address) { text in
                opened.continuation.finish()
                for await _ in gate.stream {}
                let frame = try JSONDecoder().decode(Frame.self, from: Data(text.utf8))
                frames.withLock { $0.append(frame) }
                if frame.streams.contains(where: { $0.values.contains { $0[1] == "last" } }) { throw Done() }
            }
        }
        func push(_ lines: [String], _ second: Int) async throws {
            let values = lines.enumerated().map { [String(begin + Int64(second) * 1_000_000 + Int64($0.offset)), $0.element] }
            let body = try JSONSerialization.data(withJSONObject: ["streams": [["stream": ["app": "slow"], "values": values]]])
            #expect(try await server.post("/loki/api/v1/push", body, type: "application/json").status == 204)
        }
        // Until the client has something it does not take.
        var number = 0
        let first = Task { for await _ in opened.stream {} }
        try await push(["first"], 0)
        await first.value
        let size = 100_000
        for _ in 0..<40 {
            number += 1
            try await push((0..<10).map { "\(number).\($0) " + String(repeating: "x", count: size) }, number)
        }
        gate.continuation.finish()
        // What waited goes out, then the line that ends it: it may come while there is no room yet.
        for _ in 0..<200 where frames.withLock({ $0.last?.streams.last?.values.last?.last != "last" }) {
            number += 1
            try await push(["last"], number)
            try await Task.sleep(for: .milliseconds(50))
        }
        client.cancel()
        _ = try? await client.value
        let got = frames.withLock { $0 }
        let seen = got.reduce(0) { $0 + $1.streams.reduce(0) { $0 + $1.values.filter { $0[1].count >= size }.count } }
        let dropped = got.compactMap(\.dropped).joined()
        #expect(got.compactMap(\.total).reduce(0, +) == dropped.count)
        #expect(dropped.allSatisfy { $0.labels == ["app": "slow"] && Int64($0.timestamp) != nil })
        let missed = dropped.filter { Int64($0.timestamp).map { $0 <= begin + 40_000_999 } ?? false }.count
        #expect(missed > 0 && seen + missed == 400, "\(seen) lines came, \(missed) were told to be missed")
        #expect(try await server.get("/metrics").text.contains("varde_follow_missed_lines_total \(dropped.count)"))
        #expect(server.stop() == 0)
    }
}
