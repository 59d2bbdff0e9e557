import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTPTypes
import Synchronization

/// Keeps the heads of requests apart from their connections: the HTTP server holds on to the head it was given until the next one
/// comes, and a head may name persons. What it is given is a number, behind which the responder finds the head.
final class RequestHeads: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart

    private struct Waiting {
        var heads: [UInt64: HTTPRequest] = [:]
        var next: UInt64 = 0
    }

    private static let waiting = Mutex(Waiting())

    /// Numbers this connection gave out.
    private var numbers: [UInt64] = []

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data) else { return context.fireChannelRead(data) }
        let (number, taken) = Self.waiting.withLock { waiting in
            waiting.next += 1
            waiting.heads[waiting.next] = head
            return (waiting.next, numbers.filter { waiting.heads[$0] == nil })
        }
        numbers.removeAll { taken.contains($0) }
        numbers.append(number)
        var stub = HTTPRequest(method: head.method, scheme: nil, authority: nil, path: String(number))
        stub.headerFields[.connection] = head.headerFields[.connection]
        context.fireChannelRead(wrapInboundOut(.head(stub)))
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        Self.waiting.withLock { waiting in for number in numbers { waiting.heads[number] = nil } }
    }

    /// The request with the head it came with, which is in nobody's hands then but the caller's; nil where its connection is gone.
    static func whole(_ request: Request) -> Request? {
        guard let number = request.head.path.flatMap({ UInt64($0) }) else { return nil }
        return waiting.withLock { $0.heads.removeValue(forKey: number) }.map { Request(head: $0, body: request.body) }
    }
}
