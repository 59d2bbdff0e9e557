/// A value inside a template.
indirect enum TemplateValue: Sendable, Equatable {
    case none
    case string(String)
    case integer(Int64)
    case float(Double)
    case bool(Bool)
    /// Nanoseconds since the epoch.
    case time(Int64)
    case list([TemplateValue])
    case map([String: TemplateValue])
    /// The labels of the line.
    case labels

    /// Whether `if` and `with` take it for true.
    var isTrue: Bool {
        switch self {
        case .none: false
        case .string(let text): !text.isEmpty
        case .integer(let value): value != 0
        case .float(let value): value != 0
        case .bool(let value): value
        case .time, .labels: true
        case .list(let items): !items.isEmpty
        case .map(let items): !items.isEmpty
        }
    }

    /// As Go prints it.
    var text: String {
        switch self {
        case .none: "<no value>"
        case .string(let text): text
        case .integer(let value): "\(value)"
        case .float(let value): TemplateNumbers.general(value)
        case .bool(let value): value ? "true" : "false"
        case .time(let value): TemplateTime.goText(value)
        case .list(let items): "[" + items.map(\.text).joined(separator: " ") + "]"
        case .map(let items):
            "map["
                + items.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { "\($0.key):\($0.value.text)" }
                .joined(separator: " ") + "]"
        case .labels: "map[]"
        }
    }

    /// As a number, as sprig casts: texts are read, all else is 0.
    var number: Double {
        switch self {
        case .integer(let value): Double(value)
        case .float(let value): value
        case .string(let text): LogQLUnits.goFloat(text) ?? 0
        case .bool(let value): value ? 1 : 0
        default: 0
        }
    }

    var integer: Int64 {
        switch self {
        case .integer(let value): value
        case .string(let text): Int64(text) ?? Int64(clamping: LogQLUnits.goFloat(text) ?? 0)
        default: Int64(clamping: number)
        }
    }
}

extension Int64 {
    /// The whole part of a number, held inside the range; 0 for what is no number.
    init(clamping value: Double) {
        self = value.isNaN ? 0 : value >= 0x1p63 ? .max : value <= -0x1p63 ? .min : Int64(value)
    }
}

/// Numbers as Go's `%v` writes them.
enum TemplateNumbers {
    /// Shortest digits; an exponent below 1e-4 and from 1e21 on.
    static func general(_ value: Double) -> String {
        if value.isFinite, value != 0, value.magnitude >= 1e-4, value.magnitude < 1e21 { return FloatText.plain(value) }
        return FloatText.general(value)
    }
}
