import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

extension EgressClient {
    /// A request on its way through a proxy.
    struct ProxiedRequest {
        var method: String
        var target: TargetURL
        /// The target's address, checked: a proxy is told this and never the name, so that it is no way around the declared networks.
        var address: String
        var headers: [(String, String)]
        var body: [UInt8]
        var tls: EgressTLS?
        var maxBytes: Int

        /// Address and port as they stand in a request to the proxy.
        var place: String { (address.contains(":") ? "[\(address)]" : address) + ":\(target.port)" }
    }

    /// One exchange through the proxy: http with the whole address in the request line, https through a tunnel.
    func exchange(
        _ request: ProxiedRequest, through server: EgressProxy.Server, _ proxy: EgressProxy, deadline: NIODeadline
    ) async throws(EgressError) -> EgressResponse {
        let own = "http://\(server.host.contains(":") ? "[\(server.host)]" : server.host):\(server.port)/"
        guard let place = TargetURL(own) else { throw .badURL(own) }
        var last = EgressError.unresolvable(host: server.host, reason: "no address")
        for address in try await checkedAddresses(of: place) {
            do {
                let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                    .connectTimeout(.seconds(10)).connect(to: SocketAddress(ipAddress: address, port: server.port)).get()
                return try await Self.exchange(request, over: channel, server, proxy, deadline: deadline)
            } catch let error as EgressError {
                throw error
            } catch {
                last = .failed("the proxy \(server.host):\(server.port): \(Self.words(error))")
            }
        }
        throw last
    }

    private static func exchange(
        _ request: ProxiedRequest, over channel: any Channel, _ server: EgressProxy.Server, _ proxy: EgressProxy, deadline: NIODeadline
    ) async throws -> EgressResponse {
        let isTLS = request.target.scheme == "https"
        let context = isTLS ? try NIOSSLContext(configuration: (request.tls ?? EgressTLS()).configuration()) : nil
        let alarm = channel.eventLoop.scheduleTask(deadline: deadline) { channel.close(promise: nil) }
        defer {
            alarm.cancel()
            channel.close(promise: nil)
        }
        return try await withTaskCancellationHandler {
            do {
                if isTLS {
                    let opened = channel.eventLoop.makePromise(of: Void.self)
                    let head = connectHead(request, server, proxy)
                    channel.eventLoop.execute {
                        // On a connection that is lost already nothing is told to who comes now.
                        do { try channel.pipeline.syncOperations.addHandler(TunnelOpening(request: head, opened: opened)) } catch {
                            opened.fail(error)
                        }
                    }
                    try await opened.futureResult.get()
                }
                let answered = channel.eventLoop.makePromise(of: EgressResponse.self)
                let head = requestHead(request, server)
                let (body, most) = (request.body, request.maxBytes)
                let name = request.tls.flatMap { $0.serverName.isEmpty ? nil : $0.serverName } ?? request.target.host
                let shown = Network.address(of: name) == nil ? name : nil
                channel.eventLoop.execute {
                    let pipeline = channel.pipeline.syncOperations
                    do {
                        if let context { try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: shown)) }
                        try AbruptEnd.add(to: pipeline)
                        try pipeline.addHTTPClientHandlers()
                        try pipeline.addHandler(ProxiedExchange(head: head, body: body, maxBytes: most, answered: answered))
                    } catch { answered.fail(error) }
                }
                return try await answered.futureResult.get()
            } catch let error as EgressError {
                throw NIODeadline.now() >= deadline ? .timeout : error
            } catch {
                throw NIODeadline.now() >= deadline || Task.isCancelled
                    ? EgressError.timeout : EgressError.failed("\(request.target.authority) through a proxy: \(words(error))")
            }
        } onCancel: {
            channel.close(promise: nil)
        }
    }

    /// The request that opens a tunnel, as bytes.
    private static func connectHead(_ request: ProxiedRequest, _ server: EgressProxy.Server, _ proxy: EgressProxy) -> [UInt8] {
        var lines = ["CONNECT \(request.place) HTTP/1.1", "Host: \(request.place)"]
        if !server.authorization.isEmpty { lines.append("Proxy-Authorization: \(server.authorization)") }
        for header in proxy.connectHeaders { lines.append("\(header.name): \(header.value)") }
        // Whatever a value holds, it is one header.
        let clean = lines.map { line in String(decoding: line.utf8.filter { $0 != 13 && $0 != 10 }, as: UTF8.self) }
        return Array((clean.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }

    private static func requestHead(_ request: ProxiedRequest, _ server: EgressProxy.Server) -> HTTPRequestHead {
        let isTLS = request.target.scheme == "https"
        let uri = isTLS ? request.target.path : "http://\(request.place)\(request.target.path)"
        var head = HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: request.method), uri: uri)
        head.headers.add(name: "Host", value: request.target.authority)
        head.headers.add(name: "Connection", value: "close")
        if !isTLS, !server.authorization.isEmpty { head.headers.add(name: "Proxy-Authorization", value: server.authorization) }
        for (name, value) in request.headers { head.headers.add(name: name, value: value) }
        if !request.body.isEmpty || request.method == "POST" { head.headers.add(name: "Content-Length", value: "\(request.body.count)") }
        return head
    }
}

