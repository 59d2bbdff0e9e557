import VardeModel
import VardeQuery
import VardeWire

/// A query's result as an answer: in one piece where it is small, else written as the client takes it.
enum ResultStream {
    /// Points up to which an answer is made in one piece.
    private static let wholeUpTo = 20_000
    /// Bytes of JSON gathered before they are sent on.
    private static let pieceSize = 256 << 10
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
        let pieceLength = max(1, pieceSize / (points * bytesPerPoint + bytesOfLabels))
        return APIResponse(contentType: "application/json") { write in
            var json = JSONWriter()
            begin(result, to: &json)
            try await write(json.bytes)
            var hasWritten = false
            var next = 0
            var pieces: [[UInt8]] = []
            // Two pieces are made while the client takes the two before them.
            while next < series || !pieces.isEmpty {
                let starts = (next, next + pieceLength)
                async let first = piece(starts.0, pieceLength, of: result.value)
                async let second = piece(starts.1, pieceLength, of: result.value)
                for piece in pieces {
                    // Each begins with a comma, for the series before it.
                    try await write(hasWritten ? piece : Array(piece.dropFirst()))
                    hasWritten = true
                }
                pieces = await [first, second].filter { !$0.isEmpty }
                next += 2 * pieceLength
            }
            json = JSONWriter()
            end(result, statistics, to: &json)
            try await write(json.bytes)
        }
    }

    /// Some series as JSON behind a comma; empty where none of them has anything to write.
    private static func piece(_ start: Int, _ length: Int, of value: PromQLResult.Value) -> [UInt8] {
        let (series, _) = ResultJSON.size(of: value)
        if start >= series { return [] }
        var json = JSONWriter()
        json.bytes.reserveCapacity(pieceSize + pieceSize / 4)
        json.raw(",")
        return ResultJSON.write(start..<min(series, start + length), of: value, to: &json) ? json.bytes : []
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
