/// The formats a target may answer a scrape in, and how they are asked for and recognised, as Prometheus 3 does it.
package enum ExpositionFormat: String, Sendable, CaseIterable {
    case openMetrics1 = "OpenMetricsText1.0.0"
    case openMetrics0 = "OpenMetricsText0.0.1"
    case text1 = "PrometheusText1.0.0"
    case text0 = "PrometheusText0.0.4"
    case protobuf = "PrometheusProto"

    /// What is asked for where a job does not say: `scrape_protocols`' default.
    package static let usual: [ExpositionFormat] = [.openMetrics1, .openMetrics0, .text1, .text0]
    /// As `usual`, with protobuf first: the one format that carries native histograms.
    package static let withNativeHistograms: [ExpositionFormat] = [.protobuf] + usual

    package var isOpenMetrics: Bool { self == .openMetrics1 || self == .openMetrics0 }

    /// The media type this format is asked for by.
    package var mediaType: String {
        switch self {
        case .openMetrics1: "application/openmetrics-text;version=1.0.0"
        case .openMetrics0: "application/openmetrics-text;version=0.0.1"
        case .text1: "text/plain;version=1.0.0"
        case .text0: "text/plain;version=0.0.4"
        case .protobuf: "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
        }
    }

    /// The Accept header that asks for formats in falling preference; `escaping` is the scheme for names beyond the classic ones.
    package static func accept(_ formats: [ExpositionFormat], escaping: String = "allow-utf-8") -> String {
        var weight = allCases.count + 1
        var parts: [String] = []
        for format in formats {
            let scheme = format == .text1 || format == .openMetrics1 ? ";escaping=" + escaping : ""
            parts.append(format.mediaType + scheme + ";q=0.\(weight)")
            weight -= 1
        }
        return (parts + ["*/*;q=0.\(weight)"]).joined(separator: ",")
    }

    /// The format of an answer by its Content-Type, and the job's fallback where that says nothing known.
    ///
    /// - Throws: where neither says what the body is.
    package init(contentType: String, fallback: ExpositionFormat? = nil) throws(WireError) {
        var parameters: [String: String] = [:]
        let parts = contentType.lowercased().split(separator: ";").map { $0.drop { $0 == " " || $0 == "\t" } }
        for part in parts.dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1)
            if pair.count == 2 { parameters[String(pair[0])] = String(pair[1].filter { $0 != "\"" && $0 != " " }) }
        }
        switch parts.first.map({ String($0.prefix { $0 != " " }) }) ?? "" {
        case "application/openmetrics-text": self = parameters["version"] == "0.0.1" ? .openMetrics0 : .openMetrics1
        case "text/plain": self = parameters["version"] == "1.0.0" ? .text1 : .text0
        case "application/vnd.google.protobuf"
        where parameters["proto"] == "io.prometheus.client.metricfamily" && parameters["encoding"] == "delimited":
            self = .protobuf
        default:
            guard let fallback else {
                throw WireError(
                    contentType.isEmpty
                        ? "the answer has no Content-Type; set fallback_scrape_protocol to read it all the same"
                        : "the answer's Content-Type “\(contentType)” is no metrics format; set fallback_scrape_protocol to read it all the same"
                )
            }
            self = fallback
        }
    }
}