/// Asks a proxy for a tunnel and leaves the pipeline once there is one. Its state is touched on the channel's event loop alone.
private final class TunnelOpening: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Bytes of an answer's head.
    private static let longestHead = 16_384

    private let request: [UInt8]
    private let opened: EventLoopPromise<Void>
    private var answer = ByteBuffer()

    init(request: [UInt8], opened: EventLoopPromise<Void>) {
        self.request = request
        self.opened = opened
    }

    func handlerAdded(context: ChannelHandlerContext) {
        guard context.channel.isActive else { return opened.fail(EgressError.failed("the connection was lost")) }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: request)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var more = unwrapInboundIn(data)
        answer.writeBuffer(&more)
        let text = String(decoding: answer.readableBytesView, as: UTF8.self)
        guard text.utf8.count <= Self.longestHead else { return fail(context, "its answer to CONNECT has no end") }
        guard text.contains("\r\n\r\n") else { return }
        let words = text.prefix { $0 != "\r\n" }.split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]), (200..<300).contains(status) else {
            return fail(context, "it answers CONNECT with “\(text.prefix { $0 != "\r\n" }.prefix(100))”")
        }
        guard text.hasSuffix("\r\n\r\n") else { return fail(context, "bytes behind its answer to CONNECT") }
        context.pipeline.syncOperations.removeHandler(self).cascade(to: opened)
    }

    private func fail(_ context: ChannelHandlerContext, _ reason: String) {
        opened.fail(EgressError.failed("the proxy opens no tunnel: \(reason)"))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        opened.fail(EgressError.failed("the proxy opens no tunnel: it closed the connection"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { opened.fail(error) }
}

/// Sends one request and gathers the answer. Its state is touched on the channel's event loop alone.
private final class ProxiedExchange: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let head: HTTPRequestHead
    private let body: [UInt8]
    private let maxBytes: Int
    private let answered: EventLoopPromise<EgressResponse>
    private var response = EgressResponse(status: 0, headers: [], body: [])

    init(head: HTTPRequestHead, body: [UInt8], maxBytes: Int, answered: EventLoopPromise<EgressResponse>) {
        self.head = head
        self.body = body
        self.maxBytes = maxBytes
        self.answered = answered
    }

    func handlerAdded(context: ChannelHandlerContext) {
        guard context.channel.isActive else { return answered.fail(EgressError.failed("the connection was lost")) }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !body.isEmpty { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            response.status = Int(head.status.code)
            response.headers = head.headers.map { ($0.name.lowercased(), $0.value) }
        case .body(let bytes):
            if response.body.count + bytes.readableBytes > maxBytes {
                answered.fail(EgressError.bodyTooLarge(limit: maxBytes))
                return context.close(promise: nil)
            }
            response.body.append(contentsOf: bytes.readableBytesView)
        case .end:
            answered.succeed(response)
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) { answered.fail(EgressError.failed("the connection was lost")) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { answered.fail(error) }
}
