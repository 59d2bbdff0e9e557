/// Why bytes could not be decompressed.
package enum DecompressionError: Error, Sendable, Equatable {
    /// The bytes are not what the encoding promises: cut short, damaged, or something else altogether.
    case malformed(encoding: String)
    /// The output would be larger than the limit, in bytes; nothing of that size was allocated.
    case tooLarge(encoding: String, limit: Int)
}
