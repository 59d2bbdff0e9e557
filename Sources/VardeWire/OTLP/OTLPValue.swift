import VardeKernels
import VardeModel

/// Takes personal data out of what is written otherwise before anybody else would look for it: bytes in base64, members of maps under
/// names of their own, names with underscores for their signs.
package struct OTLPRedaction: Sendable {
    /// Of a text that is known by a name.
    package var text: @Sendable (_ name: String, _ text: String) -> String
    /// Of a text somewhere within the value of a key.
    package var part: @Sendable (_ key: String, _ text: String) -> String
    /// Of a metric or an attribute.
    package var name: @Sendable (String) -> String

    package init(
        text: @escaping @Sendable (_ name: String, _ text: String) -> String,
        part: @escaping @Sendable (_ key: String, _ text: String) -> String, name: @escaping @Sendable (String) -> String
    ) {
        self.text = text
        self.part = part
        self.name = name
    }

    /// Everything stays.
    package static let none = OTLPRedaction(text: { $1 }, part: { $1 }, name: { $0 })
}

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
    ///
    /// - Parameters:
    ///   - name: by which the value is known.
    ///   - redact: takes personal data out of bytes that are text: in base64 nobody would find it.
    func text(_ name: String = "", _ redact: OTLPRedaction) -> String {
        switch self {
        case .none: ""
        case .string(let text): text
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .double(let value): SampleText.text(value)
        case .bytes(let bytes):
            Base64.text(UTF8Check.isValid(bytes.span) ? Array(redact.text(name, String(decoding: bytes, as: UTF8.self)).utf8) : bytes)
        case .array, .map:
            {
                var out = JSONWriter()
                writeJSON(to: &out, name, redact)
                return String(decoding: out.bytes, as: UTF8.self)
            }()
        }
    }

    private func writeJSON(to out: inout JSONWriter, _ name: String, _ redact: OTLPRedaction) {
        switch self {
        case .none: out.raw("null")
        case .bool, .integer: out.raw(text("", redact))
        case .double(let value): if value.isFinite { out.raw(text("", redact)) } else { out.string(text("", redact)) }
        case .string, .bytes: out.string(text(name, redact))
        case .array(let elements):
            out.raw("[")
            for (index, element) in elements.enumerated() {
                if index > 0 { out.raw(",") }
                element.writeJSON(to: &out, name, redact)
            }
            out.raw("]")
        case .map(let members):
            out.raw("{")
            for (index, member) in members.sorted(by: { $0.key.utf8Precedes($1.key) }).enumerated() {
                if index > 0 { out.raw(",") }
                out.string(member.key)
                out.raw(":")
                member.value.writeJSON(to: &out, member.key, redact)
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
