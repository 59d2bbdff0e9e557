internal import VardeKernels

/// The file key rings live in: mode 0600, outside the data directory.
package enum KeyRingFile {
    /// Why a key file is refused.
    package enum Refusal: Error, Sendable, Equatable, CustomStringConvertible {
        case insideDataDirectory(path: String)
        case readableByOthers(path: String, mode: Int)
        case notAFile(path: String)
        case unreadable(path: String, reason: String)
        case unwritable(path: String, reason: String)
        case content(path: String, KeyRing.ParseError)

        /// What happened, where, and what to do.
        package var description: String {
            switch self {
            case .insideDataDirectory(let path):
                "key file \(path) lies inside the data directory: who copies the data would have the keys; move it elsewhere"
            case .readableByOthers(let path, let mode):
                "key file \(path) has mode 0\(String(mode, radix: 8)): others may read it; run chmod 600 \(path)"
            case .notAFile(let path): "key file \(path) is not a regular file"
            case .unreadable(let path, let reason): "key file \(path) cannot be read: \(reason)"
            case .unwritable(let path, let reason): "key file \(path) cannot be written: \(reason)"
            case .content(let path, .notAKeyFile): "\(path) is not a key file of varde"
            case .content(let path, .badLine(let line)): "key file \(path):\(line) is damaged"
            case .content(let path, .noEpoch): "key file \(path) has no usable epoch"
            }
        }
    }

    /// Longest key file read, in bytes: ten thousand epochs.
    private static let maxSize = 1 << 20

    /// Reads the ring at a path; where there is no file, makes one with a new key, whose epoch has the number `first`. `now` in seconds
    /// since 1970.
    package static func open(
        _ path: String, dataDirectory: String, now: Int64, epochLength: Int64 = KeyRing.defaultEpochLength, first: Int = 1
    )
        throws(Refusal) -> KeyRing
    {
        if PrivateFile.isInside(path, directory: dataDirectory) { throw .insideDataDirectory(path: path) }
        let bytes: [UInt8]
        switch PrivateFile.read(path, maxSize: maxSize) {
        case .success(let content): bytes = content
        case .failure(.absent):
            let ring = KeyRing(now: now, epochLength: epochLength, first: first)
            try write(ring, to: path, dataDirectory: dataDirectory)
            return ring
        case .failure(.readableByOthers(let mode)): throw .readableByOthers(path: path, mode: mode)
        case .failure(.notAFile): throw .notAFile(path: path)
        case .failure(.system(let reason)): throw .unreadable(path: path, reason: reason)
        }
        do throws(KeyRing.ParseError) {
            return try KeyRing(parsing: bytes)
        } catch {
            throw .content(path: path, error)
        }
    }

    /// Replaces the file by a ring: after a crash it holds the old or the new one. Once this returns, a destroyed key is in no file of
    /// this name.
    package static func write(_ ring: KeyRing, to path: String, dataDirectory: String) throws(Refusal) {
        if PrivateFile.isInside(path, directory: dataDirectory) { throw .insideDataDirectory(path: path) }
        if let reason = PrivateFile.write(ring.serialized(), to: path) { throw .unwritable(path: path, reason: reason) }
    }
}
