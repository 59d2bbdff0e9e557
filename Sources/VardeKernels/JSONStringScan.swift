import CVardeKernels

/// Strings of JSON, searched many bytes at a time.
package enum JSONStringScan {
    /// Where, from `from` on, the first quote, backslash or control character stands; the end where there is none.
    package static func plainEnd(_ bytes: Span<UInt8>, from: Int) -> Int {
        precondition(from >= 0 && from <= bytes.count, "scan begins outside the bytes")
        return Int(varde_json_plain_end(bytes, from))
    }
}
