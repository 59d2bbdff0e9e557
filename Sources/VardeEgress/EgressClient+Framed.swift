import NIOCore
import NIOPosix

extension EgressClient {
    /// Sends a message over TCP and returns the one that comes back, each with its length before it in two bytes, as DNS has it where a
    /// datagram is too small (RFC 1035, 4.2.2).
    ///
    /// - Parameters:
    ///   - address: an IP address; one in no declared network is refused.
    ///   - timeout: milliseconds.
    package func exchange(
        framed message: [UInt8], with address: String, port: Int, timeout: Int64
    ) async throws(EgressError) -> [UInt8] {
        try check(address, host: address)
        let peer: SocketAddress
        do { peer = try SocketAddress(ipAddress: address, port: port) } catch { throw .badURL(address) }
        do {
            let answers = AsyncStream<[UInt8]>.makeStream()
            let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .connectTimeout(.milliseconds(timeout))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(FramedAnswer(answers: answers.continuation))
                    }
                }
                .connect(to: peer).get()
            var framed = ByteBuffer()
            framed.writeInteger(UInt16(clamping: message.count))
            framed.writeBytes(message)
            let whole = framed
            return try await Self.firstAnswer(answers, over: channel, timeout: timeout) { try await channel.writeAndFlush(whole) }
        } catch let error as EgressError {
            throw error
        } catch {
            throw .failed("\(address):\(port): \(Self.words(error))")
        }
    }
}

/// Passes on the first whole message. Its state is touched on the channel's event loop alone.
private final class FramedAnswer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let answers: AsyncStream<[UInt8]>.Continuation
    private var bytes = ByteBuffer()

    init(answers: AsyncStream<[UInt8]>.Continuation) { self.answers = answers }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var more = unwrapInboundIn(data)
        bytes.writeBuffer(&more)
        guard let length = bytes.getInteger(at: bytes.readerIndex, as: UInt16.self),
            let message = bytes.getBytes(at: bytes.readerIndex + 2, length: Int(length))
        else { return }
        answers.yield(message)
        answers.finish()
    }

    func channelInactive(context: ChannelHandlerContext) { answers.finish() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { answers.finish() }
}
