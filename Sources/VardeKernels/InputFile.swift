import CVardeKernels

/// A file or a stream that is read and never written: what a person or a pattern names, or standard input.
package final class InputFile: Sendable {
    /// Why something cannot be read.
    package struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        /// `errno`.
        package var code: Int32

        package var isNotFound: Bool { code == 2 }
        /// Too many files are open, in this process or on the machine.
        package var isTooManyFiles: Bool { code == 23 || code == 24 }

        /// In the system's words, such as `is a directory`.
        package var description: String {
            var text = [UInt8](repeating: 0, count: 256)
            var span = text.mutableSpan
            let size = varde_error_text(code, &span)
            let words = String(decoding: text[..<Int(size)], as: UTF8.self)
            return words.prefix(1).lowercased() + words.dropFirst()
        }
    }

    /// Which file it is, whatever it is called: a renamed one stays the same.
    package struct Identity: Hashable, Sendable {
        package var device: Int64
        package var inode: Int64

        package init(device: Int64, inode: Int64) {
            self.device = device
            self.inode = inode
        }
    }

    package struct Status: Sendable, Equatable {
        package var identity: Identity
        /// Bytes.
        package var size: Int
        package var isRegular: Bool
        /// When it was last written to, in nanoseconds.
        package var modified: Int64
    }

    package static let standardInput = InputFile(descriptor: 0)

    private let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }

    /// Opens a file; a directory is refused.
    ///
    /// - Parameter regularOnly: whether pipes and devices are refused as well, and never waited for.
    package convenience init(_ path: String, regularOnly: Bool = false) throws(Failure) {
        let result = varde_source_open(Array(path.utf8).span, regularOnly ? 1 : 0)
        if result < 0 { throw Failure(code: Int32(-result)) }
        self.init(descriptor: Int32(result))
    }

    deinit { if descriptor > 2 { _ = varde_file_close(descriptor) } }

    /// Replaces `output` by what comes next: at least a byte, waited for, and at most `count`; none at the end.
    package func read(upTo count: Int, into output: inout [UInt8]) throws(Failure) {
        if output.count != count { output = [UInt8](repeating: 0, count: count) }
        var span = output.mutableSpan
        let size = varde_source_read(descriptor, &span)
        if size < 0 { throw Failure(code: Int32(-size)) }
        output.removeLast(count - Int(size))
    }

    /// Replaces `output` by up to `count` bytes from `offset`; fewer only at the end of the file.
    package func read(at offset: Int, count: Int, into output: inout [UInt8]) throws(Failure) {
        if output.count != count { output = [UInt8](repeating: 0, count: count) }
        var span = output.mutableSpan
        let size = varde_file_read(descriptor, Int64(offset), &span)
        if size < 0 { throw Failure(code: Int32(-size)) }
        output.removeLast(count - Int(size))
    }

    package func status() throws(Failure) -> Status {
        var fields = [Int64](repeating: 0, count: Int(varde_stat_fields))
        var span = fields.mutableSpan
        let result = varde_source_stat(descriptor, &span)
        if result < 0 { throw Failure(code: Int32(-result)) }
        return Self.status(fields)
    }

    /// What stands at a path, links followed.
    package static func status(of path: String) throws(Failure) -> Status {
        var fields = [Int64](repeating: 0, count: Int(varde_stat_fields))
        var span = fields.mutableSpan
        let result = varde_path_stat(Array(path.utf8).span, &span)
        if result < 0 { throw Failure(code: Int32(-result)) }
        return status(fields)
    }

    private static func status(_ fields: [Int64]) -> Status {
        Status(
            identity: Identity(device: fields[Int(varde_stat_device)], inode: fields[Int(varde_stat_inode)]),
            size: Int(fields[Int(varde_stat_size)]), isRegular: fields[Int(varde_stat_kind)] == Int64(varde_kind_regular),
            modified: fields[Int(varde_stat_modified)])
    }
}
