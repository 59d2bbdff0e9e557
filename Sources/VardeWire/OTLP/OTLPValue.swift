import VardeKernels
import VardeModel

/// A value of OpenTelemetry (`AnyValue`).
indirect enum OTLPValue: Sendable, Equatable {
    case none
    case string(String)
    case bool(Bool)
    case integer(Int64)
    case double(Double)
    case array([OTLPValue])
    case map([OTLPAttribute])
    case bytes([UInt8])

    /// As text, the way the collector's `AsString` has it: maps and arrays as JSON, bytes in base64.
    var text: String {
        switch self {
        case .none: ""
        case .string(let text): text
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .double(let value): SampleText.text(value)
        case .bytes(let bytes): Base64.text(bytes)
        case .array, .map:
            {
                var out = JSONWriter()
                writeJSON(to: &out)
                return String(decoding: out.bytes, as: UTF8.self)
            }()
        }
    }

    private func writeJSON(to out: inout JSONWriter) {
        switch self {
        case .none: out.raw("null")
        case .bool, .integer: out.raw(text)
        case .double(let value): if value.isFinite { out.raw(text) } else { out.string(text) }
        case .string, .bytes: out.string(text)
        case .array(let elements):
            out.raw("[")
            for (index, element) in elements.enumerated() {
                if index > 0 { out.raw(",") }
                element.writeJSON(to: &out)
            }
            out.raw("]")
        case .map(let members):
            out.raw("{")
            for (index, member) in members.sorted(by: { $0.key.utf8Precedes($1.key) }).enumerated() {
                if index > 0 { out.raw(",") }
                out.string(member.key)
                out.raw(":")
                member.value.writeJSON(to: &out)
            }
            out.raw("}")
        }
    }
}

/// A key and its value.
struct OTLPAttribute: Sendable, Equatable {
    var key: String
    var value: OTLPValue
}
