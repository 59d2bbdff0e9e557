import CVardeKernels

/// Small files only their owner may read.
package enum PrivateFile {
    /// Why a file cannot be read.
    package enum Failure: Error, Sendable, Equatable {
        case absent
        /// Group or others may read it; its mode.
        case readableByOthers(mode: Int)
        /// A directory, a link, a device, or too large.
        case notAFile
        case system(String)
    }

    /// The whole file: regular, no link, mode 0600 or less.
    package static func read(_ path: String, maxSize: Int) -> Result<[UInt8], Failure> {
        var bytes = [UInt8](repeating: 0, count: maxSize)
        var span = bytes.mutableSpan
        let count = varde_private_file_read(path.utf8Span.span, &span)
        if count >= 0 {
            bytes.removeSubrange(Int(count)...)
            return .success(bytes)
        }
        if count <= Int64(VARDE_PRIVATE_MODE) { return .failure(.readableByOthers(mode: Int(Int64(VARDE_PRIVATE_MODE) - count))) }
        if count <= -100_000 { return .failure(.notAFile) }
        return .failure(count == -2 ? .absent : .system(reason(count)))
    }

    /// Puts a file of mode 0600 in the place of another in one step, synced; nil, or why not.
    package static func write(_ bytes: [UInt8], to path: String) -> String? {
        let result = varde_private_file_write(path.utf8Span.span, bytes.span)
        return result < 0 ? reason(result) : nil
    }

    /// Whether a path, links followed, lies in a directory. What cannot be told counts as inside.
    package static func isInside(_ path: String, directory: String) -> Bool {
        varde_path_is_inside(path.utf8Span.span, directory.utf8Span.span) != 0
    }

    private static func reason(_ result: Int64) -> String {
        var text = [UInt8](repeating: 0, count: 256)
        var span = text.mutableSpan
        let size = varde_error_text(Int32(-result), &span)
        return String(decoding: text[..<Int(size)], as: UTF8.self)
    }
}
