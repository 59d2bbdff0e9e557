import Hummingbird
import NIOCore
import VardeCompression

/// A piece of an answer, as it is or packed: whoever makes pieces packs them as well, so that this is done side by side too.
enum AnswerPiece: Sendable {
    case plain([UInt8])
    case packed(GzipPiece)

    init(_ bytes: [UInt8], packing: Bool) { self = packing ? .packed(GzipPiece(bytes.span)) : .plain(bytes) }
}

/// An answer written piece by piece as the client takes it. One that cannot be ended, or is not taken any more, closes the connection:
/// the client sees that it has not all.
struct StreamedAnswer: Sendable {
    /// How long one piece may wait for a client that does not read.
    private static let patience: TimeAmount = .seconds(300)

    let pieces: @Sendable (_ packing: Bool, APIResponse.PieceWriter) async throws -> Void
    /// Whether the client can read gzip.
    let packs: Bool
    let channel: any Channel
    /// Is told why it was not ended.
    let onBreak: @Sendable (any Error) -> Void

    var body: ResponseBody {
        ResponseBody { writer in
            var out = writer
            do {
                var packed = GzipStream()
                try await pieces(packs) { piece in
                    let bytes =
                        switch piece {
                        case .plain(let bytes): bytes
                        case .packed(let piece): packed.append(piece)
                        }
                    let alarm = channel.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
                    defer { alarm.cancel() }
                    try await out.write(ByteBuffer(bytes: bytes))
                }
                if packs { try await out.write(ByteBuffer(bytes: packed.end())) }
            } catch {
                onBreak(error)
                throw error
            }
            try await out.finish(nil)
        }
    }
}
