import VardeModel
import Yams

/// One value of a configuration file: where it stands, what it is called, and its readings as the types configuration knows.
struct YAMLValue {
    let node: Node
    let file: String
    /// Its place in words, such as `scrape_configs[2].job_name`.
    let path: String

    /// Reads a whole document; an empty one is an empty mapping.
    init(document text: String, file: String) throws(ConfigurationError) {
        self.file = file
        path = ""
        do {
            node = try Yams.compose(yaml: text) ?? Node([(Node, Node)]())
        } catch let error as YamlError {
            throw ConfigurationError(error, file: file)
        } catch {
            throw ConfigurationError(file: file, message: "\(error)")
        }
    }

    init(node: Node, file: String, path: String) {
        self.node = node
        self.file = file
        self.path = path
    }

    /// An error at this value's place.
    func error(_ message: String) -> ConfigurationError {
        let subject = path.isEmpty ? "" : "\(path): "
        return ConfigurationError(file: file, line: node.mark?.line ?? 0, column: node.mark?.column ?? 0, message: subject + message)
    }

    /// Whether nothing is written there (`key:` or `key: null`).
    var isNull: Bool {
        guard case .scalar(let scalar) = node else { return false }
        return scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    /// Whether it is a text in quotes.
    var isQuoted: Bool {
        guard case .scalar(let scalar) = node else { return false }
        return scalar.style != .plain && scalar.style != .any
    }

    private func scalar(_ what: String) throws(ConfigurationError) -> Node.Scalar {
        guard case .scalar(let scalar) = node else { throw error("must be \(what), not a \(node.isMapping ? "mapping" : "list")") }
        return scalar
    }

    func string() throws(ConfigurationError) -> String {
        isNull ? "" : try scalar("a string").string
    }

    /// A string that may not be empty.
    func nonEmptyString() throws(ConfigurationError) -> String {
        let text = try string()
        if text.isEmpty { throw error("must not be empty") }
        return text
    }

    /// The path of a file; one that is not absolute begins where the configuration file lies, as in Prometheus. Empty for none.
    func filePath() throws(ConfigurationError) -> String {
        let text = try string()
        guard !text.isEmpty, !text.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return text }
        return file[...slash] + text
    }

    func filePaths() throws(ConfigurationError) -> [String] {
        var paths: [String] = []
        for item in try list() { paths.append(try item.filePath()) }
        return paths
    }

    func bool() throws(ConfigurationError) -> Bool {
        let scalar = try scalar("true or false")
        // As Go's YAML has it: in one case throughout, or with a capital.
        let text = scalar.string
        let isWord = text == text.uppercased() || text.dropFirst() == text.dropFirst().lowercased()
        if isWord, !isQuoted {
            switch text.lowercased() {
            case "true", "yes", "on", "y": return true
            case "false", "no", "off", "n": return false
            default: break
            }
        }
        throw error("must be true or false, not “\(text)”\(isQuoted ? " in quotes" : "")")
    }

    func int(in range: ClosedRange<Int> = 0...Int.max) throws(ConfigurationError) -> Int {
        let text = try scalar("a whole number").string
        guard !isQuoted, let number = Self.wholeNumber(text.replacing("_", with: "")) else {
            throw error("must be a whole number, not “\(text)”\(isQuoted ? " in quotes" : "")")
        }
        guard range.contains(number) else { throw error("\(number) is out of range: \(range.lowerBound) to \(range.upperBound)") }
        return number
    }

