import CVardeKernels

/// The addresses of a host, as the system resolves its name.
package enum HostAddresses {
    /// Why a name has no address.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        package var description: String

        package init(_ description: String) { self.description = description }
    }

    /// Bytes of addresses taken at most: more than two hundred of them.
    private static let capacity = 8_192

    /// Every address of a name, in the system's order. Blocks.
    package static func resolve(_ host: String) throws(Failure) -> [String] {
        var bytes = [UInt8](repeating: 0, count: capacity)
        var span = bytes.mutableSpan
        let size = varde_resolve(host.utf8Span.span, &span)
        guard size >= 0 else {
            var text = [UInt8](repeating: 0, count: 128)
            var output = text.mutableSpan
            let length = varde_resolve_error(size, &output)
            throw Failure(String(decoding: text[..<Int(length)], as: UTF8.self))
        }
        return bytes[..<Int(size)].split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
}
