import VardeMetrics
import VardeModel
import VardeQuery
import VardeWire

/// `federate`: the newest sample of each matching series within the lookback, as text.
extension PrometheusRoutes {
    private static let lookback: Int64 = 300_000

    func federate(_ request: APIRequest) async throws -> APIResponse {
        var sets: [[LabelMatcher]] = []
        for text in request.values("match[]") {
            do throws(QueryError) {
                sets.append(try PromQLEngine.matchers(ofSelector: text))
            } catch {
                return .text(400, parts.told(error.message) + "\n")
            }
        }
        let selectors = sets
        let now = parts.clock()
        let external = parts.current().global.externalLabels
        let keepsNames = (request.headers["accept"] ?? "").contains("escaping=allow-utf-8")
        let source = try parts.stores().metrics
        let body = try await blocking {
            let found = try Self.newest(selectors, in: source, now: now)
            return Self.page(found, external: external, keepsNames: keepsNames)
        }
        let format =
            keepsNames ? "version=1.0.0; charset=utf-8; escaping=allow-utf-8" : "version=0.0.4; charset=utf-8; escaping=underscores"
        return APIResponse(contentType: "text/plain; \(format)", body: body)
    }

    private static func newest(
        _ selectors: [[LabelMatcher]], in source: any SeriesSource, now: Int64
    ) throws -> [(labels: Labels, time: Int64, value: Double)] {
        var seen: [Labels: (Int64, Double)] = [:]
        for matchers in selectors {
            let selection = try source.select(SeriesRequest(matchers: matchers, from: now - lookback, through: now))
            var reader = selection.reader(from: now - lookback, through: now)
            var columns = SampleColumns()
            for index in 0..<selection.count {
                columns.removeAll()
                try reader.read(at: index, into: &columns)
                guard let value = columns.values.last, let time = columns.timestamps.last, !value.isStaleMarker else { continue }
                // Native histograms have no form in this text.
                if !columns.histograms.isEmpty, columns.histograms[columns.count - 1] != nil { continue }
                let labels = selection.labels(at: index)
                if !labels.name.isEmpty { seen[labels] = (time, value) }
            }
        }
        return seen.map { ($0.key, $0.value.0, $0.value.1) }.sorted {
            $0.labels.name == $1.labels.name ? $0.labels < $1.labels : $0.labels.name.utf8Precedes($1.labels.name)
        }
    }

    private static func page(
        _ series: [(labels: Labels, time: Int64, value: Double)], external: Labels, keepsNames: Bool
    ) -> [UInt8] {
        // Labels of this server for series that lack them, and an empty instance, so that the reader puts none of its own there.
        let global = external["instance"] == nil ? Array(external) + [Label("instance", "")] : Array(external)
        var out: [UInt8] = []
        var lastName = ""
        for (labels, time, value) in series {
            let name = labels.name
            let plain = keepsNames || name.isClassicMetricName ? name : underscored(name, colons: true)
            let isQuoted = !plain.isClassicMetricName
            if name != lastName {
                out += "# TYPE \(isQuoted ? plain.quoted : plain) untyped\n".utf8
                lastName = name
            }
            var pairs: [String] = isQuoted ? [plain.quoted] : []
            let own = labels.filter { $0.name != Labels.metricName }
            let missing = global.filter { labels[$0.name] == nil }.sorted { $0.name.utf8Precedes($1.name) }
            for label in own + missing {
                let key =
                    label.name.isClassicLabelName ? label.name : keepsNames ? label.name.quoted : underscored(label.name, colons: false)
                pairs.append("\(key)=\"\(escaped(label.value))\"")
            }
            if !isQuoted { out += plain.utf8 }
            if !pairs.isEmpty { out += "{\(pairs.joined(separator: ","))}".utf8 }
            out += " \(FloatText.general(value)) \(time)\n".utf8
        }
        return out
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n").replacing("\"", with: "\\\"")
    }

    /// A name in which what the classic alphabet lacks is `_`.
    private static func underscored(_ name: String, colons: Bool) -> String {
        var out = ""
        for scalar in name.unicodeScalars {
            let isDigit = ("0"..."9").contains(scalar)
            let isPlain =
                ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_" || colons && scalar == ":"
                || isDigit && !out.isEmpty
            out.unicodeScalars.append(isPlain ? scalar : "_")
        }
        return out
    }
}
