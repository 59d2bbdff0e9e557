import NIOCore
import NIOSSL

/// Stands behind the TLS of a connection we made, and takes its end for one where the other side closed without saying so in TLS, as Go and
/// curl do: HTTP says whether an answer is whole, or that it goes on until the connection ends.
final class AbruptEnd: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    static func add(to pipeline: ChannelPipeline.SynchronousOperations) throws {
        guard let tls = try? pipeline.handler(type: NIOSSLClientHandler.self) else { return }
        try pipeline.addHandler(AbruptEnd(), position: .after(tls))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The channel becomes inactive next.
        if let error = error as? NIOSSLError, error == .uncleanShutdown { return }
        context.fireErrorCaught(error)
    }
}
