import Foundation
import Synchronization
import VardeCompression
import VardeModel
import VardeWire

/// Takes remote write 1.0 and answers as a test says, request by request.
final class ScriptedReceiver: Sendable {
    /// A request as it came.
    struct Request: Sendable {
        /// Names in lower case.
        var headers: [String: String]
        var samples: [(labels: Labels, timestamp: Int64, value: Double)]
        var time: ContinuousClock.Instant
    }

    struct Answer: Sendable {
        var status: Int
        var headers: [String: String] = [:]
        var body = ""
    }

    private final class Exchanges: Sendable {
        let all = Mutex<[(request: Request, answer: Answer)]>([])
    }

    private let listener: LoopbackListener
    private let exchanges: Exchanges

    /// - Parameter answer: what a request is answered with; it is told how many came before.
    init(_ answer: @escaping @Sendable (_ number: Int, _ request: Request) -> Answer) throws {
        let exchanges = Exchanges()
        self.exchanges = exchanges
        listener = try LoopbackListener { connection in
            guard let request = Self.read(connection) else { return }
            let own = exchanges.all.withLock { all in
                let own = answer(all.count, request)
                all.append((request, own))
                return own
            }
            let extra = own.headers.map { "\($0.key): \($0.value)\r\n" }.joined()
            let head = "HTTP/1.1 \(own.status) Said\r\n\(extra)Content-Length: \(own.body.utf8.count)\r\nConnection: close\r\n\r\n"
            _ = LoopbackListener.send(Array((head + own.body).utf8), to: connection)
        }
    }

    var url: String { "http://127.0.0.1:\(listener.port)/api/v1/write" }
    var all: [(request: Request, answer: Answer)] { exchanges.all.withLock { $0 } }
    /// Samples of requests that were taken.
    var taken: [(labels: Labels, timestamp: Int64, value: Double)] { all.filter { $0.answer.status < 300 }.flatMap(\.request.samples) }

    func stop() { listener.stop() }

    private static func read(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        func receive() -> Bool {
            let count = recv(connection, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { return true }
            if count <= 0 { return false }
            bytes += buffer[..<count]
            return true
        }
        while true {
            if let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) {
                var headers: [String: String] = [:]
                for line in String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n").dropFirst() {
                    let pair = line.split(separator: ":", maxSplits: 1)
                    if pair.count == 2 { headers[pair[0].lowercased()] = pair[1].trimmingCharacters(in: .whitespaces) }
                }
                let length = Int(headers["content-length"] ?? "") ?? 0
                while bytes.count < end.upperBound + length { if !receive() { return nil } }
                guard let samples = try? samples(Array(bytes[end.upperBound...])) else { return nil }
                return Request(headers: headers, samples: samples, time: .now)
            }
            if !receive() { return nil }
        }
    }

    private static func samples(_ body: [UInt8]) throws -> [(labels: Labels, timestamp: Int64, value: Double)] {
        var plain: [UInt8] = []
        try Snappy.decompress(body.span, limit: 1 << 26, into: &plain)
        var batch = RawSampleBatch()
        _ = try RemoteWrite.decode(plain, into: &batch)
        var found: [(labels: Labels, timestamp: Int64, value: Double)] = []
        for series in 0..<batch.seriesCount {
            let range = Int(batch.labelStarts[series])..<Int(batch.labelEnds[series])
            let labels = try RemoteWrite.labels(batch.bytes.span.extracting(range))
            let start = series == 0 ? 0 : Int(batch.sampleEnds[series - 1])
            for index in start..<Int(batch.sampleEnds[series]) { found.append((labels, batch.timestamps[index], batch.values[index])) }
        }
        return found
    }
}
