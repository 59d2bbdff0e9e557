import NIOCore

/// Closes a connection for good some time after the server has said its last on it: a client that goes on sending, or never closes its
/// side, would keep it open for as long as it likes.
final class LingeringEnd: ChannelOutboundHandler, RemovableChannelHandler {
    typealias OutboundIn = Never

    /// What a client has to take the last answer while it may still be sending.
    private static let patience: TimeAmount = .seconds(5)

    private var end: Scheduled<Void>?

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode == .output, end == nil {
            let channel = context.channel
            end = context.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
            channel.closeFuture.whenComplete { [end] _ in end?.cancel() }
        }
        context.close(mode: mode, promise: promise)
    }
}
