import NIOCore
import NIOPosix
import Synchronization
import VardeKernels

/// Takes UDP datagrams and hands them on in batches: all that came while the batch before was taken. What comes faster than it is
/// taken waits within a bound, and beyond it is dropped and counted.
final class DatagramListener: Sendable {
    /// Bytes that may wait.
    static let maxPending = 16 << 20
    /// What the system holds for us while we are busy.
    private static let socketBuffer = 4 << 20
    /// A datagram cannot be larger.
    private static let maxDatagram = 65_536
    /// Datagrams read in one call of the system.
    private static let readAtOnce = 16

    /// What is done with datagrams.
    struct Handling: Sendable {
        /// Whether an address may send.
        var admits: @Sendable (_ address: String) -> Bool
        /// Takes a batch in the order it came.
        var take: @Sendable (_ datagrams: [[UInt8]]) async -> Void
        /// Reasons: `network`, `overflow`.
        var dropped: @Sendable (_ reason: String) -> Void
    }

    private let channel: any Channel
    private let task: Task<Void, Never>
    private let pending: Pending

    private init(channel: any Channel, task: Task<Void, Never>, pending: Pending) {
        self.channel = channel
        self.task = task
        self.pending = pending
    }

    /// Listens from now on.
    ///
    /// - Throws: why the address cannot be listened on.
    static func open(_ address: ListenAddress, handling: Handling) async throws -> DatagramListener {
        let pending = Pending()
        let channel = try await DatagramBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelOption(.socketOption(.so_rcvbuf), value: .init(socketBuffer))
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: maxDatagram * readAtOnce))
            .channelOption(.datagramVectorReadMessageCount, value: readAtOnce)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(DatagramGather(pending: pending, handling: handling))
                }
            }
            .bind(host: address.host, port: address.port).get()
        let task = Task {
            for await _ in pending.signal.stream {
                let batch = pending.takeAll()
                if !batch.isEmpty { await handling.take(batch) }
            }
        }
        return DatagramListener(channel: channel, task: task, pending: pending)
    }

    /// Closes the listener; returns once what came is taken.
    func close() async {
        try? await channel.close()
        pending.signal.continuation.yield()
        pending.signal.continuation.finish()
        await task.value
    }

    /// Datagrams that wait.
    fileprivate final class Pending: Sendable {
        private let state = Mutex((datagrams: [[UInt8]](), bytes: 0))
        let signal = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

        /// Whether there was room.
        func add(_ datagram: [UInt8]) -> Bool {
            let hasRoom = state.withLock { state in
                // An empty one has its price as well.
                guard state.bytes + datagram.count + 64 <= DatagramListener.maxPending else { return false }
                state.bytes += datagram.count + 64
                state.datagrams.append(datagram)
                return true
            }
            return hasRoom
        }

        func takeAll() -> [[UInt8]] {
            state.withLock { state in
                defer { state = ([], 0) }
                return state.datagrams
            }
        }
    }
}

/// Puts datagrams where they wait. All state is touched on the channel's event loop alone.
private final class DatagramGather: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    /// Senders whose admission is remembered.
    private static let maxKnown = 1_024

    private let pending: DatagramListener.Pending
    private let handling: DatagramListener.Handling
    private var known: [SocketAddress: Bool] = [:]

    init(pending: DatagramListener.Pending, handling: DatagramListener.Handling) {
        self.pending = pending
        self.handling = handling
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        guard admits(envelope.remoteAddress) else { return handling.dropped("network") }
        let received = envelope.data
        if !pending.add(Array(received.readableBytesView)) { handling.dropped("overflow") }
        // The channel keeps the buffer for what comes next.
        ProcessMemory.wipe(received.readableBytesUInt8Span)
    }

    func channelReadComplete(context: ChannelHandlerContext) { pending.signal.continuation.yield() }

    /// A datagram that could not be read is one the system has counted: the next may be sound.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}

    private func admits(_ address: SocketAddress) -> Bool {
        if let answer = known[address] { return answer }
        if known.count >= Self.maxKnown { known = [:] }
        let answer = handling.admits(address.ipAddress ?? "")
        known[address] = answer
        return answer
    }
}
