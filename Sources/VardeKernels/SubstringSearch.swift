import CVardeKernels

/// Exact search for bytes in bytes.
package enum SubstringSearch {
    /// Offset of the first occurrence of `needle` at or after `from`, nil where there is none.
    package static func firstOffset(of needle: Span<UInt8>, in haystack: Span<UInt8>, from: Int = 0) -> Int? {
        let found = varde_find(haystack, from, needle)
        return found < 0 ? nil : Int(found)
    }
}
