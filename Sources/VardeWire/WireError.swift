/// Bytes from a sender that are not what they should be: what is wrong, and at which byte.
package struct WireError: Error, Sendable, Equatable, CustomStringConvertible {
    package var message: String
    /// Byte offset in the decompressed body, where it is known.
    package var offset: Int?

    package init(_ message: String, at offset: Int? = nil) {
        self.message = message
        self.offset = offset
    }

    package var description: String { offset.map { "\(message) (at byte \($0))" } ?? message }
}
