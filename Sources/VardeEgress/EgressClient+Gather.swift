import AsyncHTTPClient
import NIOCore
import NIOHTTP1

extension EgressClient {
    /// Sends a request and gathers the whole answer where it arrives: neither what comes nor the deadline waits for a thread that others
    /// keep busy.
    func gather(
        _ request: HTTPClientRequest, _ body: [UInt8], by client: HTTPClient, at address: String, deadline: NIODeadline, maxBytes: Int
    ) async throws -> EgressResponse {
        let plain = try HTTPClient.Request(
            url: request.url, method: request.method, headers: request.headers,
            body: request.body == nil ? nil : .byteBuffer(ByteBuffer(bytes: body)))
        var hasRetried = false
        while true {
            let gathering = AnswerGathering(maxBytes: maxBytes)
            // One loop an address: connections are used again on the loop they were made on.
            let task = client.execute(
                request: plain, delegate: gathering,
                eventLoop: .delegate(on: loops[Int(UInt(bitPattern: address.hashValue) % UInt(loops.count))]), deadline: deadline)
            do {
                return try await withTaskCancellationHandler {
                    try await task.futureResult.get()
                } onCancel: {
                    task.cancel()
                }
            } catch  where !hasRetried && !gathering.hasBegun && Self.mayRepeat(request.method, after: error) {
                hasRetried = true
            } catch  where error is HTTPParserError || gathering.hasBegun && Self.isBroken(error) {
                throw EgressError.unusable("\(request.url): \(Self.words(error))")
            }
        }
    }

    /// Whether an answer that had begun was broken off, and not given up here.
    private static func isBroken(_ error: any Error) -> Bool {
        if let error = error as? HTTPClientError { return error == .remoteConnectionClosed }
        return error is IOError || error is ChannelError
    }

    /// Whether what failed before anything was answered is likely a connection the other side had closed as it was taken up again, and
    /// may be sent once more.
    private static func mayRepeat(_ method: HTTPMethod, after error: any Error) -> Bool {
        // Here nothing was sent.
        if error as? ChannelError == .ioOnClosedChannel { return true }
        return method == .GET && (error as? HTTPClientError == .remoteConnectionClosed || error is IOError)
    }
}

/// Gathers one answer.
///
/// Its state is touched on the event loop of its request alone.
private final class AnswerGathering: HTTPClientResponseDelegate, @unchecked Sendable {
    typealias Response = EgressResponse

    /// Bytes that are made room for at once, however many are announced.
    private static let mostReserved = 1 << 20

    private let maxBytes: Int
    private var response = EgressResponse(status: 0, headers: [], body: [])

    init(maxBytes: Int) { self.maxBytes = maxBytes }

    /// Whether a head has come; to be asked once the request is over.
    var hasBegun: Bool { response.status != 0 }

    func didReceiveHead(task: HTTPClient.Task<EgressResponse>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        response.status = Int(head.status.code)
        response.headers = head.headers.map { ($0.name.lowercased(), $0.value) }
        let announced = response.header("content-length").flatMap { Int($0) } ?? 0
        response.body.reserveCapacity(min(max(0, announced), maxBytes, Self.mostReserved))
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<EgressResponse>, _ part: ByteBuffer) -> EventLoopFuture<Void> {
        guard response.body.count + part.readableBytes <= maxBytes else {
            return task.eventLoop.makeFailedFuture(EgressError.bodyTooLarge(limit: maxBytes))
        }
        response.body.append(contentsOf: part.readableBytesView)
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didFinishRequest(task: HTTPClient.Task<EgressResponse>) -> EgressResponse { response }
}
