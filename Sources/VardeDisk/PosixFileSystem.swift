import CVardeKernels

/// The machine's own files.
package struct PosixFileSystem: FileSystem {
    package init() {}

    private func check(_ result: Int64, _ operation: DiskError.Operation, _ path: String) throws(DiskError) {
        if result < 0 { throw DiskError(operation, path, code: Int32(-result)) }
    }

    package func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> any File {
        let code: Int32 =
            switch mode {
            case .read: Int32(varde_open_read)
            case .write: Int32(varde_open_write)
            case .create: Int32(varde_open_create)
            case .createNew: Int32(varde_open_create_new)
            }
        let result = varde_file_open(Array(path.utf8).span, code)
        try check(result, .open, path)
        return PosixFile(descriptor: Int32(result), path: path)
    }

    package func list(_ directory: String) throws(DiskError) -> [String] {
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            var span = buffer.mutableSpan
            let size = varde_path_list(Array(directory.utf8).span, &span)
            try check(size, .list, directory)
            if size <= buffer.count {
                return buffer[..<Int(size)].split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            }
            buffer = [UInt8](repeating: 0, count: Int(size) * 2)
        }
    }

    /// A path without links in it, nil where there is no file.
    package func realPath(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 1 << 12)
        var span = buffer.mutableSpan
        let size = varde_path_real(Array(path.utf8).span, &span)
        return size < 0 || size > buffer.count ? nil : String(decoding: buffer[..<Int(size)], as: UTF8.self)
    }

    package func remove(_ path: String) throws(DiskError) { try check(varde_path_remove(Array(path.utf8).span), .remove, path) }

    package func rename(_ path: String, to other: String) throws(DiskError) {
        try check(varde_path_rename(Array(path.utf8).span, Array(other.utf8).span), .rename, "\(path) to \(other)")
    }

    package func link(_ path: String, to other: String) throws(DiskError) {
        try check(varde_path_link(Array(path.utf8).span, Array(other.utf8).span), .rename, "\(path) to \(other)")
    }

    package func makeDirectory(_ path: String) throws(DiskError) {
        try check(varde_path_make_directory(Array(path.utf8).span), .makeDirectory, path)
    }

    package func syncDirectory(_ path: String) throws(DiskError) {
        try check(varde_path_sync_directory(Array(path.utf8).span), .sync, path)
    }

    package func size(of path: String) throws(DiskError) -> Int {
        let size = varde_path_size(Array(path.utf8).span)
        try check(size, .size, path)
        return Int(size)
    }

    package func freeBytes(at path: String) throws(DiskError) -> Int {
        let bytes = varde_path_free_bytes(Array(path.utf8).span)
        try check(bytes, .space, path)
        return Int(bytes)
    }
}

/// A file descriptor, closed with its object.
final class PosixFile: File {
    private let descriptor: Int32
    private let path: String

    init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { _ = varde_file_close(descriptor) }

    private func check(_ result: Int64, _ operation: DiskError.Operation) throws(DiskError) {
        if result < 0 { throw DiskError(operation, path, code: Int32(-result)) }
    }

    func size() throws(DiskError) -> Int {
        let size = varde_file_size(descriptor)
        try check(size, .size)
        return Int(size)
    }

    func read(at offset: Int, count: Int, into output: inout [UInt8]) throws(DiskError) {
        // Room is made for what there is: a reader of small files asks for a lot.
        let count = count > 65_536 ? min(count, max(0, try size() - offset)) : count
        if output.count < count {
            output.append(contentsOf: repeatElement(0, count: count - output.count))
        } else {
            output.removeLast(output.count - count)
        }
        var span = output.mutableSpan
        let size = varde_file_read(descriptor, Int64(offset), &span)
        try check(size, .read)
        output.removeLast(count - Int(size))
    }

    func write(_ bytes: Span<UInt8>, at offset: Int) throws(DiskError) {
        let size = varde_file_write(descriptor, Int64(offset), bytes)
        try check(size, .write)
        // The system wrote less without saying why: the device has no more room.
        if Int(size) < bytes.count { throw DiskError(.write, path, code: 28) }
    }

    func sync() throws(DiskError) { try check(varde_file_sync(descriptor), .sync) }
    func truncate(to size: Int) throws(DiskError) { try check(varde_file_truncate(descriptor, Int64(size)), .truncate) }
    func lock() throws(DiskError) { try check(varde_file_lock(descriptor), .lock) }
}