    /// A whole number as Go's YAML reads it: `10`, `0x10`, `0o17`, `017`, `0b11`, `1e3`.
    private static func wholeNumber(_ text: String) -> Int? {
        let isNegative = text.hasPrefix("-")
        let digits = text.drop { $0 == "-" || $0 == "+" }
        if text.count - digits.count > 1 { return nil }
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2), ("0", 8)] where digits.count > prefix.count && digits.hasPrefix(prefix) {
            let rest = digits.dropFirst(prefix.count)
            if prefix == "0", rest.contains(where: { !$0.isNumber }) { continue }
            guard rest.first != "-", rest.first != "+" else { return nil }
            return Int(rest, radix: radix).map { isNegative ? -$0 : $0 }
        }
        if let number = Int(text) { return number }
        guard text.allSatisfy({ $0.isASCII && ($0.isNumber || ".eE+-".contains($0)) }), let number = Double(text) else { return nil }
        return Int(exactly: number)
    }

    func double() throws(ConfigurationError) -> Double {
        let text = try scalar("a number").string
        guard let number = Double(text) else { throw error("must be a number, not “\(text)”") }
        return number
    }

    /// Milliseconds of a duration such as `15s` or `1h30m`.
    func duration(allowZero: Bool = true) throws(ConfigurationError) -> Int64 {
        let text = try scalar("a duration such as 15s").string
        guard let milliseconds = DurationText.milliseconds(text) else {
            throw error("not a duration: “\(text)”; write it like 15s, 5m or 1h30m (units ms s m h d w y)")
        }
        if milliseconds == 0, !allowZero { throw error("must be more than zero") }
        return milliseconds
    }

    /// Bytes of a size such as `512MB`, `1.5GB` or `1MB512KB`; units are powers of 1024, as in Prometheus.
    ///
    /// - Parameter needsUnit: whether a number alone, other than 0, says nothing.
    func byteCount(needsUnit: Bool = false) throws(ConfigurationError) -> Int {
        let text = try scalar("a size such as 64MB").string
        let units = [
            "": 0, "B": 0, "KB": 10, "KiB": 10, "MB": 20, "MiB": 20, "GB": 30, "GiB": 30, "TB": 40, "TiB": 40, "PB": 50, "PiB": 50,
        ]
        var rest = text[...]
        var total = 0
        repeat {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(unit.count)
            // Fractions are exact where they are of bytes.
            let number = Int(digits).map(Double.init(exactly:)) ?? (digits.hasPrefix(".") ? nil : Double(digits))
            guard let number, let shift = units[String(unit)], !unit.isEmpty || !needsUnit && !digits.contains(".") || text == "0",
                let bytes = Int(exactly: (number * Double(1 << shift)).rounded(.down)),
                case let (sum, overflow) = total.addingReportingOverflow(bytes),
                !overflow
            else {
                throw error("not a size: “\(text)”; write it like 64MB or 10GB")
            }
            total = sum
        } while !rest.isEmpty
        return total
    }

    /// The text of one of the allowed words.
    func word(of allowed: [String]) throws(ConfigurationError) -> String {
        let text = try string()
        guard allowed.contains(text) else { throw error("“\(text)” is none of \(allowed.joined(separator: ", "))") }
        return text
    }

    /// An address that begins with http or https and has a host.
    func httpURL() throws(ConfigurationError) -> String {
        let text = try nonEmptyString()
        guard text.hasPrefix("http://") || text.hasPrefix("https://") else { throw error("URL scheme must be 'http' or 'https'") }
        let authority = text.drop { $0 != "/" }.dropFirst(2).prefix { !"/?#".contains($0) }
        let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        if host.isEmpty { throw error("host is missing in URL") }
        guard !host.contains(where: { $0.isWhitespace || "%<>\"".contains($0) }), host.contains("[") == host.contains("]") else {
            throw error("“\(host)” is not a host")
        }
        return text
    }

    func list() throws(ConfigurationError) -> [YAMLValue] {
        if isNull { return [] }
        guard case .sequence(let items) = node else { throw error("must be a list") }
        return items.enumerated().map { YAMLValue(node: $1, file: file, path: "\(path)[\($0)]") }
    }

    func strings() throws(ConfigurationError) -> [String] {
        var all: [String] = []
        for value in try list() { all.append(try value.string()) }
        return all
    }

    func mapping() throws(ConfigurationError) -> YAMLMapping {
        if isNull { return YAMLMapping(of: self, pairs: []) }
        guard case .mapping(let mapping) = node else { throw error("must be a mapping (key: value)") }
        return YAMLMapping(of: self, pairs: try merged(mapping.map { ($0.key, $0.value) }, depth: 0))
    }

    /// Pairs with those that `<<` merges in behind them; what is written out goes before what is merged.
    private func merged(_ pairs: [(key: Node, value: Node)], depth: Int) throws(ConfigurationError) -> [(key: Node, value: Node)] {
        func isMerge(_ key: Node) -> Bool {
            guard case .scalar(let scalar) = key else { return false }
            return scalar.string == "<<" && scalar.style == .plain
        }
        guard pairs.contains(where: { isMerge($0.key) }) else { return pairs }
        if depth > 16 { throw error("merges (<<) are nested too deep") }
        var all = pairs.filter { !isMerge($0.key) }
        var names = Set(all.compactMap { $0.key.scalar?.string })
        for pair in pairs where isMerge(pair.key) {
            let sources: [Node]
            if case .sequence(let list) = pair.value { sources = Array(list) } else { sources = [pair.value] }
            for source in sources {
                guard case .mapping(let mapping) = source else {
                    throw YAMLValue(node: pair.value, file: file, path: path).error("<< merges mappings only")
                }
                for one in try merged(mapping.map { ($0.key, $0.value) }, depth: depth + 1) {
                    if let name = one.key.scalar?.string, !names.insert(name).inserted { continue }
                    all.append(one)
                }
            }
        }
        return all
    }

    /// A mapping of label names to values.
    func labels() throws(ConfigurationError) -> [Label] {
        var labels: [Label] = []
        for (name, value) in try mapping().all() { labels.append(Label(name, try value.string())) }
        return labels
    }
}

extension Node {
    var isSequence: Bool {
        if case .sequence = self { return true }
        return false
    }

    var isMapping: Bool {
        if case .mapping = self { return true }
        return false
    }
}

extension ConfigurationError {
    init(_ error: YamlError, file: String) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
            self.init(file: file, line: mark.line, column: mark.column, message: problem)
        case .duplicatedKeysInMapping(let duplicates, let context):
            let names = duplicates.joined(separator: ", ")
            self.init(file: file, line: context.mark.line, column: context.mark.column, message: "key given twice: \(names)")
        default:
            self.init(file: file, message: "\(error)")
        }
    }
}
