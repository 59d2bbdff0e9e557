import Foundation
import VardeCollect

/// Files of `file_sd_configs`.
enum DiscoveryFiles {
    /// All files a path names, `*` in its last part, each with its groups or what is wrong with it.
    static func read(_ pattern: String) -> [DiscoveredFile] {
        paths(pattern).filter { FileManager.default.fileExists(atPath: $0) }.map { path in
            do {
                let text = try String(contentsOfFile: path, encoding: .utf8)
                return DiscoveredFile(path: path, groups: try TargetGroup.list(parsing: text, file: path))
            } catch {
                return DiscoveredFile(path: path, groups: nil, fault: "\(error)")
            }
        }
    }

    static func paths(_ pattern: String) -> [String] {
        guard pattern.contains("*") else { return [pattern] }
        let url = URL(fileURLWithPath: pattern)
        let folder = url.deletingLastPathComponent().path
        let parts = url.lastPathComponent.split(separator: "*", omittingEmptySubsequences: false).map(String.init)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { matches($0, parts) }.sorted().map { folder + "/" + $0 }
    }

    /// Whether a name is the parts with anything between them.
    private static func matches(_ name: String, _ parts: [String]) -> Bool {
        guard let first = parts.first, let last = parts.last, name.hasPrefix(first), name.hasSuffix(last),
            name.count >= first.count + last.count
        else { return false }
        var rest = name.dropFirst(first.count).dropLast(last.count)
        for part in parts.dropFirst().dropLast() {
            guard let found = rest.range(of: part) else { return false }
            rest = rest[found.upperBound...]
        }
        return true
    }
}
