import VardeWire

/// A JSON document as a tree, for the answers discovery reads: small, and asked in many places.
indirect enum JSONTree: Sendable, Equatable {
    case object([String: JSONTree])
    case array([JSONTree])
    case string(String)
    /// As written.
    case number(String)
    case bool(Bool)
    case null

    init(_ bytes: Span<UInt8>) throws(WireError) {
        var reader = JSONReader()
        self = try Self.read(&reader, bytes)
        guard reader.isAtEnd(bytes) else { throw WireError("JSON: text after the document", at: reader.at) }
    }

    private static func read(_ reader: inout JSONReader, _ bytes: Span<UInt8>) throws(WireError) -> JSONTree {
        switch try reader.kind(bytes) {
        case .object:
            var pairs: [String: JSONTree] = [:]
            try reader.object(bytes) { (reader, key) throws(WireError) in pairs[key] = try read(&reader, bytes) }
            return .object(pairs)
        case .array:
            var items: [JSONTree] = []
            try reader.array(bytes) { (reader, _) throws(WireError) in items.append(try read(&reader, bytes)) }
            return .array(items)
        case .string: return .string(try reader.string(bytes))
        case .number: return .number(try reader.number(bytes))
        case .literal:
            let range = try reader.skip(bytes)
            return range.count == 4 ? bytes[range.lowerBound] == UInt8(ascii: "t") ? .bool(true) : .null : .bool(false)
        }
    }

    subscript(key: String) -> JSONTree {
        if case .object(let pairs) = self { return pairs[key] ?? .null }
        return .null
    }

    var list: [JSONTree] { if case .array(let items) = self { items } else { [] } }
    /// Pairs sorted by key.
    var pairs: [(key: String, value: JSONTree)] {
        if case .object(let pairs) = self { pairs.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } } else { [] }
    }

    /// The text of a string, number or truth value, empty for the rest.
    var text: String {
        switch self {
        case .string(let text), .number(let text): text
        case .bool(let value): value ? "true" : "false"
        default: ""
        }
    }

    var isNull: Bool { self == .null }
    var isString: Bool { if case .string = self { true } else { false } }
}
