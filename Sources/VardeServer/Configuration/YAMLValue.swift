import VardeModel
import Yams

/// One value of a configuration file: where it stands, what it is called, and its readings as the types configuration knows.
struct YAMLValue {
    let node: Node
    let file: String
    /// Its place in words, such as `scrape_configs[2].job_name`.
    let path: String
    let remarks: Remarks

    /// What is worth saying of a document that is taken all the same, each with its place.
    final class Remarks {
        fileprivate(set) var texts: [String] = []
    }

    /// Reads the first document of a text, as Prometheus does; an empty one is an empty mapping.
    init(document text: String, file: String) throws(ConfigurationError) {
        self.file = file
        path = ""
        remarks = Remarks()
        do {
            if let line = text.split(separator: "\n").first(where: { !$0.hasPrefix("#") }), line.hasPrefix("%YAML"),
                line.wholeMatch(of: /%YAML\s+1\.1\s*(#.*)?/) == nil
            {
                throw ConfigurationError(file: file, line: 1, column: 1, message: "not a document of YAML 1.1")
            }
            let parser = try Parser(yaml: text)
            node = try parser.nextRoot() ?? Node([(Node, Node)]())
            // What is wrong with another document is nobody's concern, as it is not read.
            if (try? parser.nextRoot()) ?? nil != nil { warn("only the first document of the file is read") }
        } catch let error as YamlError {
            throw ConfigurationError(error, file: file)
        } catch let error as ConfigurationError {
            throw error
        } catch {
            throw ConfigurationError(file: file, message: "\(error)")
        }
    }

    private init(node: Node, file: String, path: String, remarks: Remarks) {
        self.node = node
        self.file = file
        self.path = path
        self.remarks = remarks
    }

    /// A value within this one.
    func part(_ node: Node, _ path: String) -> YAMLValue { YAMLValue(node: node, file: file, path: path, remarks: remarks) }

    /// An error at this value's place.
    func error(_ message: String) -> ConfigurationError {
        let subject = path.isEmpty ? "" : "\(path): "
        return ConfigurationError(file: file, line: node.mark?.line ?? 0, column: node.mark?.column ?? 0, message: subject + message)
    }

    /// Notes what may be meant otherwise than it is taken.
    func warn(_ message: String) { remarks.texts.append(error(message).description) }

    /// Whether nothing is written there (`key:` or `key: null`).
    var isNull: Bool {
        guard case .scalar(let scalar) = node else { return false }
        return YAMLScalar(scalar) == .null
    }

    /// Whether it is a text in quotes.
    var isQuoted: Bool {
        guard case .scalar(let scalar) = node else { return false }
        return scalar.style != .plain && scalar.style != .any
    }

    private func scalar(_ what: String) throws(ConfigurationError) -> (text: String, meaning: YAMLScalar) {
        guard case .scalar(let scalar) = node else { throw error("must be \(what), not a \(node.isMapping ? "mapping" : "list")") }
        let meaning = YAMLScalar(scalar)
        if case .unfit(let tag) = meaning { throw error("“\(scalar.string)” is not what \(tag) says") }
        return (scalar.string, meaning)
    }

    /// Why a scalar is not what is asked for.
    private func unfit(_ text: String, _ what: String) -> ConfigurationError {
        error("must be \(what), not “\(text)”\(isQuoted ? " in quotes" : "")")
    }

    func string() throws(ConfigurationError) -> String {
        let (text, meaning) = try scalar("a string")
        return switch meaning {
        case .null: ""
        case .text(let decoded): decoded
        default: text
        }
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
        let (text, meaning) = try scalar("true or false")
        guard case .bool(let truth) = meaning else { throw unfit(text, "true or false") }
        return truth
    }

    /// A whole number; what stands behind a point is left off, as in Prometheus. One that is too big for an `Int` is the biggest there is
    /// where the range allows that.
    func int(in range: ClosedRange<Int> = 0...Int.max) throws(ConfigurationError) -> Int {
        let (text, meaning) = try scalar("a whole number")
        let number: Int? =
            switch meaning {
            case .whole(let number): Int(number)
            case .unsigned: range == 0...Int.max ? Int.max : nil
            case .fraction(let number): Int(exactly: number.rounded(.towardZero))
            default: nil
            }
        guard let number else { throw unfit(text, "a whole number") }
        guard range.contains(number) else { throw error("\(number) is out of range: \(range.lowerBound) to \(range.upperBound)") }
        return number
    }

    /// A whole number of any size a `UInt64` has.
    func count() throws(ConfigurationError) -> UInt64 {
        let (text, meaning) = try scalar("a whole number")
        switch meaning {
        case .whole(let number) where number >= 0: return UInt64(number)
        case .unsigned(let number): return number
        case .fraction(let number) where number > -1 && number <= 0x1p64: return UInt64(exactly: number.rounded(.towardZero)) ?? .max
        default: throw unfit(text, "a whole number")
        }
    }

    func double() throws(ConfigurationError) -> Double {
        let (text, meaning) = try scalar("a number")
        switch meaning {
        case .whole(let number): return Double(number)
        case .unsigned(let number): return Double(number)
        case .fraction(let number): return number
        default: throw unfit(text, "a number")
        }
    }

    /// Milliseconds of a duration such as `15s` or `1h30m`.
    func duration(allowZero: Bool = true) throws(ConfigurationError) -> Int64 {
        let text = try scalar("a duration such as 15s").text
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
        let text = try scalar("a size such as 64MB").text
        let units = [
            "": 0, "B": 0, "KB": 10, "KiB": 10, "MB": 20, "MiB": 20, "GB": 30, "GiB": 30, "TB": 40, "TiB": 40, "PB": 50, "PiB": 50,
            "EB": 60, "EiB": 60,
        ]
        var rest = text.hasPrefix("+") ? text.dropFirst() : text[...]
        var total = 0
        repeat {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(unit.count)
            // Fractions are exact where they are of bytes.
            let number = digits == "." ? nil : Int(digits).map(Double.init(exactly:)) ?? Double("0\(digits)")
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

    /// An address that can be read as one, whatever it is of.
    func url() throws(ConfigurationError) -> (text: String, parts: URLText) {
        let text = try string()
        do throws(URLText.Fault) { return (text, try URLText(text)) } catch {
            throw self.error("“\(text)” is not an address: \(error.reason)")
        }
    }

    /// An address that begins with http or https and has a host.
    func httpURL() throws(ConfigurationError) -> String {
        let (text, parts) = try url()
        if text.isEmpty { throw error("must not be empty") }
        guard parts.scheme == "http" || parts.scheme == "https" else { throw error("URL scheme must be 'http' or 'https'") }
        if parts.host.isEmpty { throw error("host is missing in URL") }
        return text
    }

    /// An address things are sent to; one that cannot be is taken, as in Prometheus, and every request to it fails.
    func endpointURL() throws(ConfigurationError) -> String {
        let (text, parts) = try url()
        if !["http", "https"].contains(parts.scheme) || parts.host.isEmpty {
            warn("nothing can be sent to “\(text)”: an address begins with http:// or https:// and a host")
        }
        return text
    }

    func list() throws(ConfigurationError) -> [YAMLValue] {
        if isNull { return [] }
        guard case .sequence(let items) = node else { throw error("must be a list") }
        return items.enumerated().map { part($1, "\(path)[\($0)]") }
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
                    throw part(pair.value, path).error("<< merges mappings only")
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
        for (name, value) in try mapping().all() {
            if name.isEmpty { throw value.error("“” is not a valid label name") }
            labels.append(Label(name, try value.string()))
        }
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
        case .reader(let problem, let offset?, _, let text):
            let lines = text.utf8.prefix(offset).split(separator: 10, omittingEmptySubsequences: false)
            self.init(file: file, line: lines.count, column: (lines.last?.count ?? 0) + 1, message: problem)
        case .duplicatedKeysInMapping(let duplicates, let context):
            let names = duplicates.joined(separator: ", ")
            self.init(file: file, line: context.mark.line, column: context.mark.column, message: "key given twice: \(names)")
        default:
            self.init(file: file, message: "\(error)")
        }
    }
}
