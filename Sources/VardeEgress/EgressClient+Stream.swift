import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

extension EgressClient {
    /// Longest body of a refusal that is read.
    private static let maxRefusal = 64 << 10

    /// Sends a request and gives the body's parts on as they come; the next is read once the one before was taken.
    ///
    /// - Parameters:
    ///   - timeout: milliseconds for the head, and for each part while it is waited for.
    ///   - onPart: takes a part of a 2xx answer's body.
    /// - Returns: the answer; its body is empty where parts were given on, else what was said.
    /// - Throws: also where the body breaks off before its end, and what `onPart` throws.
    package func receive(
        _ method: String, _ url: String, headers: [(String, String)] = [], body: [UInt8] = [], timeout: Int64, tls: EgressTLS? = nil,
        onPart: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws(EgressError) -> EgressResponse {
        guard let target = TargetURL(url) else { throw .badURL(url) }
        return try await answer(of: target, at: try await checkedAddresses(of: target)) { address throws(ConnectFailure) in
            try await exchange(method, url, target, at: address, headers: headers, body: body, tls: tls) { client, request in
                let deadline = NIODeadline.now() + .milliseconds(timeout)
                let response = try await client.execute(request, deadline: deadline)
                guard (200..<300).contains(Int(response.status.code)) else {
                    return try await Self.whole(response, until: deadline, maxBytes: Self.maxRefusal)
                }
                try await Self.pass(response.body, pause: .milliseconds(timeout), onPart: onPart)
                return Self.head(of: response)
            }
        }
    }

    /// Gives on a body's parts to its end.
    private static func pass(
        _ body: HTTPClientResponse.Body, pause: TimeAmount, onPart: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws(EgressError) {
        // While a part is taken nothing is waited for.
        let deadline = Mutex<NIODeadline>(.now() + pause)
        let reading = Task {
            for try await part in body {
                deadline.withLock { $0 = .distantFuture }
                try await onPart(Array(part.readableBytesView))
                deadline.withLock { $0 = .now() + pause }
            }
            // A cancelled body ends as one that is complete does.
            if Task.isCancelled { throw EgressError.timeout }
        }
        let watch = MultiThreadedEventLoopGroup.singleton.any().scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
            if deadline.withLock({ $0 }) < .now() { reading.cancel() }
        }
        defer { watch.cancel() }
        do {
            try await withTaskCancellationHandler {
                try await reading.value
            } onCancel: {
                reading.cancel()
            }
        } catch let error as EgressError {
            throw error
        } catch {
            // Never as a connection that did not come about: part of the body was given on.
            throw .failed("the answer broke off: \(words(error))")
        }
    }
}
