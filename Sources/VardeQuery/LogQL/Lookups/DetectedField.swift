/// A field found in log lines or their metadata.
package struct DetectedField: Sendable, Equatable {
    /// What values of a field are.
    package enum Kind: String, Sendable {
        case string
        case int
        case float
        case boolean
        case duration
        case bytes

        /// The narrowest kind a value is of.
        init(of value: String) {
            if Int64(value) != nil {
                self = .int
            } else if LogQLUnits.goFloat(value) != nil {
                self = .float
            } else if Self.booleans.contains(value) {
                self = .boolean
            } else if case .success = LogQLUnits.goDuration(Array(value.utf8)) {
                self = .duration
            } else if case .success = LogQLUnits.byteSize(Array(value.utf8)) {
                self = .bytes
            } else {
                self = .string
            }
        }

        private static let booleans: Set<String> = ["t", "T", "TRUE", "true", "True", "f", "F", "FALSE", "false", "False"]
    }

    package var label: String
    package var kind: Kind = .string
    /// How many different values were seen.
    package var cardinality = 0
    /// Parser stages that give it; none for structured metadata.
    package var parsers: [String] = []
    /// Keys from the line's outermost object to the value, where a line is JSON.
    package var jsonPath: [String] = []
}

/// The fields of one line beside its stream labels.
struct LineFields {
    /// Names with their value and, in JSON, the keys that lead there.
    private(set) var fields: [(name: String, value: String, path: [String])] = []
    /// The parser that understood the line: `json` or `logfmt`.
    private(set) var parser = "logfmt"
    private let isTaken: (String) -> Bool

    /// - Parameter isTaken: whether the line's stream has a label of a name, so that a field of that name gets a suffix.
    init(_ line: Span<UInt8>, isTaken: @escaping (String) -> Bool) {
        self.isTaken = isTaken
        var position = 0
        do {
            try flatten(line, &position, prefix: "", path: [], depth: 0)
            parser = "json"
        } catch {
            fields.removeAll()
            logfmt(line)
        }
    }

    private mutating func add(_ name: String, _ value: String, _ path: [String]) {
        let own = isTaken(name) ? name + "_extracted" : name
        if fields.count >= LogQLLimits.maxLabelsPerLine || fields.contains(where: { $0.name == own }) { return }
        fields.append((own, value, path))
    }

    private mutating func flatten(
        _ line: Span<UInt8>, _ position: inout Int, prefix: String, path: [String], depth: Int
    ) throws(JSONScan.Fault) {
        _ = try JSONScan.members(line, &position) { (key, escaped, at) throws(JSONScan.Fault) in
            guard at < line.count else { throw .object }
            let name = LineParsers.fieldName(line, key, escaped, prefix)
            let own = path + [escaped ? JSONScan.unescape(line.extracting(key)) ?? "" : LineScan.text(line, key)]
            if line[at] == UInt8(ascii: "{"), depth < LogQLLimits.maxJSONDepth, !name.isEmpty {
                try flatten(line, &at, prefix: name, path: own, depth: depth + 1)
                return true
            }
            let value = try JSONScan.value(line, &at)
            switch value.kind {
            case .null, .array, .object: break
            default: if !name.isEmpty { add(name, JSONScan.text(line, value.kind, value.range), own) }
            }
            return true
        }
    }

    private mutating func logfmt(_ line: Span<UInt8>) {
        var scan = LogfmtScan()
        while scan.position < line.count {
            if !scan.next(line) {
                if scan.error == nil { return }
                scan.skip(line)
                continue
            }
            guard !scan.value.isEmpty, let value = scan.text(line), !value.isEmpty else { continue }
            add(LineScan.labelName(line.extracting(scan.key)), value, [])
        }
    }
}
