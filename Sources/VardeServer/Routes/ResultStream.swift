import VardeModel
import VardeQuery
import VardeWire

/// A query's result as an answer: in one piece where it is small, else written as the client takes it.
enum ResultStream {
    /// Points up to which an answer is made in one piece.
    private static let wholeUpTo = 4_000
    /// Bytes of JSON gathered before they are sent on.
    private static let pieceSize = 256 << 10
    /// Pieces made while the client takes the one before them.
    private static let piecesAhead = 3
    /// About what a point and a series' labels take.
    private static let bytesPerPoint = 36
    private static let bytesOfLabels = 200

    static func response(_ result: PromQLResult, statistics: QueryClock?) -> APIResponse {
        let (series, points) = ResultJSON.size(of: result.value)
        if series * points <= wholeUpTo {
            var json = JSONWriter()
            begin(result, to: &json)
            _ = ResultJSON.write(0..<series, of: result.value, to: &json)
            end(result, statistics, to: &json)
            return APIResponse(body: json.bytes)
        }
        let length = max(1, pieceSize / (points * bytesPerPoint + bytesOfLabels))
        return APIResponse(contentType: "application/json") { packing, write in
            var json = JSONWriter()
            begin(result, to: &json)
            try await write(AnswerPiece(json.bytes, packing: packing))
            let first = (0..<series).first { ResultJSON.isWritten($0, of: result.value) } ?? series
            let starts = Array(stride(from: first, to: series, by: length))
            try await withThrowingTaskGroup(of: (Int, AnswerPiece?).self) { makers in
                var made: [Int: AnswerPiece?] = [:]
                var begun = 0
                for next in starts.indices {
                    while begun < starts.count, begun <= next + piecesAhead {
                        let number = begun
                        begun += 1
                        makers.addTask {
                            (number, piece(starts[number], length, of: result.value, isFirst: number == 0, packing: packing))
                        }
                    }
                    while made[next] == nil, let (number, piece) = try await makers.next() { made.updateValue(piece, forKey: number) }
                    if let piece = made.removeValue(forKey: next) ?? nil { try await write(piece) }
                }
            }
            json = JSONWriter()
            end(result, statistics, to: &json)
            try await write(AnswerPiece(json.bytes, packing: packing))
        }
    }

    /// Some series as JSON, behind a comma where there are others before them; nil where none of them has anything to write.
    private static func piece(
        _ start: Int, _ length: Int, of value: PromQLResult.Value, isFirst: Bool, packing: Bool
    ) -> AnswerPiece? {
        let (series, _) = ResultJSON.size(of: value)
        var json = JSONWriter()
        json.bytes.reserveCapacity(pieceSize + pieceSize / 4)
        if !isFirst { json.raw(",") }
        let hasWritten = ResultJSON.write(start..<min(series, start + length), of: value, to: &json)
        return hasWritten ? AnswerPiece(json.bytes, packing: packing) : nil
    }

    private static func begin(_ result: PromQLResult, to json: inout JSONWriter) {
        json.raw("{\"status\":\"success\",\"data\":")
        ResultJSON.begin(result.value, to: &json)
    }

    private static func end(_ result: PromQLResult, _ statistics: QueryClock?, to json: inout JSONWriter) {
        ResultJSON.end(result.value, to: &json)
        if let statistics {
            json.raw(",\"stats\":{\"timings\":{")
            for (index, (name, seconds)) in statistics.timings.enumerated() {
                json.raw("\(index > 0 ? "," : "")\"\(name)\":")
                json.number(seconds)
            }
            json.raw(
                "},\"samples\":{\"totalQueryableSamples\":\(result.samplesRead),\"samplesRead\":\(result.samplesRead),\"peakSamples\":\(result.peakSamples)}}"
            )
        }
        json.raw("}")
        for (name, texts) in [("warnings", result.warnings), ("infos", result.infos)] where !texts.isEmpty {
            json.raw(",\"\(name)\":")
            json.strings(texts)
        }
        json.raw("}")
    }
}
