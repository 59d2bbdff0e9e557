import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Tells clients that ask first (`Expect: 100-continue`, as curl does for a large body) to go on: they would wait a second for it.
final class ExpectContinue: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Requests whose answers are not out, and whether the last of them asks: answers keep their order.
    private var open = 0
    private var asks = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data) {
            open += 1
            asks = head.headerFields[.expect]?.lowercased() == "100-continue"
            answer(context)
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let isEnd = if case .end = unwrapOutboundIn(data) { true } else { false }
        context.write(data, promise: promise)
        guard isEnd else { return }
        open -= 1
        answer(context)
    }

    private func answer(_ context: ChannelHandlerContext) {
        guard asks, open == 1 else { return }
        asks = false
        context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
    }
}
