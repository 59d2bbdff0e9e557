import Foundation

/// As much of JSON Schema as OpenAPI descriptions of answers use, to hold answers against.
///
/// What it does not know in a schema it reports as a fault of its own: nothing passes unseen.
public struct JSONSchema {
    private let document: [String: Any]

    /// - Parameter document: a whole OpenAPI document, for references into it.
    public init(document: [String: Any]) {
        self.document = document
    }

    private static let known: Set<String> = [
        "type", "properties", "required", "additionalProperties", "items", "enum", "anyOf", "oneOf", "allOf", "$ref", "minItems",
        "maxItems",
        "format", "description", "example", "examples", "default", "title",
    ]

    /// What in `value` the schema does not allow, in words, each with its place.
    public func faults(_ value: Any, _ schema: [String: Any], _ path: String = "$") -> [String] {
        if let reference = schema["$ref"] as? String {
            guard let target = resolve(reference) else { return ["\(path): the schema refers to \(reference), which is not there"] }
            return faults(value, target, path)
        }
        var found = Set(schema.keys).subtracting(Self.known).sorted().map { "\(path): this test does not know \($0) of schemas" }
        if let type = schema["type"] as? String, !Self.has(value, type) {
            return found + ["\(path): not of type \(type): \(Self.short(value))"]
        }
        if let allowed = schema["enum"] as? [Any], !allowed.contains(where: { "\($0)" == "\(value)" }) {
            found.append("\(path): \(Self.short(value)) is none of \(allowed)")
        }
        if let format = schema["format"] as? String, format == "date-time", let text = value as? String, !Self.isDateTime(text) {
            found.append("\(path): \(text) is no date and time")
        }
        if let object = value as? [String: Any] { found += objectFaults(object, schema, path) }
        if let list = value as? [Any] { found += listFaults(list, schema, path) }
        for key in ["anyOf", "oneOf"] {
            guard let choices = schema[key] as? [[String: Any]] else { continue }
            let fits = choices.map { faults(value, $0, path) }
            let count = fits.count { $0.isEmpty }
            if count == 0 || key == "oneOf" && count > 1 {
                found.append("\(path): fits \(count) of the choices of \(key): \(fits.flatMap { $0 }.prefix(3).joined(separator: "; "))")
            }
        }
        for part in schema["allOf"] as? [[String: Any]] ?? [] { found += faults(value, part, path) }
        return found
    }

    private func objectFaults(_ object: [String: Any], _ schema: [String: Any], _ path: String) -> [String] {
        let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
        var found = (schema["required"] as? [String] ?? []).filter { object[$0] == nil }.map { "\(path): lacks \($0)" }
        for (name, value) in object.sorted(by: { $0.key < $1.key }) {
            let place = "\(path).\(name)"
            if let own = properties[name] {
                found += faults(value, own, place)
            } else if let rest = schema["additionalProperties"] as? [String: Any] {
                found += faults(value, rest, place)
            } else if schema["additionalProperties"] as? Bool == false {
                found.append("\(place): not in the schema")
            }
        }
        return found
    }

    private func listFaults(_ list: [Any], _ schema: [String: Any], _ path: String) -> [String] {
        var found: [String] = []
        if let least = schema["minItems"] as? Int, list.count < least { found.append("\(path): \(list.count) items, at least \(least)") }
        if let most = schema["maxItems"] as? Int, list.count > most { found.append("\(path): \(list.count) items, at most \(most)") }
        if let items = schema["items"] as? [String: Any] {
            for (index, item) in list.enumerated() { found += faults(item, items, "\(path)[\(index)]") }
        }
        return found
    }

    private func resolve(_ reference: String) -> [String: Any]? {
        var at: Any = document
        for part in reference.split(separator: "/").dropFirst() {
            guard let next = (at as? [String: Any])?[String(part)] else { return nil }
            at = next
        }
        return at as? [String: Any]
    }

    private static func has(_ value: Any, _ type: String) -> Bool {
        switch type {
        case "object": value is [String: Any]
        case "array": value is [Any]
        case "string": value is String
        case "boolean": isBool(value)
        case "integer": (value as? NSNumber).map { !isBool($0) && $0.doubleValue == $0.doubleValue.rounded() } ?? false
        case "number": value is NSNumber && !isBool(value)
        case "null": value is NSNull
        default: false
        }
    }

    /// Foundation keeps truth values as numbers of a type of their own.
    private static func isBool(_ value: Any) -> Bool {
        guard let number = value as? NSNumber else { return false }
        return String(cString: number.objCType) == "c" && !(value is String)
    }

    private static func isDateTime(_ text: String) -> Bool {
        text.wholeMatch(of: #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/#) != nil
    }

    private static func short(_ value: Any) -> String { String("\(value)".prefix(120)) }
}
