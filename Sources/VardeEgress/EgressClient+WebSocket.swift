import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket

/// A WebSocket's texts, or what was answered in its place.
package enum EgressWebSocket: Sendable {
    /// It came about, and has ended in good order.
    case ended
    /// It was refused, with this answer.
    case refused(EgressResponse)
}

extension EgressClient {
    /// Bytes of a frame, and of an answer that refuses.
    private static let maxFrame = 64 << 20
    private static let maxRefusal = 1 << 16

    /// Opens a WebSocket and hands on every text that comes until it ends; nothing is sent but answers to pings. What comes faster than
    /// it is taken waits at the sender.
    ///
    /// - Parameters:
    ///   - url: an http or https address.
    ///   - idle: milliseconds without a sign of life after a ping, after which the connection counts as lost.
    ///   - onText: a frame's text.
    /// - Throws: where no connection came about, or it was lost.
    package func receiveTexts(
        _ url: String, headers: [(String, String)] = [], tls: EgressTLS? = nil, idle: Int64 = 30_000,
        onText: @Sendable (String) async throws -> Void
    ) async throws -> EgressWebSocket {
        guard let target = TargetURL(url) else { throw EgressError.badURL(url) }
        let addresses = try await checkedAddresses(of: target)
        var last: any Error = EgressError.unresolvable(host: target.host, reason: "no address")
        for address in addresses {
            let upgraded: EventLoopFuture<Upgrade>
            do {
                upgraded = try await connect(target, at: address, headers: headers, tls: tls, idle: idle)
            } catch {
                last = error
                continue
            }
            switch try await upgraded.get() {
            case .socket(let channel): return try await Self.read(channel, onText)
            case .refusal(let channel): return .refused(try await Self.refusal(channel))
            }
        }
        throw EgressError.failed("\(target.scheme)://\(target.authority): \(Self.words(last))")
    }

    private enum Upgrade: Sendable {
        case socket(NIOAsyncChannel<WebSocketFrame, WebSocketFrame>)
        case refusal(NIOAsyncChannel<HTTPClientResponsePart, HTTPPart<HTTPRequestHead, ByteBuffer>>)
    }

    private func connect(
        _ target: TargetURL, at address: String, headers: [(String, String)], tls: EgressTLS?, idle: Int64
    ) async throws -> EventLoopFuture<Upgrade> {
        let context = target.scheme == "https" ? try NIOSSLContext(configuration: (tls ?? EgressTLS()).configuration()) : nil
        var request = HTTPRequestHead(version: .http1_1, method: .GET, uri: target.path)
        request.headers.add(name: "Host", value: target.authority)
        request.headers.add(name: "Content-Length", value: "0")
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        let head = request
        return try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connectTimeout(.seconds(10))
            .connect(to: try SocketAddress(ipAddress: address, port: target.port)) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let context {
                        let name = tls.flatMap { $0.serverName.isEmpty ? nil : $0.serverName } ?? target.host
                        let isAddress = Network.address(of: name) != nil
                        try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : name))
                    }
                    try pipeline.addHandler(IdleStateHandler(readTimeout: .milliseconds(idle)))
                    let upgrader = NIOTypedWebSocketClientUpgrader<Upgrade>(
                        maxFrameSize: Self.maxFrame,
                        upgradePipelineHandler: { channel, _ in
                            channel.eventLoop.makeCompletedFuture {
                                try channel.pipeline.syncOperations.addHandler(SilencePing())
                                return .socket(try NIOAsyncChannel(wrappingChannelSynchronously: channel))
                            }
                        })
                    let configuration = NIOTypedHTTPClientUpgradeConfiguration(
                        upgradeRequestHead: head, upgraders: [upgrader],
                        notUpgradingCompletionHandler: { channel in
                            channel.eventLoop.makeCompletedFuture { .refusal(try NIOAsyncChannel(wrappingChannelSynchronously: channel)) }
                        })
                    var upgradable = NIOUpgradableHTTPClientPipelineConfiguration(upgradeConfiguration: configuration)
                    // Frames that come in one piece with the answer are frames all the same.
                    upgradable.leftOverBytesStrategy = .forwardBytes
                    return try pipeline.configureUpgradableHTTPClientPipeline(configuration: upgradable)
                }
            }
    }

    private static func read(
        _ channel: NIOAsyncChannel<WebSocketFrame, WebSocketFrame>, _ onText: @Sendable (String) async throws -> Void
    ) async throws -> EgressWebSocket {
        try await channel.executeThenClose { inbound, outbound in
            var text: [UInt8] = []
            for try await frame in inbound {
                switch frame.opcode {
                case .text, .continuation:
                    if text.count + frame.data.readableBytes > maxFrame { throw EgressError.bodyTooLarge(limit: maxFrame) }
                    text += frame.unmaskedData.readableBytesView
                    if frame.fin {
                        try await onText(String(decoding: text, as: UTF8.self))
                        text = []
                    }
                case .ping:
                    try await outbound.write(
                        WebSocketFrame(fin: true, opcode: .pong, maskKey: .random(), data: frame.unmaskedData))
                case .connectionClose: return .ended
                default: break
                }
            }
            throw EgressError.failed("the connection was lost")
        }
    }

    private static func refusal(
        _ channel: NIOAsyncChannel<HTTPClientResponsePart, HTTPPart<HTTPRequestHead, ByteBuffer>>
    ) async throws -> EgressResponse {
        try await channel.executeThenClose { inbound, _ in
            var response = EgressResponse(status: 0, headers: [], body: [])
            for try await part in inbound {
                switch part {
                case .head(let head):
                    response.status = Int(head.status.code)
                    response.headers = head.headers.map { ($0.name.lowercased(), $0.value) }
                case .body(let bytes): response.body += Array(bytes.readableBytesView).prefix(maxRefusal - response.body.count)
                case .end: return response
                }
            }
            return response
        }
    }
}

/// Asks a side that has said nothing for a while whether it is there, and takes it for lost where it does not answer.
private final class SilencePing: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private var isAsked = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isAsked = false
        context.fireChannelRead(data)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is IdleStateHandler.IdleStateEvent else { return context.fireUserInboundEventTriggered(event) }
        if isAsked { return context.close(promise: nil) }
        isAsked = true
        context.writeAndFlush(
            wrapOutboundOut(WebSocketFrame(fin: true, opcode: .ping, maskKey: .random(), data: ByteBuffer())), promise: nil)
    }
}
