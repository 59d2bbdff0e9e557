import VardeKernels

/// Numbers in the labels `le` and `quantile`, in the one form Prometheus 3 brings them to: `1.0`, `0.05`, `1e+06`, `+Inf`.
enum LabelFloat {
    static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value == 0 { return value.sign == .minus ? "-0.0" : "0.0" }
        let (negative, digits, exponent) = SampleText.decimal(value)
        var out = negative ? [UInt8(ascii: "-")] : []
        if exponent < -4 || exponent >= 6 {
            SampleText.appendScientific(digits, exponent, to: &out)
        } else {
            SampleText.appendPlain(digits, exponent, to: &out)
            if digits.count <= exponent + 1 { out += ".0".utf8 }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The one form of a number as it was written; what is no number stays as it is.
    static func normalized(_ text: String) -> String {
        DecimalParser.double(Array(text.utf8).span).map(Self.text) ?? text
    }
}
