package import NIOCore
import NIOSSL
import VardeKernels

/// Stands before all that read a connection, hands on what was received in a buffer of its own, and wipes the one it came in: that one
/// is kept for the next read, by the channel or by TLS, as long as the connection is open.
package final class ReceiveWipe: ChannelInboundHandler, Sendable {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer

    package init() {}

    /// Puts one on a connection: first, or behind its TLS.
    package static func add(to pipeline: ChannelPipeline.SynchronousOperations) throws {
        if let server = try? pipeline.handler(type: NIOSSLServerHandler.self) {
            try pipeline.addHandler(ReceiveWipe(), position: .after(server))
        } else if let client = try? pipeline.handler(type: NIOSSLClientHandler.self) {
            try pipeline.addHandler(ReceiveWipe(), position: .after(client))
        } else {
            try pipeline.addHandler(ReceiveWipe(), position: .first)
        }
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let received = unwrapInboundIn(data)
        let own = context.channel.allocator.buffer(buffer: received)
        ProcessMemory.wipe(received.readableBytesUInt8Span)
        context.fireChannelRead(wrapInboundOut(own))
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        ProcessMemory.wipeStack()
    }
}
