import NIOCore
import NIOPosix
import Synchronization

/// Bytes to and from a service of this machine, over a unix socket.
package struct UnixStream {
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var bytes = ByteBuffer()

    fileprivate init(_ inbound: NIOAsyncChannelInboundStream<ByteBuffer>, _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>) {
        self.inbound = inbound.makeAsyncIterator()
        self.outbound = outbound
    }

    package func write(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }

    /// So many bytes; throws where the other side ends before.
    package mutating func read(_ count: Int) async throws -> [UInt8] {
        while true {
            if let found = bytes.readBytes(length: count) {
                bytes.discardReadBytes()
                return found
            }
            try await more()
        }
    }

    /// The bytes before the next `\r\n`, at most `longest`.
    package mutating func line(longest: Int) async throws -> String {
        while true {
            let view = bytes.readableBytesView
            if let end = view.firstIndex(of: 10) {
                let line = String(decoding: view[..<end], as: UTF8.self)
                bytes.moveReaderIndex(forwardBy: view.distance(from: view.startIndex, to: end) + 1)
                return line.last == "\r" ? String(line.dropLast()) : line
            }
            if view.count > longest { throw EgressError.failed("a line of more than \(longest) bytes") }
            try await more()
        }
    }

    private mutating func more() async throws {
        guard var next = try await inbound.next() else { throw EgressError.failed("the other side has closed the connection") }
        bytes.writeBuffer(&next)
    }
}

extension EgressClient {
    /// Talks to a service of this machine over a unix socket, and closes the connection in the end. No network is involved.
    ///
    /// - Parameters:
    ///   - timeout: milliseconds for everything together.
    package func talk<Answer: Sendable>(
        unixSocket socket: String, timeout: Int64, _ talk: (UnixStream) async throws -> Answer
    ) async throws -> Answer {
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connectTimeout(.milliseconds(timeout))
            .connect(unixDomainSocketPath: socket) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let late = SharedFlag()
        let timer = channel.channel.eventLoop.scheduleTask(in: .milliseconds(timeout)) {
            late.isSet.store(true, ordering: .relaxed)
            channel.channel.close(promise: nil)
        }
        defer { timer.cancel() }
        do {
            return try await channel.executeThenClose { inbound, outbound in try await talk(UnixStream(inbound, outbound)) }
        } catch {
            throw late.isSet.load(ordering: .relaxed) ? EgressError.timeout : error
        }
    }
}

private final class SharedFlag: Sendable {
    let isSet = Atomic(false)
}
