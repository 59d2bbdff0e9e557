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

/// Base64 as RFC 4648 section 4 has it.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func text(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let rest = bytes[start..<min(start + 3, bytes.count)]
            var group: UInt32 = 0
            for byte in rest { group = group << 8 | UInt32(byte) }
            group <<= UInt32(8 * (3 - rest.count))
            for place in 0..<4 { out.append(place <= rest.count ? alphabet[Int(group >> UInt32(18 - 6 * place) & 63)] : UInt8(ascii: "=")) }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// nil where the text is no base64.
    static func bytes(_ text: String) -> [UInt8]? {
        var out: [UInt8] = []
        var group: UInt32 = 0
        var bits = 0
        for byte in text.utf8 where byte != UInt8(ascii: "=") {
            let plain = byte == UInt8(ascii: "-") ? UInt8(ascii: "+") : byte == UInt8(ascii: "_") ? UInt8(ascii: "/") : byte
            guard let digit = alphabet.firstIndex(of: plain) else { return nil }
            group = group << 6 | UInt32(digit)
            bits += 6
            if bits >= 8 {
                bits -= 8
                out.append(UInt8(truncatingIfNeeded: group >> UInt32(bits)))
            }
        }
        return out
    }
}
