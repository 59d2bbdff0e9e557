import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1

/// What HTTP/1 asks of a server beyond its codec: an HTTP/1.0 client is answered in its version and its connection closed unless it
/// wishes otherwise, a request of HTTP/1.1 names one host, and what is no HTTP is counted.
final class HTTP1Rules: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private struct Exchange {
        var isOld: Bool
        var closes: Bool
    }

    private let metrics: SelfMetrics
    /// Requests whose answers are not out, the first to be answered first.
    private var exchanges: [Exchange] = []
    private var isReading = false

    private init(_ metrics: SelfMetrics) { self.metrics = metrics }

    /// Puts it where versions are still seen.
    static func add(to pipeline: ChannelPipeline.SynchronousOperations, _ metrics: SelfMetrics) throws {
        let codec = try pipeline.handler(type: HTTP1ToHTTPServerCodec.self)
        try pipeline.addHandler(HTTP1Rules(metrics), position: .before(codec))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(var head):
            isReading = true
            let isOld = (head.version.major, head.version.minor) < (1, 1)
            let wishes = head.headers[canonicalForm: "connection"].map { $0.lowercased() }
            var closes = wishes.contains("close") || isOld && !wishes.contains("keep-alive")
            let hosts = head.headers["host"].count
            if hosts == 0, isOld {
                head.headers.add(name: "host", value: "")
            } else if hosts != 1 {
                // Without one it is refused further on.
                head.headers.remove(name: "host")
                closes = true
            }
            if closes { head.headers.replaceOrAdd(name: "connection", value: "close") }
            exchanges.append(Exchange(isOld: isOld, closes: closes))
            context.fireChannelRead(wrapInboundOut(.head(head)))
        case .body: context.fireChannelRead(data)
        case .end:
            isReading = false
            context.fireChannelRead(data)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is HTTPParserError {
            if isReading, !exchanges.isEmpty {
                // In the midst of a body whoever reads that counts it. Nothing behind it can be read.
                exchanges[exchanges.count - 1].closes = true
            } else {
                metrics.count("varde_http_requests_refused_total", ["reason": "bad_data"])
            }
        }
        context.fireErrorCaught(error)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard let exchange = exchanges.first else { return context.write(data, promise: promise) }
        switch unwrapOutboundIn(data) {
        case .head(var head) where head.status.code >= 200:
            if exchange.isOld {
                head.version = .http1_0
                // What has no length ends with the connection.
                let hasLength = head.headers.contains(name: "content-length") || !head.status.mayHaveResponseBody
                if !hasLength { exchanges[0].closes = true }
                head.headers.remove(name: "transfer-encoding")
                if !exchanges[0].closes { head.headers.replaceOrAdd(name: "connection", value: "keep-alive") }
            }
            if exchanges[0].closes { head.headers.replaceOrAdd(name: "connection", value: "close") }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end:
            exchanges.removeFirst()
            guard exchange.isOld, exchange.closes else { return context.write(data, promise: promise) }
            let channel = context.channel
            context.writeAndFlush(data).whenComplete { _ in channel.close(mode: .output, promise: nil) }
            promise?.succeed()
        default: context.write(data, promise: promise)
        }
    }
}
