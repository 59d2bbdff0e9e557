import Hummingbird
import NIOCore

/// What is known of a request beside itself: its connection, so that work for a client that has gone can end.
struct ConnectionContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let hangUp: HangUp
    /// Where the connection comes from.
    let remoteAddress: SocketAddress?

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        hangUp = HangUp(of: source.channel)
        remoteAddress = source.channel.remoteAddress
    }
}
