import Synchronization
import Testing
import VardeCompression
import VardeModel
import VardeWire

@testable import VardeQuery
@testable import VardeServer

/// Large results are written in pieces, side by side and packed: together they are what one piece would be.
@Suite struct ResultStreamTests {
    /// Series of which the first ones, and some others, have no point.
    private static func matrix(_ count: Int, steps: Int) -> StepMatrix {
        var matrix = StepMatrix(grid: StepGrid(start: 0, end: Int64(steps - 1) * 1_000, step: 1_000))
        var row = StepRow(stepCount: steps)
        for series in 0..<count {
            row.removeAll()
            if series > 130, series % 7 != 0 { for step in 0..<steps where step % 3 != 1 { row.set(step, Double(series * step) / 3) } }
            matrix.append(["series": String(series)], row)
        }
        return matrix
    }

    private static func result(_ matrix: StepMatrix) -> PromQLResult {
        PromQLResult(value: .matrix(matrix), warnings: [], infos: [], samplesRead: 0, peakSamples: 0)
    }

    private static func whole(_ result: PromQLResult) -> [UInt8] {
        var json = JSONWriter()
        json.raw("{\"status\":\"success\",\"data\":")
        ResultJSON.begin(result.value, to: &json)
        _ = ResultJSON.write(0..<ResultJSON.size(of: result.value).series, of: result.value, to: &json)
        ResultJSON.end(result.value, to: &json)
        json.raw("}}")
        return json.bytes
    }

    @Test(arguments: [(1, 9_000), (400, 151), (3_000, 40), (100, 151)])
    func `Pieces are one answer, packed or not`(count: Int, steps: Int) async throws {
        let result = Self.result(Self.matrix(count, steps: steps))
        let answer = ResultStream.response(result, statistics: nil)
        let pieces = try #require(answer.pieces)
        let written = Mutex<[AnswerPiece]>([])
        try await pieces(false) { piece in written.withLock { $0.append(piece) } }
        var plain: [UInt8] = []
        for case .plain(let bytes) in written.withLock({ $0 }) { plain += bytes }
        #expect(plain == Self.whole(result))
        written.withLock { $0 = [] }
        try await pieces(true) { piece in written.withLock { $0.append(piece) } }
        var stream = GzipStream()
        var packed: [UInt8] = []
        for case .packed(let piece) in written.withLock({ $0 }) { packed += stream.append(piece) }
        packed += stream.end()
        var unpacked: [UInt8] = []
        try Deflate.decompress(packed.span, from: .gzip, limit: plain.count, into: &unpacked)
        #expect(unpacked == plain)
    }

    @Test func `A client that takes no more ends the work`() async throws {
        struct Gone: Error {}
        let answer = ResultStream.response(Self.result(Self.matrix(3_000, steps: 200)), statistics: nil)
        let pieces = try #require(answer.pieces)
        let taken = Mutex(0)
        await #expect(throws: Gone.self) {
            try await pieces(false) { _ in
                taken.withLock { $0 += 1 }
                if taken.withLock({ $0 }) == 3 { throw Gone() }
            }
        }
        #expect(taken.withLock { $0 } == 3)
    }
}
