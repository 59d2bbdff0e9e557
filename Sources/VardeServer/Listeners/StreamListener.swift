import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import VardeEgress

/// Takes TCP connections that only bring bytes, with or without TLS: so many at once, from where they may come, none that idles. A
/// connection is read no faster than what it brought is taken.
final class StreamListener: Sendable {
    typealias Bytes = NIOAsyncChannelInboundStream<ByteBuffer>

    /// Bounds of the connections.
    struct Limits: Sendable {
        /// Connections at once.
        var connections: Int
        /// A connection that brings nothing for so long is closed.
        var idle: TimeAmount
    }

    /// What is done with connections, and told of those that are not taken or end badly.
    struct Handling: Sendable {
        /// Whether an address may connect.
        var admits: @Sendable (_ address: String) -> Bool
        /// Reads a connection until it ends.
        var serve: @Sendable (_ bytes: Bytes) async throws -> Void
        /// Reasons: `network`, `connections`, `idle`, `tls`, `broken`.
        var refused: @Sendable (_ reason: String) -> Void
    }

    private typealias Connection = NIOAsyncChannel<ByteBuffer, Never>

    /// How long a TLS connection waits for the other side's farewell.
    private static let farewell = TimeAmount.milliseconds(500)

    private let server: any Channel
    private let open: Open

    /// Connections open now.
    var connections: Int { open.count }

    private init(server: any Channel, open: Open) {
        self.server = server
        self.open = open
    }

    /// Listens from now on.
    ///
    /// - Throws: why the address cannot be listened on.
    static func open(
        _ address: ListenAddress, tls: TLSConfiguration?, limits: Limits, handling: Handling
    ) async throws -> StreamListener {
        let context = try tls.map { configuration in
            var configuration = configuration
            // Many senders never answer the farewell.
            configuration.shutdownTimeout = farewell
            return try NIOSSLContext(configuration: configuration)
        }
        let open = Open()
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let context { try pipeline.addHandler(NIOSSLServerHandler(context: context)) }
                    try ReceiveWipe.add(to: pipeline)
                    try pipeline.addHandler(IdleStateHandler(readTimeout: limits.idle))
                    try pipeline.addHandler(IdleEnd(refused: handling.refused))
                    let connection = try Connection(wrappingChannelSynchronously: channel)
                    open.start { number in await run(connection, number, limits, handling) }
                }
            }
            .bind(host: address.host, port: address.port).get()
        return StreamListener(server: server, open: open)
    }

    /// Closes the listener and its connections; returns once what they had brought is taken.
    func close() async {
        try? await server.close()
        for task in open.end() { await task.value }
    }

    /// - Parameter number: how many connections there are with this one.
    private static func run(_ connection: Connection, _ number: Int, _ limits: Limits, _ handling: Handling) async {
        let address = connection.channel.remoteAddress?.ipAddress ?? ""
        let reason = !handling.admits(address) ? "network" : number > limits.connections ? "connections" : nil
        do {
            try await connection.executeThenClose { bytes in
                if let reason { return handling.refused(reason) }
                try await handling.serve(bytes)
            }
        } catch is CancellationError {
        } catch {
            handling.refused(error is NIOSSLError || error is BoringSSLError ? "tls" : "broken")
        }
    }

    /// The connections, each with its task.
    private final class Open: Sendable {
        private struct State {
            var tasks: [Int: Task<Void, Never>] = [:]
            var next = 0
            var count = 0
            var hasEnded = false
        }

        private let state = Mutex(State())

        var count: Int { state.withLock { $0.count } }

        /// Runs a connection, which is given how many there are with it.
        func start(_ body: @escaping @Sendable (Int) async -> Void) {
            state.withLock { state in
                let id = state.next
                state.next += 1
                state.count += 1
                let number = state.count
                let task = Task {
                    await body(number)
                    self.remove(id)
                }
                if state.hasEnded { task.cancel() }
                state.tasks[id] = task
            }
        }

        private func remove(_ id: Int) {
            state.withLock { state in
                state.tasks[id] = nil
                state.count -= 1
            }
        }

        /// Tells all to end.
        func end() -> [Task<Void, Never>] {
            state.withLock { state in
                state.hasEnded = true
                for task in state.tasks.values { task.cancel() }
                return Array(state.tasks.values)
            }
        }
    }
}

/// Closes a connection that brings nothing.
private final class IdleEnd: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let refused: @Sendable (String) -> Void

    init(refused: @escaping @Sendable (String) -> Void) { self.refused = refused }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is IdleStateHandler.IdleStateEvent else { return context.fireUserInboundEventTriggered(event) }
        refused("idle")
        context.close(promise: nil)
    }
}
