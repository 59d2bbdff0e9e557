import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix

extension EgressClient {
    /// Asks for an answer that comes line by line over a long time, and hands on each as it comes. What comes faster than it is taken
    /// waits at the sender.
    ///
    /// - Parameters:
    ///   - answer: milliseconds the answer may take to begin.
    ///   - timeout: milliseconds for everything together; where they are over the answer ends.
    ///   - longest: bytes of a line.
    ///   - onLine: a line without its end; not called where the status is other than 200.
    /// - Returns: the status.
    package func receiveLines(
        _ url: String, headers: [(String, String)] = [], tls: EgressTLS? = nil, answer: Int64 = 30_000, timeout: Int64, longest: Int,
        onLine: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws -> Int {
        guard let target = TargetURL(url) else { throw EgressError.badURL(url) }
        let response = try await self.answer(of: target, at: try await checkedAddresses(of: target)) { address throws(ConnectFailure) in
            try await exchange("GET", url, target, at: address, headers: headers, body: [], tls: tls) { client, request in
                try await client.execute(request, deadline: .now() + .milliseconds(answer))
            }
        }
        let status = Int(response.status.code)
        guard status == 200 else { return status }
        let reading = Task {
            var line: [UInt8] = []
            for try await part in response.body {
                for piece in part.readableBytesView.split(separator: 10, omittingEmptySubsequences: false).enumerated() {
                    if piece.offset > 0 {
                        if !line.isEmpty { try await onLine(line) }
                        line = []
                    }
                    guard line.count + piece.element.count <= longest else { throw EgressError.bodyTooLarge(limit: longest) }
                    line += piece.element
                }
            }
            if !line.isEmpty, !Task.isCancelled { try await onLine(line) }
        }
        let alarm = MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: .milliseconds(timeout)) { reading.cancel() }
        defer { alarm.cancel() }
        do {
            try await withTaskCancellationHandler {
                try await reading.value
            } onCancel: {
                reading.cancel()
            }
        } catch is CancellationError {
            return status
        }
        return status
    }
}
