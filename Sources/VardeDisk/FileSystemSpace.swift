import CVardeKernels

/// Room on a mounted file system, in bytes and inodes.
package struct FileSystemSpace: Sendable, Equatable {
    package var size: Int64
    package var free: Int64
    /// Free to an unprivileged writer.
    package var available: Int64
    package var files: Int64
    package var freeFiles: Int64
    package var isReadOnly: Bool

    /// nil where the file system does not answer.
    package init?(at path: String) {
        var fields: [Int64] = []
        let bytes = Array(path.utf8)
        for field in 0..<6 {
            let value = varde_path_space(bytes.span, Int32(field))
            if value < 0 { return nil }
            fields.append(value)
        }
        (size, free, available) = (fields[0], fields[1], fields[2])
        (files, freeFiles, isReadOnly) = (fields[3], fields[4], fields[5] == 1)
    }
}
