import Foundation
import Yams

/// What a scalar of YAML means, by the rules of the YAML that Prometheus reads: 1.1, where `yes` is a truth, `017` octal and `1_000` a
/// number, and text in quotes is text.
enum YAMLScalar: Equatable {
    case null
    case bool(Bool)
    /// A whole number; those above `Int64.max` are `unsigned`.
    case whole(Int64)
    case unsigned(UInt64)
    case fraction(Double)
    case text(String)
    /// A tag (`!!float x`) that the text does not fit.
    case unfit(tag: String)

    init(_ scalar: Node.Scalar) {
        let tag = scalar.tag.rawValue
        let isPlain = scalar.style == .plain || scalar.style == .any
        guard tag.hasPrefix(Self.tagPrefix) else {
            self = tag.isEmpty && isPlain ? Self(plain: scalar.string) : .text(scalar.string)
            return
        }
        let kind = tag.dropFirst(Self.tagPrefix.count)
        switch kind {
        case "str": self = .text(scalar.string)
        case "binary":
            let decoded = Data(base64Encoded: scalar.string.filter { !$0.isWhitespace })
            self = decoded.map { .text(String(decoding: $0, as: UTF8.self)) } ?? .unfit(tag: "!!binary")
        case "null", "bool", "int", "float":
            let meant = Self(plain: scalar.string)
            self = meant.isOf(kind) ? meant : .unfit(tag: "!!\(kind)")
        default: self = .text(scalar.string)
        }
    }

    private static let tagPrefix = "tag:yaml.org,2002:"

    private func isOf(_ kind: Substring) -> Bool {
        switch self {
        case .null: kind == "null"
        case .bool: kind == "bool"
        case .whole, .unsigned: kind == "int" || kind == "float"
        case .fraction: kind == "float"
        case .text, .unfit: false
        }
    }

    /// The meaning of a text without quotes.
    init(plain text: String) {
        switch text {
        case "", "~", "null", "Null", "NULL": self = .null
        case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y": self = .bool(true)
        case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N": self = .bool(false)
        case ".nan", ".NaN", ".NAN": self = .fraction(.nan)
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": self = .fraction(.infinity)
        case "-.inf", "-.Inf", "-.INF": self = .fraction(-.infinity)
        default:
            guard let first = text.utf8.first, "0123456789+-.".utf8.contains(first) else {
                self = .text(text)
                return
            }
            let digits = text.replacing("_", with: "")
            self = (first == UInt8(ascii: ".") ? nil : Self.whole(digits)) ?? Self.fraction(digits) ?? .text(text)
        }
    }

    /// A whole number with the prefixes of Go's literals; `017` is octal.
    private static func whole(_ text: String) -> YAMLScalar? {
        let isNegative = text.hasPrefix("-")
        let digits = (isNegative || text.hasPrefix("+") ? text.dropFirst() : text[...]).lowercased()
        var magnitude: UInt64?
        if let (prefix, radix) = [("0x", 16), ("0o", 8), ("0b", 2)].first(where: { digits.hasPrefix($0.0) }) {
            magnitude = number(digits.dropFirst(prefix.count), radix)
        } else {
            magnitude = number(digits[...], digits.count > 1 && digits.hasPrefix("0") ? 8 : 10)
        }
        guard let magnitude else { return nil }
        if !isNegative { return Int64(exactly: magnitude).map { .whole($0) } ?? .unsigned(magnitude) }
        return magnitude <= Int64.min.magnitude ? .whole(Int64(truncatingIfNeeded: 0 &- magnitude)) : nil
    }

    private static func number(_ digits: Substring, _ radix: Int) -> UInt64? {
        guard let first = digits.first, first != "+", first != "-" else { return nil }
        return UInt64(digits, radix: radix)
    }

    /// A number with a point or an exponent; one that no `Double` comes near is none.
    private static func fraction(_ text: String) -> YAMLScalar? {
        guard text.wholeMatch(of: /[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?/) != nil, let number = Double(text),
            number.isFinite
        else { return nil }
        return .fraction(number)
    }
}
