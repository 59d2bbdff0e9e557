import VardeDisk
import VardeKernels

/// Reads the kernel's small files below a root, `/` in life and a folder of fixed files in tests.
struct HostFiles: Sendable {
    let root: String

    /// Bytes read of one file at most: `/proc/stat` of a machine with hundreds of cores has a few hundred thousand.
    static let maxBytes = 1 << 20

    init(root: String) { self.root = root.hasSuffix("/") ? String(root.dropLast()) : root }

    /// The text of a file, nil where there is none. Files of `/proc` say no size, so they are read to their end.
    func text(_ path: String, limit: Int = 1 << 16) -> String? {
        guard let file = try? PosixFileSystem().open(root + path, .read) else { return nil }
        var bytes: [UInt8] = []
        guard (try? file.read(at: 0, count: limit, into: &bytes)) != nil else { return nil }
        if bytes.count == limit, limit < Self.maxBytes { return text(path, limit: Self.maxBytes) }
        return String(decoding: bytes, as: UTF8.self)
    }

    func lines(_ path: String) -> [Substring] { text(path)?.split(separator: "\n") ?? [] }

    /// The one word a file holds.
    func word(_ path: String) -> String? {
        guard let text = text(path) else { return nil }
        return text.split(whereSeparator: \.isWhitespace).first.map(String.init)
    }

    /// The one number a file holds, in decimal or, behind `0x`, in hexadecimal.
    func number(_ path: String) -> Double? {
        guard let word = word(path) else { return nil }
        return word.hasPrefix("0x") ? UInt64(word.dropFirst(2), radix: 16).map { Double($0) } : Double(word)
    }

    /// A file's first line, empty where there is none.
    func line(_ path: String) -> String { lines(path).first.map(String.init) ?? "" }

    func names(in folder: String) -> [String] { ((try? PosixFileSystem().list(root + folder)) ?? []).sorted() }

    func exists(_ path: String) -> Bool { PosixFileSystem().exists(root + path) }

    /// A path without links in it, as it is below the root or beside it; nil where there is no such file.
    func realPath(_ path: String) -> String? { PosixFileSystem().realPath(root + path) }

    func space(at mountPoint: String) -> FileSystemSpace? { FileSystemSpace(at: root + mountPoint) }
}

extension Substring {
    /// The fields between blanks.
    var fields: [Substring] { split(whereSeparator: { $0 == " " || $0 == "\t" }) }
}

extension Array where Element == Substring {
    /// A field as a number, 0 where it is none.
    func number(_ index: Int) -> Double { index < count ? Double(self[index]) ?? 0 : 0 }
}
