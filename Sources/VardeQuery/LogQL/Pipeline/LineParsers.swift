internal import VardeCompression
internal import VardeKernels
internal import VardeModel

/// The parser stages: from a line to labels.
enum LineParsers {
    private static let jsonError = "JSONParserErr"
    private static let entryKey = Array("_entry".utf8)

    // MARK: json

    static func json(_ line: Span<UInt8>, _ labels: inout LineLabels) {
        if labels.needsNothing { return }
        var position = 0
        do {
            _ = try flatten(line, &position, prefix: "", depth: 0, &labels)
        } catch {
            labels.setError(jsonError, error.text)
        }
    }

    /// Sets a label for each scalar below an object; false once all that is wanted has been found.
    private static func flatten(
        _ line: Span<UInt8>, _ position: inout Int, prefix: String, depth: Int, _ labels: inout LineLabels
    ) throws(JSONScan.Fault) -> Bool {
        try JSONScan.members(line, &position) { (key, escaped, at) throws(JSONScan.Fault) in
            guard at < line.count else { throw .object }
            let isObject = line[at] == UInt8(ascii: "{")
            // A key no one asks for is passed over without making a text of it.
            if !isObject, prefix.isEmpty, !escaped, let required = labels.required, !isWanted(line.extracting(key), required) {
                _ = try JSONScan.value(line, &at)
                return true
            }
            let own = fieldName(line, key, escaped, prefix)
            if isObject {
                if depth >= LogQLLimits.maxJSONDepth || own.isEmpty {
                    _ = try JSONScan.value(line, &at)
                    return true
                }
                return try flatten(line, &at, prefix: own, depth: depth + 1, &labels)
            }
            let value = try JSONScan.value(line, &at)
            if value.kind == .null || value.kind == .array || own.isEmpty { return true }
            guard let name = labels.nameForParsed(own) else { return true }
            labels.set(name, JSONScan.text(line, value.kind, value.range))
            return !labels.hasAllRequired
        }
    }

    /// Whether a key may be one of the names wanted: the same bytes, or with a character that changes on the way to a name.
    private static func isWanted(_ key: Span<UInt8>, _ required: [String]) -> Bool {
        for i in key.indices where !LineScan.isWord(key[i]) { return true }
        if key.count > 0, LogQLUnits.isDigit(key[0]) { return true }
        outer: for name in required {
            let utf8 = name.utf8
            if utf8.count != key.count, utf8.count != key.count + 10 { continue }
            var i = 0
            for byte in utf8 {
                if i == key.count { break }
                if byte != key[i] { continue outer }
                i += 1
            }
            return true
        }
        return false
    }

    /// The label's name a member of an object goes by.
    static func fieldName(_ line: Span<UInt8>, _ key: Range<Int>, _ escaped: Bool, _ prefix: String) -> String {
        let plain =
            escaped
            ? LineScan.labelName(Array((JSONScan.unescape(line.extracting(key)) ?? "").utf8), leading: prefix.isEmpty)
            : LineScan.labelName(line.extracting(key), leading: prefix.isEmpty)
        return prefix.isEmpty ? plain : prefix + "_" + plain
    }

    static func json(_ line: Span<UInt8>, _ paths: [(name: String, path: JSONPath)], _ labels: inout LineLabels) {
        if line.isEmpty || labels.needsNothing { return }
        guard line[0] == UInt8(ascii: "{") || line[0] == UInt8(ascii: "[") || line[0] == UInt8(ascii: "\"") else {
            labels.setError(jsonError, "")
            return
        }
        for item in paths { labels.set(labels.nameForExpression(item.name), item.path.find(in: line) ?? "") }
    }

    /// Promotes the texts of a packed line; gives the line that was packed.
    static func unpack(_ line: Span<UInt8>, _ labels: inout LineLabels) -> [UInt8]? {
        if labels.needsNothing || line.isEmpty { return nil }
        var position = 0
        var entry: [UInt8]?
        var found: [(String, String)] = []
        do {
            guard line[0] == UInt8(ascii: "{") else {
                labels.setError(jsonError, "expecting json object(6), but it is not")
                return nil
            }
            _ = try JSONScan.members(line, &position) { (key, escaped, at) throws(JSONScan.Fault) in
                let value = try JSONScan.value(line, &at)
                guard value.kind == .string || value.kind == .escapedString else { return true }
                let text = JSONScan.text(line, value.kind, value.range)
                if line.extracting(key).isEqual(entryKey) {
                    entry = Array(text.utf8)
                } else {
                    found.append((escaped ? JSONScan.unescape(line.extracting(key)) ?? "" : LineScan.text(line, key), text))
                }
                return true
            }
        } catch {
            labels.setError(jsonError, error.text)
            return nil
        }
        // Only a line with an entry was packed.
        guard let entry else { return nil }
        for (key, value) in found {
            if let name = labels.nameForParsed(key) { labels.set(name, value) }
        }
        return entry
    }

