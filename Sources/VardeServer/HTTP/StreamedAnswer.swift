import Hummingbird
import NIOCore
import VardeCompression

/// An answer written piece by piece as the client takes it. One that cannot be ended, or is not taken any more, closes the connection:
/// the client sees that it has not all.
struct StreamedAnswer: Sendable {
    /// How long one piece may wait for a client that does not read.
    private static let patience: TimeAmount = .seconds(300)

    let pieces: @Sendable (APIResponse.PieceWriter) async throws -> Void
    /// Whether the client can read gzip.
    let packs: Bool
    let channel: any Channel
    /// Is told why it was not ended.
    let onBreak: @Sendable (any Error) -> Void

    var body: ResponseBody {
        ResponseBody { writer in
            var out = writer
            do {
                var packer = packs ? GzipPieces() : nil
                try await pieces { piece in
                    let bytes = packer?.pack(piece.span) ?? piece
                    let alarm = channel.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
                    defer { alarm.cancel() }
                    try await out.write(ByteBuffer(bytes: bytes))
                }
                if let end = packer?.end() { try await out.write(ByteBuffer(bytes: end)) }
            } catch {
                onBreak(error)
                throw error
            }
            try await out.finish(nil)
        }
    }
}
