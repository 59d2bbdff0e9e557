import Crypto
import Foundation
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOWebSocket

/// Stands behind the HTTP codec of every connection and turns it into a WebSocket where a request for the tail asks for one.
///
/// All state is touched on the connection's event loop alone.
final class WebSocketUpgrade: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundOut = HTTPResponsePart

    static let path = "/loki/api/v1/tail"
    /// Fixed by RFC 6455.
    private static let keySuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    private let parts: ServerParts
    private let tokens: TokenGate
    private var head: HTTPRequest?

    init(parts: ServerParts, tokens: TokenGate) {
        self.parts = parts
        self.tokens = tokens
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        guard head == nil else {
            // What belongs to the request that asks for the upgrade is taken in; nothing may follow it.
            if case .end = part, let head { begin(head, context) }
            return
        }
        if case .head(let request) = part, Self.isUpgrade(request) {
            head = request
        } else {
            context.fireChannelRead(data)
        }
    }

    private static func isUpgrade(_ request: HTTPRequest) -> Bool {
        // Without a host it is refused as any other request is.
        guard request.method == .get, request.authority != nil, let target = request.path,
            target.split(separator: "?").first.map(String.init) == path
        else { return false }
        return request.headerFields[.upgrade]?.lowercased() == "websocket" && request.headerFields[.secWebSocketKey] != nil
    }

    /// This handler and its place in the pipeline, to be touched on the event loop.
    private typealias Place = NIOLoopBound<(handler: WebSocketUpgrade, context: ChannelHandlerContext)>

    private func begin(_ request: HTTPRequest, _ context: ChannelHandlerContext) {
        let place = Place((self, context), eventLoop: context.eventLoop)
        Self.start(request, place, context.channel, parts, tokens)
    }

    private static func start(_ request: HTTPRequest, _ place: Place, _ channel: any Channel, _ parts: ServerParts, _ tokens: TokenGate) {
        Task { await answer(request, place, channel, parts, tokens) }
    }

    private static func answer(
        _ request: HTTPRequest, _ place: Place, _ channel: any Channel, _ parts: ServerParts, _ tokens: TokenGate
    ) async {
        do {
            let session = try await admit(request, parts, tokens, channel.remoteAddress)
            try await channel.eventLoop.flatSubmit { place.value.handler.upgrade(request, place.value.context) }.get()
            parts.metrics.request(route: path, method: "GET", status: 101, seconds: 0)
            await serve(session, on: channel, logger: parts.logger)
        } catch {
            let failure = error as? APIFailure ?? APIFailure(status: 500, type: "internal", message: "internal error")
            parts.metrics.count("varde_http_requests_refused_total", ["reason": failure.type])
            parts.metrics.request(route: path, method: "GET", status: failure.status, seconds: 0)
            channel.eventLoop.execute { refuse(failure, place.value.context) }
        }
    }

    private static func admit(
        _ request: HTTPRequest, _ parts: ServerParts, _ tokens: TokenGate, _ peer: SocketAddress?
    ) async throws -> TailSession {
        var received = APIRequest(method: "GET", path: path)
        for field in request.headerFields { received.headers[field.name.canonicalName] = field.value }
        if let query = request.path?.split(separator: "?", maxSplits: 1).dropFirst().first {
            received.parameters = APIRequest.parseForm(query.utf8)
        }
        received.remoteAddress = parts.gate.client(peer: peer, forwarded: received.headers["x-forwarded-for"])
        try parts.gate.admit(received.remoteAddress)
        received.token = try await tokens.admit(received.headers["authorization"], .read)
        try received.checkPseudonyms()
        let session = try TailSession(received, parts: parts)
        try await parts.audit.note(received, action: "follow", what: "GET \(path) query=\(received.value("query") ?? "")")
        return session
    }

    private static func refuse(_ failure: APIFailure, _ context: ChannelHandlerContext) {
        var headers = HTTPFields()
        headers[.contentType] = "text/plain; charset=utf-8"
        headers[.contentLength] = String(failure.message.utf8.count)
        headers[.connection] = "close"
        let text = context.channel.allocator.buffer(string: failure.message)
        context.write(NIOAny(HTTPResponsePart.head(HTTPResponse(status: .init(code: failure.status), headerFields: headers))), promise: nil)
        context.write(NIOAny(HTTPResponsePart.body(text)), promise: nil)
        let channel = context.channel
        context.writeAndFlush(NIOAny(HTTPResponsePart.end(nil))).whenComplete { _ in channel.close(promise: nil) }
    }

    /// Takes HTTP off the connection, answers 101, and puts WebSocket frames on it.
    private func upgrade(_ request: HTTPRequest, _ context: ChannelHandlerContext) -> EventLoopFuture<Void> {
        let key = (request.headerFields[.secWebSocketKey] ?? "") + Self.keySuffix
        let accept = Data(Insecure.SHA1.hash(data: Data(key.utf8))).base64EncodedString()
        let answer =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: \(accept)\r\n\r\n"
        let pipeline = context.pipeline.syncOperations
        let removed: EventLoopFuture<Void>
        do {
            // The handler of idle connections knows HTTP only: it would close a WebSocket that says nothing.
            removed = .andAllSucceed(
                [
                    pipeline.removeHandler(context: try pipeline.context(handlerType: ByteToMessageHandler<HTTPRequestDecoder>.self)),
                    pipeline.removeHandler(context: try pipeline.context(handlerType: HTTP1Rules.self)),
                    pipeline.removeHandler(context: try pipeline.context(handlerType: HTTP1ToHTTPServerCodec.self)),
                    pipeline.removeHandler(context: try pipeline.context(handlerType: HTTPResponseEncoder.self)),
                    pipeline.removeHandler(context: try pipeline.context(handlerType: HTTPConnectionStateHandler.self)),
                ], on: context.eventLoop)
        } catch {
            return context.eventLoop.makeFailedFuture(error)
        }
        let place = Place((self, context), eventLoop: context.eventLoop)
        return removed.flatMap {
            let (handler, context) = place.value
            do {
                let pipeline = context.pipeline.syncOperations
                try pipeline.addHandler(WebSocketFrameEncoder(), position: .before(handler))
                try pipeline.addHandler(ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: 1 << 16)), position: .before(handler))
                try pipeline.addHandler(WebSocketFrames(), position: .before(handler))
                let encoder = try pipeline.context(handlerType: WebSocketFrameEncoder.self)
                // Before the frames' encoder: the answer is the last thing said in HTTP.
                return encoder.writeAndFlush(NIOAny(context.channel.allocator.buffer(string: answer)))
            } catch {
                return context.eventLoop.makeFailedFuture(error)
            }
        }
    }

    /// Frames go out one after the other; a client that reads slowly slows down itself alone.
    private static func serve(_ session: TailSession, on channel: any Channel, logger: Logger) async {
        let task = Task {
            do {
                try await session.run { text in
                    try Task.checkCancellation()
                    try await send(WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(string: text)), on: channel)
                }
                // Going away: the server stops.
                try await send(WebSocketFrame(fin: true, opcode: .connectionClose, data: ByteBuffer(bytes: [0x03, 0xE9])), on: channel)
            } catch {
                logger.debug("a client stopped following", metadata: ["error": "\(Swift.type(of: error))"])
            }
            try? await channel.close().get()
        }
        channel.closeFuture.whenComplete { _ in task.cancel() }
        await task.value
    }

    private static func send(_ frame: WebSocketFrame, on channel: any Channel) async throws {
        try await channel.eventLoop.flatSubmit {
            do {
                let frames = try channel.pipeline.syncOperations.context(handlerType: WebSocketFrames.self)
                return frames.writeAndFlush(NIOAny(frame))
            } catch {
                return channel.eventLoop.makeFailedFuture(error)
            }
        }.get()
    }
}

/// Answers what a client says on the WebSocket: pings and the wish to end. Anything else it sends is ignored.
private final class WebSocketFrames: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .ping: context.writeAndFlush(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData)), promise: nil)
        case .connectionClose:
            let channel = context.channel
            context.writeAndFlush(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .connectionClose, data: frame.unmaskedData)))
                .whenComplete { _ in channel.close(promise: nil) }
        default: break
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The client has hung up, or the server is stopping.
        if case .some(.inputClosed) = event as? ChannelEvent { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
