import CVardeKernels

/// A file operation that failed: which, on what, and why.
package struct DiskError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Operation: String, Sendable {
        case open, read, write, sync, truncate, rename, remove, list, makeDirectory, lock, size, space, decode
    }

    package var operation: Operation
    package var path: String
    /// `errno` of the system, 0 where the bytes themselves are at fault.
    package var code: Int32
    package var reason: String

    package init(_ operation: Operation, _ path: String, code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
        var text = [UInt8](repeating: 0, count: 128)
        var span = text.mutableSpan
        let size = varde_error_text(code, &span)
        reason = String(decoding: text[..<Int(size)], as: UTF8.self)
    }

    /// Bytes that are not what they should be.
    package init(damaged path: String, _ reason: String) {
        operation = .decode
        self.path = path
        code = 0
        self.reason = reason
    }

    /// What cannot be read any more because its key was destroyed, on purpose.
    package init(destroyed path: String, _ reason: String) {
        self.init(damaged: path, reason)
        isDestroyed = true
    }

    /// Whether the key of these bytes was destroyed: they are gone, and not damaged.
    package private(set) var isDestroyed = false

    /// What cannot be read because the right key is not at hand.
    package init(locked path: String, _ reason: String) {
        self.init(damaged: path, reason)
        isLocked = true
    }

    /// Whether the right key would open these bytes: nothing may be thrown away for it, and nothing begun anew.
    package private(set) var isLocked = false

    package var isNotFound: Bool { code == 2 }
    package var isNoSpace: Bool { code == 28 || code == 122 }

    package var description: String { code == 0 ? "\(path): \(reason)" : "\(operation.rawValue) \(path): \(reason)" }
}
