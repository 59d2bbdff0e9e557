import VardeKernels

/// Sample values as text, the way Prometheus' API and exposition write them: the shortest digits that read back as the same double,
/// without exponent from 1e-6 up to 1e21.
package enum SampleText {
    package static func append(_ value: Double, to out: inout [UInt8]) { NumberText.append(value, to: &out) }

    /// `d.ddde+dd`: at least two digits in the exponent.
    static func appendScientific(_ digits: [UInt8], _ exponent: Int, to out: inout [UInt8]) {
        out.append(digits[0])
        if digits.count > 1 {
            out.append(UInt8(ascii: "."))
            out += digits[1...]
        }
        out.append(UInt8(ascii: "e"))
        out.append(UInt8(ascii: exponent < 0 ? "-" : "+"))
        let text = String(abs(exponent))
        if text.utf8.count < 2 { out.append(UInt8(ascii: "0")) }
        out += text.utf8
    }

    /// Without an exponent, and without a point where nothing stands behind it.
    static func appendPlain(_ digits: [UInt8], _ exponent: Int, to out: inout [UInt8]) {
        if exponent < 0 {
            out += "0.".utf8
            out += Array(repeating: UInt8(ascii: "0"), count: -exponent - 1)
            out += digits
        } else if digits.count <= exponent + 1 {
            out += digits
            out += Array(repeating: UInt8(ascii: "0"), count: exponent + 1 - digits.count)
        } else {
            out += digits[...exponent]
            out.append(UInt8(ascii: "."))
            out += digits[(exponent + 1)...]
        }
    }

    package static func text(_ value: Double) -> String {
        var out: [UInt8] = []
        append(value, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    /// Sign, shortest digits without leading or trailing zeros, and the power of ten of the first digit.
    static func decimal(_ value: Double) -> (negative: Bool, digits: [UInt8], exponent: Int) {
        var digits: [UInt8] = []
        var exponent = 0
        var point: Int?
        var negative = false
        var text = Array(value.description.utf8)[...]
        if let e = text.firstIndex(of: UInt8(ascii: "e")) {
            exponent = Int(String(decoding: text[(e + 1)...], as: UTF8.self)) ?? 0
            text = text[..<e]
        }
        for byte in text {
            switch byte {
            case UInt8(ascii: "-"): negative = true
            case UInt8(ascii: "."): point = digits.count
            default: digits.append(byte)
            }
        }
        exponent += (point ?? digits.count) - 1
        let leading = digits.prefix { $0 == UInt8(ascii: "0") }.count
        digits.removeFirst(leading)
        exponent -= leading
        while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return (negative, digits, exponent)
    }
}
