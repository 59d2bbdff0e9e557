import NIOCore
import NIOPosix

extension EgressClient {
    /// Sends a datagram and returns the first one that comes back from where it was sent.
    ///
    /// - Parameters:
    ///   - address: an IP address; one in no declared network is refused.
    ///   - timeout: milliseconds.
    package func exchange(
        datagram: [UInt8], with address: String, port: Int, timeout: Int64
    ) async throws(EgressError) -> [UInt8] {
        try check(address, host: address)
        let peer: SocketAddress
        do { peer = try SocketAddress(ipAddress: address, port: port) } catch { throw .badURL(address) }
        do {
            let local = peer.protocol == .inet6 ? "::" : "0.0.0.0"
            let answers = AsyncStream<[UInt8]>.makeStream()
            let channel = try await DatagramBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(DatagramAnswer(peer: peer, answers: answers.continuation))
                    }
                }
                .bind(host: local, port: 0).get()
            let envelope = AddressedEnvelope(remoteAddress: peer, data: ByteBuffer(bytes: datagram))
            return try await Self.firstAnswer(answers, over: channel, timeout: timeout) { try await channel.writeAndFlush(envelope) }
        } catch let error as EgressError {
            throw error
        } catch {
            throw .failed("\(address):\(port): \(error)")
        }
    }

    /// Sends, waits for the first answer and closes the channel.
    static func firstAnswer(
        _ answers: (stream: AsyncStream<[UInt8]>, continuation: AsyncStream<[UInt8]>.Continuation), over channel: any Channel,
        timeout: Int64, send: () async throws -> Void
    ) async throws -> [UInt8] {
        let timer = channel.eventLoop.scheduleTask(in: .milliseconds(timeout)) { answers.continuation.finish() }
        try await send()
        var first: [UInt8]?
        for await answer in answers.stream {
            first = answer
            break
        }
        timer.cancel()
        try? await channel.close()
        guard let first else { throw EgressError.timeout }
        return first
    }
}

/// Passes on what comes from the peer, and nothing else.
private final class DatagramAnswer: ChannelInboundHandler, Sendable {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let peer: SocketAddress
    private let answers: AsyncStream<[UInt8]>.Continuation

    init(peer: SocketAddress, answers: AsyncStream<[UInt8]>.Continuation) {
        self.peer = peer
        self.answers = answers
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        if envelope.remoteAddress == peer { answers.yield(Array(envelope.data.readableBytesView)) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answers.finish()
    }
}
