/// Numbers as text in the forms Go writes them, which Prometheus' clients and messages show.
package enum FloatText {
    /// Shortest decimal digits of a finite magnitude and the place of its decimal point: 0.digits × 10^point.
    private static func shortest(_ magnitude: Double) -> (digits: [UInt8], point: Int) {
        if magnitude == 0 { return ([UInt8(ascii: "0")], 1) }
        var digits: [UInt8] = []
        var point = 0
        var sawPoint = false
        var exponent = 0
        var text = Array(magnitude.description.utf8)[...]
        if let e = text.firstIndex(of: UInt8(ascii: "e")) {
            exponent = Int(String(decoding: text[(e + 1)...], as: UTF8.self)) ?? 0
            text = text[..<e]
        }
        for byte in text {
            if byte == UInt8(ascii: ".") {
                sawPoint = true
                continue
            }
            digits.append(byte)
            if !sawPoint { point += 1 }
        }
        let zeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
        digits.removeFirst(zeros)
        point -= zeros
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return (digits, point + exponent)
    }

    private static func special(_ value: Double) -> String? {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return nil
    }

    private static func plainText(_ value: Double, _ digits: [UInt8], _ point: Int) -> String {
        var out: [UInt8] = value.sign == .minus ? [UInt8(ascii: "-")] : []
        if point <= 0 {
            out += Array("0.".utf8)
            out += [UInt8](repeating: UInt8(ascii: "0"), count: -point)
            out += digits
        } else if digits.count <= point {
            out += digits
            out += [UInt8](repeating: UInt8(ascii: "0"), count: point - digits.count)
        } else {
            out += digits[..<point]
            out.append(UInt8(ascii: "."))
            out += digits[point...]
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func exponentText(_ value: Double, _ digits: [UInt8], _ point: Int, minDigits: Int) -> String {
        var text = value.sign == .minus ? "-" : ""
        text += String(decoding: digits[..<1], as: UTF8.self)
        if digits.count > 1 { text += "." + String(decoding: digits[1...], as: UTF8.self) }
        let exponent = point - 1
        let magnitude = String(exponent.magnitude)
        return text + (exponent < 0 ? "e-" : "e+") + String(repeating: "0", count: max(0, minDigits - magnitude.utf8.count)) + magnitude
    }

    /// Shortest digits that read back the same, never an exponent: `0.000001`, `100000000000000000000`.
    package static func plain(_ value: Double) -> String {
        if let special = special(value) { return special }
        let (digits, point) = shortest(value.magnitude)
        return value == 0 ? (value.sign == .minus ? "-0" : "0") : plainText(value, digits, point)
    }

    /// As Go's `%g` and `%v`: an exponent of at least two digits below 1e-4 and from 1e+06 on, with the shortest digits.
    package static func general(_ value: Double) -> String {
        if let special = special(value) { return special }
        if value == 0 { return value.sign == .minus ? "-0" : "0" }
        let (digits, point) = shortest(value.magnitude)
        return point - 1 < -4 || point - 1 >= 6 ? exponentText(value, digits, point, minDigits: 2) : plainText(value, digits, point)
    }

    /// As Prometheus' API writes sample values: an exponent below 1e-6 and from 1e21 on, without leading zeros.
    package static func api(_ value: Double) -> String {
        if let special = special(value) { return special }
        if value == 0 { return value.sign == .minus ? "-0" : "0" }
        let (digits, point) = shortest(value.magnitude)
        if value.magnitude < 1e-6 || value.magnitude >= 1e21 { return exponentText(value, digits, point, minDigits: 1) }
        return plainText(value, digits, point)
    }

    /// As OpenMetrics writes label values that are numbers: always with a point or an exponent.
    package static func openMetrics(_ value: Double) -> String {
        let text = general(value)
        if special(value) != nil || text.utf8.contains(UInt8(ascii: ".")) || text.utf8.contains(UInt8(ascii: "e")) { return text }
        return text + ".0"
    }
}

extension FloatText {
    /// As Go's `%.2g`: two significant digits.
    package static func twoDigits(_ value: Double) -> String {
        guard value.isFinite, value != 0 else { return general(value) }
        var exponent = 0
        var scaled = value.magnitude
        while scaled >= 10 {
            scaled /= 10
            exponent += 1
        }
        while scaled < 1 {
            scaled *= 10
            exponent -= 1
        }
        var digits = Int((scaled * 10).rounded(.toNearestOrEven))
        if digits == 100 {
            digits = 10
            exponent += 1
        }
        let sign = value < 0 ? "-" : ""
        if exponent < -4 || exponent >= 2 {
            let magnitude = String(exponent.magnitude)
            let mantissa = digits % 10 == 0 ? "\(digits / 10)" : "\(digits / 10).\(digits % 10)"
            return sign + mantissa + (exponent < 0 ? "e-" : "e+") + (magnitude.utf8.count < 2 ? "0" : "") + magnitude
        }
        if exponent == 1 { return sign + "\(digits)" }
        if exponent == 0 { return sign + (digits % 10 == 0 ? "\(digits / 10)" : "\(digits / 10).\(digits % 10)") }
        let trimmed = digits % 10 == 0 ? digits / 10 : digits
        return sign + "0." + String(repeating: "0", count: -exponent - 1) + "\(trimmed)"
    }
}
