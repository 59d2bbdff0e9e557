import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix

extension EgressClient {
    /// An answer without its body.
    static func head(of response: HTTPClientResponse) -> EgressResponse {
        EgressResponse(
            status: Int(response.status.code), headers: response.headers.map { ($0.name.lowercased(), $0.value) }, body: [])
    }

    /// An answer with its whole body.
    static func whole(_ response: HTTPClientResponse, until deadline: NIODeadline, maxBytes: Int) async throws -> EgressResponse {
        var answer = head(of: response)
        answer.body = try await collect(response.body, until: deadline, maxBytes: maxBytes)
        return answer
    }

    /// Reads a body to its end. The client's own deadline ends with the head: who stops half-way is left here.
    static func collect(_ body: HTTPClientResponse.Body, until deadline: NIODeadline, maxBytes: Int) async throws -> [UInt8] {
        let reading = Task {
            var bytes: [UInt8] = []
            for try await part in body {
                if bytes.count + part.readableBytes > maxBytes { throw EgressError.bodyTooLarge(limit: maxBytes) }
                bytes.append(contentsOf: part.readableBytesView)
                if NIODeadline.now() > deadline { throw EgressError.timeout }
            }
            // A cancelled body ends as one that is complete does.
            if Task.isCancelled { throw EgressError.timeout }
            return bytes
        }
        let alarm = MultiThreadedEventLoopGroup.singleton.any().scheduleTask(deadline: deadline) { reading.cancel() }
        defer { alarm.cancel() }
        return try await withTaskCancellationHandler {
            try await reading.value
        } onCancel: {
            reading.cancel()
        }
    }
}
