import Hummingbird
import NIOCore

/// What is known of a request beside itself: its connection, so that work for a client that has gone can end.
struct ConnectionContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let hangUp: HangUp
    /// Where the connection comes from.
    let remoteAddress: SocketAddress?
    /// To end it where an answer is not taken.
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        hangUp = HangUp(of: source.channel)
        remoteAddress = source.channel.remoteAddress
        channel = source.channel
    }
}