    // MARK: logfmt

    private static let logfmtError = "LogfmtParserErr"

    static func logfmt(_ line: Span<UInt8>, strict: Bool, keepEmpty: Bool, _ labels: inout LineLabels) {
        if labels.needsNothing { return }
        var scan = LogfmtScan()
        while scan.position < line.count {
            if !scan.next(line) {
                guard let error = scan.error else { return }
                if strict {
                    labels.setError(logfmtError, error)
                    return
                }
                scan.skip(line)
                continue
            }
            if scan.value.isEmpty, !keepEmpty { continue }
            let key = line.extracting(scan.key)
            // A key no one asks for is passed over without making a text of it; a strict parser looks into its value.
            if !strict, let required = labels.required, !isWanted(key, required) { continue }
            guard let name = labels.nameForParsed(LineScan.labelName(key)) else { continue }
            let value = scan.text(line)
            if value == nil, strict {
                labels.setError(logfmtError, "logfmt syntax error at pos \(scan.position + 1) : invalid quoted value")
                return
            }
            guard let value, keepEmpty || !value.isEmpty else { continue }
            labels.set(name, value)
            if labels.hasAllRequired { return }
        }
    }

    static func logfmt(_ line: Span<UInt8>, strict: Bool, _ keys: [(name: String, key: String)], _ labels: inout LineLabels) {
        if labels.needsNothing { return }
        var values = [String](repeating: "", count: keys.count)
        var found = [Bool](repeating: false, count: keys.count)
        var scan = LogfmtScan()
        while scan.position < line.count {
            if !scan.next(line) {
                guard let error = scan.error else { break }
                if strict {
                    labels.setError(logfmtError, error)
                    return
                }
                scan.skip(line)
                continue
            }
            let key = LineScan.text(line, scan.key)
            for (index, item) in keys.enumerated() where item.key == key && !found[index] {
                found[index] = true
                values[index] = scan.text(line) ?? ""
            }
        }
        for (index, item) in keys.enumerated() { labels.set(labels.nameForExpression(item.name), values[index]) }
    }

    // MARK: pattern, regexp

    static func pattern(_ line: Span<UInt8>, _ pattern: LinePattern, _ labels: inout LineLabels) {
        if labels.needsNothing { return }
        pattern.captures(in: line) { index, range in
            if let name = labels.nameForParsed(pattern.names[index]) { labels.set(name, LineScan.text(line, range)) }
        }
    }

    static func regexp(_ line: Span<UInt8>, _ regex: Regex, _ names: [Int: String], _ labels: inout LineLabels) {
        if labels.needsNothing { return }
        guard let groups = regex.firstMatch(in: line) else { return }
        for (index, range) in groups.enumerated() {
            guard let group = names[index], let name = labels.nameForParsed(group) else { continue }
            labels.set(name, range.map { LineScan.text(line, $0) } ?? "")
        }
    }

    // MARK: decolorize

    /// The line without ANSI escape sequences; nil where there are none.
    static func decolorize(_ line: Span<UInt8>) -> [UInt8]? {
        var out: [UInt8]?
        var i = 0
        while i < line.count {
            if line[i] == 0x1B, i + 1 < line.count, line[i + 1] == UInt8(ascii: "[") {
                var end = i + 2
                while end < line.count, line[end] >= 0x30 && line[end] <= 0x3F || line[end] >= 0x20 && line[end] <= 0x2F { end += 1 }
                if end < line.count, line[end] >= 0x40, line[end] <= 0x7E {
                    if out == nil { out = Bytes.array(line.extracting(0..<i)) }
                    i = end + 1
                    continue
                }
            }
            out?.append(line[i])
            i += 1
        }
        return out
    }
}
