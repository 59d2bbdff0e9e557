import VardeKernels

extension FileSystem {
    /// Paths of all files below a directory, sorted. What vanishes meanwhile is left out.
    package func walk(_ directory: String) throws(DiskError) -> [String] {
        var files: [String] = []
        var left = [directory]
        while let path = left.popLast() {
            do throws(DiskError) {
                left += try list(path).map { path + "/" + $0 }
            } catch {
                // Not a directory: a file, or gone.
                if path == directory { throw error }
                if exists(path) { files.append(path) }
            }
        }
        return files.sorted()
    }

    /// The first bytes of a file.
    package func prefix(of path: String, count: Int) throws(DiskError) -> [UInt8] {
        var bytes: [UInt8] = []
        try open(path, .read).read(at: 0, count: count, into: &bytes)
        return bytes
    }

    /// Goes through a file by pieces of bounded size, as far as it reached at the start: one that grows faster than it is read has an end.
    package func scan(_ path: String, _ body: (Span<UInt8>) throws(DiskError) -> Void) throws(DiskError) {
        let file = try open(path, .read)
        var bytes: [UInt8] = []
        var offset = 0
        let size = try file.size()
        while offset < size {
            try file.read(at: offset, count: min(1 << 20, size - offset), into: &bytes)
            if bytes.isEmpty { break }
            try body(bytes.span)
            offset += bytes.count
        }
    }

    /// Size and CRC-32C of a file.
    package func checksum(of path: String) throws(DiskError) -> (size: Int, checksum: UInt32) {
        var size = 0
        var checksum: UInt32 = 0
        try scan(path) { bytes throws(DiskError) in
            size += bytes.count
            checksum = CRC32C.checksum(bytes, seed: checksum)
        }
        return (size, checksum)
    }

    /// Copies a file's content to a new file and syncs it. Its name is durable once its directory is synced.
    package func copy(_ path: String, to other: String) throws(DiskError) {
        let target = try open(other, .createNew)
        var offset = 0
        try scan(path) { bytes throws(DiskError) in
            try target.write(bytes, at: offset)
            offset += bytes.count
        }
        try target.sync()
    }
}
