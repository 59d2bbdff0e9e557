import Foundation

/// One source file as the rules see it.
struct SourceFile {
    /// Path below the package's root.
    var path: String
    /// The text without comments and string literals: what the compiler would act on.
    var code: String

    init(path: String, text: String) {
        self.path = path
        code = SourceFile.stripped(text)
    }

    /// The target the file belongs to: the folder below `Sources`.
    var module: String {
        let parts = path.split(separator: "/")
        return parts.count > 2 ? String(parts[1]) : ""
    }

    var baseName: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// Modules named by `import` lines, whatever access or attribute they carry.
    var imports: [String] {
        code.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard let position = words.firstIndex(of: "import"), position + 1 < words.count else { return nil }
            guard
                words[..<position].allSatisfy({
                    $0.hasPrefix("@") || ["package", "public", "internal", "private", "fileprivate"].contains($0)
                })
            else { return nil }
            let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
            let name = kinds.contains(words[position + 1]) && position + 2 < words.count ? words[position + 2] : words[position + 1]
            return name.split(separator: ".").first.map(String.init)
        }
    }

    /// Blanks out `//` and `/* */` comments and the content of string literals, keeps line breaks.
    static func stripped(_ text: String) -> String {
        var out: [UInt8] = []
        let bytes = Array(text.utf8)
        var i = 0
        func starts(_ word: String, at index: Int) -> Bool { bytes[index...].starts(with: word.utf8) }
        while i < bytes.count {
            if starts("//", at: i) {
                while i < bytes.count, bytes[i] != 10 { i += 1 }
            } else if starts("/*", at: i) {
                while i < bytes.count, !starts("*/", at: i) {
                    if bytes[i] == 10 { out.append(10) }
                    i += 1
                }
                i += 2
            } else if starts("\"\"\"", at: i) {
                i += 3
                while i < bytes.count, !starts("\"\"\"", at: i) {
                    if bytes[i] == 10 { out.append(10) }
                    i += bytes[i] == UInt8(ascii: "\\") ? 2 : 1
                }
                i += 3
            } else if bytes[i] == UInt8(ascii: "\"") {
                i += 1
                while i < bytes.count, bytes[i] != UInt8(ascii: "\""), bytes[i] != 10 { i += bytes[i] == UInt8(ascii: "\\") ? 2 : 1 }
                i += 1
                out += Array("\"\"".utf8)
            } else {
                out.append(bytes[i])
                i += 1
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}

/// The architecture as rules over source files; each returns what breaks it, in words.
enum HouseRules {
    /// The modules from the top: one imports only those above it.
    static let order = [
        "VardeModel", "VardeKernels", "VardeCompression", "VardeDisk", "VardeWire", "VardePrivacy", "VardeMetrics", "VardeLogs",
        "VardeQuery",
        "VardeEgress", "VardeCollect", "VardeForward", "VardeRules", "VardeServer", "varde",
    ]

    static func importsPointUp(_ files: [SourceFile]) -> [String] {
        files.flatMap { file -> [String] in
            guard let own = order.firstIndex(of: file.module) else { return [] }
            return file.imports.compactMap { name in
                guard let other = order.firstIndex(of: name), other >= own else { return nil }
                return "\(file.path) imports \(name), which is not above \(file.module)"
            }
        }
    }

    /// Dependencies between our targets in Package.swift, by the same order.
    static func manifestPointsUp(_ manifest: String) -> [String] {
        var broken: [String] = []
        for chunk in manifest.components(separatedBy: "arget(").dropFirst() {
            let names = quoted(chunk.components(separatedBy: "swiftSettings").first ?? chunk)
            guard let target = names.first, let own = order.firstIndex(of: target) else { continue }
            for name in names.dropFirst() {
                if let other = order.firstIndex(of: name), other >= own { broken.append("Package.swift: \(target) depends on \(name)") }
            }
        }
        return broken
    }

    private static func quoted(_ text: String) -> [String] {
        text.components(separatedBy: "\"").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
    }

    /// Pointers, and the `unsafe` keyword, live in VardeKernels alone.
    static func pointersStayInKernels(_ files: [SourceFile]) -> [String] {
        matches(
            of: #/\bUnsafe\w*Pointer\b|\bOpaquePointer\b|\bwithUnsafe\w+|\bunsafe\b|\bunsafeBitCast\b/#,
            in: files.filter { $0.module != "VardeKernels" })
    }

    /// What opens connections to elsewhere lives in VardeEgress alone.
    static func outboundStaysInEgress(_ files: [SourceFile]) -> [String] {
        matches(
            of: #/\bAsyncHTTPClient\b|\bClientBootstrap\b|\bNIOTSConnectionBootstrap\b|\bURLSession\b|\bFoundationNetworking\b/#,
            in: files.filter { $0.module != "VardeEgress" })
    }

    static func baseNamesAreUnique(_ files: [SourceFile]) -> [String] {
        Dictionary(grouping: files, by: \.baseName).filter { $0.value.count > 1 }.map { name, files in
            "\(name): \(files.map(\.path).sorted().joined(separator: ", "))"
        }.sorted()
    }

    private static func matches(of pattern: Regex<Substring>, in files: [SourceFile]) -> [String] {
        files.flatMap { file in
            file.code.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { number, line in
                line.firstMatch(of: pattern.wordBoundaryKind(.simple)).map { "\(file.path):\(number + 1): \($0.output)" }
            }
        }
    }
}
