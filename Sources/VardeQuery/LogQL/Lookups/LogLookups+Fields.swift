internal import VardeModel

extension LogLookups {
    /// Lines a look-up of fields may read: each is parsed as JSON or logfmt.
    package static let maxFieldLines = 5_000

    /// Fields of the newest lines of a log query, sorted by name.
    ///
    /// - Parameters:
    ///   - lineLimit: lines looked at.
    ///   - limit: fields kept, those seen first.
    package func detectedFields(
        _ query: LogQLLogQuery, start: Int64, end: Int64, lineLimit: Int, limit: Int, budget: QueryBudget = QueryBudget()
    ) throws(QueryError) -> [DetectedField] {
        var fields: [String: DetectedField] = [:]
        var values: [String: Set<String>] = [:]
        try forEachField(query, start, end, lineLimit, budget) { name, value, parser, path in
            if fields[name] == nil {
                if fields.count >= limit { return }
                fields[name] = DetectedField(label: name)
            }
            values[name, default: []].insert(value)
            guard var field = fields[name] else { return }
            field.kind = DetectedField.Kind(of: value)
            if let parser, !field.parsers.contains(parser) { field.parsers.append(parser) }
            if parser == "json" { field.jsonPath = path }
            fields[name] = field
        }
        return fields.values.map { field in
            var field = field
            field.cardinality = values[field.label]?.count ?? 0
            return field
        }.sorted { $0.label.utf8Precedes($1.label) }
    }

    /// Values of one field in the newest lines of a log query, sorted; sizes are rounded to what a query can say.
    package func detectedFieldValues(
        of name: String, _ query: LogQLLogQuery, start: Int64, end: Int64, lineLimit: Int, limit: Int,
        budget: QueryBudget = QueryBudget()
    ) throws(QueryError) -> [String] {
        var values: Set<String> = []
        try forEachField(query, start, end, lineLimit, budget) { field, value, parser, _ in
            if field != name || values.count >= limit { return }
            values.insert(parser == nil ? value : Self.shortSize(value) ?? value)
        }
        return values.sorted { $0.utf8Precedes($1) }
    }

    /// Calls with name, value, parser (nil for metadata) and JSON path of each field, stream by stream, newest line first.
    private func forEachField(
        _ query: LogQLLogQuery, _ start: Int64, _ end: Int64, _ lineLimit: Int, _ budget: QueryBudget,
        _ body: (String, String, String?, [String]) -> Void
    ) throws(QueryError) {
        if lineLimit > Self.maxFieldLines {
            throw .badData(
                "max entries limit per query exceeded, limit > max_entries_limit_per_query (\(lineLimit) > \(Self.maxFieldLines))")
        }
        let found = try LogQLEngine(source: source, options: options).lines(
            query, start: start, end: end, limit: lineLimit, direction: .backward, categorize: true, budget: budget)
        for stream in found.streams.sorted(by: { $0.labels < $1.labels }) {
            for entry in stream.entries {
                for label in entry.metadata { body(label.name, label.value, nil, []) }
                let line = LineFields(entry.line.span) { stream.labels[$0] != nil && entry.parsed[$0] == nil }
                for label in entry.parsed where !label.name.hasPrefix("__error") {
                    body(label.name, label.value, line.parser, [])
                }
                for field in line.fields where entry.parsed[field.name] != field.value {
                    body(field.name, field.value, line.parser, field.path)
                }
            }
        }
    }

    private static let sizeUnits = [
        "b", "kib", "kb", "mib", "mb", "gib", "gb", "tib", "tb", "pib", "pb", "eib", "eb", "ki", "k", "mi", "m", "gi", "g", "ti", "t", "pi",
        "p", "ei", "e",
    ]

    /// A size as a query may compare with it, in decimal units with two digits: `25kB`; nil where a value is none.
    private static func shortSize(_ value: String) -> String? {
        guard case .success(let bytes) = LogQLUnits.byteSize(Array(value.utf8)) else { return nil }
        let lower = value.lowercased()
        guard sizeUnits.contains(where: { lower.hasSuffix($0) }) else { return nil }
        if bytes < 10 { return "\(bytes)B" }
        var size = Double(bytes)
        var unit = 0
        let names = ["B", "kB", "MB", "GB", "TB", "PB", "EB"]
        while size >= 1000, unit + 1 < names.count {
            size /= 1000
            unit += 1
        }
        let tenths = (size * 10 + 0.5).rounded(.down)
        return tenths < 100
            ? "\(Int(tenths) / 10).\(Int(tenths) % 10)\(names[unit])" : "\(Int((tenths / 10).rounded(.toNearestOrEven)))\(names[unit])"
    }
}
