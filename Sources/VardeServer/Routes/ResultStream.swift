import VardeModel
import VardeQuery
import VardeWire

/// A query's result as an answer: in one piece where it is small, else written as the client takes it.
enum ResultStream {
    /// Points up to which an answer is made in one piece.
    private static let wholeUpTo = 20_000
    /// Bytes of JSON gathered before they are sent on.
    private static let pieceSize = 256 << 10

    static func response(_ result: PromQLResult, statistics: QueryClock?) -> APIResponse {
        if size(of: result.value) <= wholeUpTo {
            var json = JSONWriter()
            begin(result, to: &json)
            var progress = ResultJSON.Progress()
            _ = ResultJSON.writeSeries(of: result.value, from: &progress, to: &json, until: .max)
            end(result, statistics, to: &json)
            return APIResponse(body: json.bytes)
        }
        return APIResponse(contentType: "application/json") { write in
            var json = JSONWriter()
            begin(result, to: &json)
            var piece = Self.piece(of: result.value, from: ResultJSON.Progress(), behind: json)
            while piece.hasMore {
                // The next piece is written while the client takes this one.
                let progress = piece.progress
                async let next = Self.piece(of: result.value, from: progress)
                try await write(piece.json.bytes)
                piece = await next
            }
            json = piece.json
            end(result, statistics, to: &json)
            try await write(json.bytes)
        }
    }

    /// Some series of a result as JSON, how far that goes, and whether there are more.
    private static func piece(
        of value: PromQLResult.Value, from progress: ResultJSON.Progress, behind json: JSONWriter = JSONWriter()
    ) -> (json: JSONWriter, progress: ResultJSON.Progress, hasMore: Bool) {
        var json = json
        var progress = progress
        json.bytes.reserveCapacity(pieceSize + pieceSize / 4)
        let hasMore = ResultJSON.writeSeries(of: value, from: &progress, to: &json, until: pieceSize)
        return (json, progress, hasMore)
    }

    /// Points of a result, or an upper bound of them.
    private static func size(of value: PromQLResult.Value) -> Int {
        switch value {
        case .scalar, .string: 1
        case .vector(let matrix), .matrix(let matrix): matrix.seriesCount * max(matrix.grid.count, 1)
        case .series(let series): series.reduce(0) { $0 + $1.samples.count }
        }
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
