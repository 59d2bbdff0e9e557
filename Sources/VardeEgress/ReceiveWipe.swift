package import NIOCore
import VardeKernels

/// Stands first on a connection, hands on what was received in a buffer of its own, and wipes the one it came in: that one the channel
/// keeps for its next read, as long as the connection is open.
package final class ReceiveWipe: ChannelInboundHandler, Sendable {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer

    package init() {}

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
