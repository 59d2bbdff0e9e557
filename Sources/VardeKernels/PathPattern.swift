import CVardeKernels

/// Shell patterns for paths: `*`, `?`, `[a-z]` and `{a,b}`, none of which passes over a slash.
package enum PathPattern {
    /// Paths there are now, sorted; none where a directory cannot be read.
    package static func paths(_ pattern: String) -> [String] {
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            var span = buffer.mutableSpan
            let size = varde_path_glob(Array(pattern.utf8).span, &span)
            if size < 0 { return [] }
            if size <= buffer.count {
                return buffer[..<Int(size)].split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            }
            buffer = [UInt8](repeating: 0, count: Int(size) * 2)
        }
    }

    /// Whether a path is one the pattern names; a pattern without a slash is held against the last part of the path.
    package static func matches(_ pattern: String, _ path: String) -> Bool {
        varde_path_matches(Array(pattern.utf8).span, Array(path.utf8).span) == 1
    }
}
