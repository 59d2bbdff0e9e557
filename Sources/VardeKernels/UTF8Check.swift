/// Whether bytes are UTF-8.
package enum UTF8Check {
    /// Complexity: O(count); eight bytes a step as long as they are ASCII.
    package static func isValid(_ bytes: Span<UInt8>) -> Bool {
        var at = 0
        while at + 8 <= bytes.count, Bytes.load64(bytes, at: at) & 0x8080_8080_8080_8080 == 0 { at &+= 8 }
        if at + 8 > bytes.count {
            var rest = at
            while rest < bytes.count, bytes[rest] < 0x80 { rest &+= 1 }
            if rest == bytes.count { return true }
        }
        return (try? UTF8Span(validating: bytes.extracting(at..<bytes.count))) != nil
    }
}
