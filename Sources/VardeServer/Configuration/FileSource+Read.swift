import VardeCollect
import VardeCompression
import VardeModel
import VardeWire

extension LogFieldNames {
    /// Takes the names a mapping gives.
    mutating func read(_ value: YAMLValue) throws(ConfigurationError) {
        let names = try value.mapping()
        if let v = names["time"] { time = try v.strings() }
        if let v = names["message"] { message = try v.strings() }
        if let v = names["labels"] { labels = try v.strings() }
        try names.rejectUnknown()
    }
}

extension FileSource {
    /// - Parameter fields: where JSON lines have their fields, unless the source says so itself.
    init(reading value: YAMLValue, fields: LogFieldNames) throws(ConfigurationError) {
        let keys = try value.mapping()
        let paths = try keys.required("paths")
        self.init(paths: try Self.paths(paths), labels: .empty)
        if self.paths.isEmpty { throw paths.error("names no file") }
        if let v = keys["exclude"] { exclude = try v.strings() }
        if let v = keys["labels"] {
            labels = Labels(try v.labels())
            for label in labels where !label.name.isClassicLabelName { throw v.error("“\(label.name)” is not a label name") }
        }
        if let v = keys["filename_label"] { hasNameLabel = try v.bool() }
        if labels.isEmpty, !hasNameLabel { throw value.error("lines would be without any label: give labels") }
        if let v = keys["format"] { isJSON = try v.word(of: ["lines", "json"]) == "json" }
        if let v = keys["fields"] {
            if !isJSON { throw v.error("has a meaning for `format: json` only") }
            var own = fields
            try own.read(v)
            self.fields = own
        }
        if let v = keys["multiline"] { multiline = try Multiline(reading: v) }
        if let v = keys["start"] { startsAtEnd = try v.word(of: ["beginning", "end"]) == "end" }
        try keys.rejectUnknown()
    }

    private static func paths(_ value: YAMLValue) throws(ConfigurationError) -> [String] {
        var paths: [String] = []
        for item in value.node.isSequence ? try value.list() : [value] {
            let path = try item.nonEmptyString()
            guard path.hasPrefix("/") else { throw item.error("must be an absolute path or pattern, not “\(path)”") }
            paths.append(path)
        }
        return paths
    }
}

extension FileSource.Multiline {
    init(reading value: YAMLValue) throws(ConfigurationError) {
        let keys = try value.mapping()
        let pattern = try keys.required("first_line")
        self.init(firstLine: try pattern.nonEmptyString())
        do { _ = try VardeCompression.Regex(firstLine) } catch { throw pattern.error("is no regular expression: \(error.reason)") }
        if let v = keys["max_lines"] { maxLines = try v.int(in: 1...100_000) }
        if let v = keys["max_wait"] { maxWait = try v.duration(allowZero: false) }
        try keys.rejectUnknown()
    }
}
