import Foundation
import VardeModel

/// The envelope of Prometheus' API, with what the commands read of it.
struct PrometheusResponse<Payload: Decodable>: Decodable {
    var status: String
    var data: Payload?
    var errorType: String?
    var error: String?
    var warnings: [String]?
    var infos: [String]?
}

/// `data` of a query: one of four shapes, named by `resultType`.
struct QueryData: Decodable {
    enum Result {
        case scalar(Point)
        case string(time: Double, text: String)
        case vector([Series])
        case matrix([Series])
        case streams([Stream])
    }

    /// A series with its labels; a vector has one point in it.
    struct Series: Decodable {
        var metric: [String: String]
        var points: [Point]

        private enum Key: String, CodingKey { case metric, value, values, histogram, histograms }

        init(from decoder: any Decoder) throws {
            let keyed = try decoder.container(keyedBy: Key.self)
            metric = try keyed.decode([String: String].self, forKey: .metric)
            points = try keyed.decodeIfPresent([Point].self, forKey: .values) ?? []
            if let single = try keyed.decodeIfPresent(Point.self, forKey: .value) { points.append(single) }
            if let single = try keyed.decodeIfPresent(HistogramPoint.self, forKey: .histogram) { points.append(single.point) }
            points += try keyed.decodeIfPresent([HistogramPoint].self, forKey: .histograms)?.map(\.point) ?? []
            points.sort { $0.time < $1.time }
        }
    }

    /// A log stream: labels and entries, each with its time in nanoseconds as text.
    struct Stream: Decodable {
        var stream: [String: String]
        var values: [Entry]
    }

    struct Entry: Decodable {
        var nanoseconds: Int64
        var line: String

        init(from decoder: any Decoder) throws {
            var list = try decoder.unkeyedContainer()
            let text = try list.decode(String.self)
            guard let number = Int64(text) else { throw DecodingError.dataCorruptedError(in: list, debugDescription: "no time: \(text)") }
            nanoseconds = number
            line = try list.decode(String.self)
        }
    }

    /// `[seconds, "value"]`.
    struct Point: Decodable {
        var time: Double
        /// The value as the server wrote it; a histogram in words.
        var text: String
        var value: Double

        init(time: Double, text: String, value: Double) {
            self.time = time
            self.text = text
            self.value = value
        }

        init(from decoder: any Decoder) throws {
            var list = try decoder.unkeyedContainer()
            time = try list.decode(Double.self)
            text = try list.decode(String.self)
            value =
                switch text {
                case "NaN": .nan
                case "+Inf": .infinity
                case "-Inf": -.infinity
                default: Double(text) ?? .nan
                }
        }
    }

    /// `[seconds, {"count": …, "sum": …, "buckets": …}]`, shown by its count and sum.
    private struct HistogramPoint: Decodable {
        struct Body: Decodable {
            var count: String
            var sum: String
        }

        var point: Point

        init(from decoder: any Decoder) throws {
            var list = try decoder.unkeyedContainer()
            let time = try list.decode(Double.self)
            let body = try list.decode(Body.self)
            point = Point(time: time, text: "{count:\(body.count) sum:\(body.sum)}", value: .nan)
        }
    }

    var result: Result

    private enum Key: String, CodingKey { case resultType, result }

    init(from decoder: any Decoder) throws {
        let keyed = try decoder.container(keyedBy: Key.self)
        let type = try keyed.decode(String.self, forKey: .resultType)
        switch type {
        case "scalar": result = .scalar(try keyed.decode(Point.self, forKey: .result))
        case "string":
            var list = try keyed.nestedUnkeyedContainer(forKey: .result)
            result = .string(time: try list.decode(Double.self), text: try list.decode(String.self))
        case "vector": result = .vector(try keyed.decode([Series].self, forKey: .result))
        case "matrix": result = .matrix(try keyed.decode([Series].self, forKey: .result))
        case "streams": result = .streams(try keyed.decode([Stream].self, forKey: .result))
        default: throw DecodingError.dataCorruptedError(forKey: .resultType, in: keyed, debugDescription: "unknown result type \(type)")
        }
    }
}

/// Labels as PromQL writes them, metric name first.
func describe(_ labels: [String: String]) -> String {
    Labels(labels.map { Label($0.key, $0.value) }).description.printable
}
