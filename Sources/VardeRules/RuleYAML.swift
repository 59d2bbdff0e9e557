import VardeModel
import Yams

/// A value of a rule file or a unit test of rules, with its place in the file.
struct RuleYAML {
    let node: Node

    /// Reads the first document of a text; an empty one is an empty mapping.
    init(text: String) throws(RuleFileError) {
        do {
            node = try Yams.compose(yaml: text) ?? Node([(Node, Node)]())
        } catch let error as YamlError {
            throw RuleFileError("yaml: \(error)")
        } catch {
            throw RuleFileError("yaml: \(error)")
        }
    }

    init(node: Node) {
        self.node = node
    }

    /// `line:column`.
    var place: String { "\(node.mark?.line ?? 0):\(node.mark?.column ?? 0)" }

    private func error(_ text: String) -> RuleFileError {
        RuleFileError("yaml: unmarshal errors:\n  line \(node.mark?.line ?? 0): \(text)")
    }

    var isNull: Bool {
        guard case .scalar(let scalar) = node else { return false }
        return scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    /// The fields of a mapping; others than those named are refused.
    ///
    /// - Parameter type: what the mapping is, in the words of the error.
    func fields(_ names: [String], of type: String) throws(RuleFileError) -> [String: RuleYAML] {
        if isNull { return [:] }
        guard let mapping = node.mapping else { throw error("cannot unmarshal \(kind) into \(type)") }
        var fields: [String: RuleYAML] = [:]
        for (key, value) in mapping {
            let name = key.string ?? ""
            let at = RuleYAML(node: key)
            if !names.contains(name) { throw at.error("field \(name) not found in type \(type)") }
            if fields[name] != nil { throw at.error("mapping key \(name.quoted) already defined") }
            fields[name] = RuleYAML(node: value)
        }
        return fields
    }

    private var kind: String {
        switch node {
        case .scalar(let scalar): "!!str `\(scalar.string.prefix(40))`"
        case .mapping: "!!map"
        case .sequence: "!!seq"
        default: "an alias"
        }
    }

    func list() throws(RuleFileError) -> [RuleYAML] {
        if isNull { return [] }
        guard let sequence = node.sequence else { throw error("cannot unmarshal \(kind) into a list") }
        return sequence.map { RuleYAML(node: $0) }
    }

    func text() throws(RuleFileError) -> String {
        if isNull { return "" }
        guard case .scalar(let scalar) = node else { throw error("cannot unmarshal \(kind) into string") }
        return scalar.string
    }

    /// Names and texts of a mapping, in the order of the file.
    func texts() throws(RuleFileError) -> [(String, String)] {
        if isNull { return [] }
        guard let mapping = node.mapping else { throw error("cannot unmarshal \(kind) into map[string]string") }
        var pairs: [(String, String)] = []
        for (key, value) in mapping { pairs.append((key.string ?? "", try RuleYAML(node: value).text())) }
        return pairs
    }

    func integer() throws(RuleFileError) -> Int {
        guard let number = Int(try text()) else { throw error("cannot unmarshal \(kind) into int") }
        return number
    }

    func number() throws(RuleFileError) -> Double {
        let text = try text()
        switch text.lowercased() {
        case ".nan", "nan": return .nan
        case ".inf", "+.inf", "inf", "+inf": return .infinity
        case "-.inf", "-inf": return -.infinity
        default:
            guard let number = Double(text) else { throw error("cannot unmarshal \(kind) into float64") }
            return number
        }
    }

    func boolean() throws(RuleFileError) -> Bool {
        switch try text().lowercased() {
        case "true", "yes", "on": return true
        case "false", "no", "off", "": return false
        default: throw error("cannot unmarshal \(kind) into bool")
        }
    }

    /// Milliseconds.
    func duration() throws(RuleFileError) -> Int64 {
        let text = try text()
        do throws(DurationText.Problem) { return try DurationText.parse(text) } catch { throw RuleFileError(error.reason) }
    }
}
