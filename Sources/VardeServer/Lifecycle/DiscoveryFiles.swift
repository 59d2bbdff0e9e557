import Foundation
import Logging
import VardeCollect

/// Files of `file_sd_configs`.
enum DiscoveryFiles {
    /// Groups of all files a path names, `*` in its last part; nil where one cannot be read, so that what it said last stands.
    static func read(_ pattern: String, logger: Logger) -> [TargetGroup]? {
        var groups: [TargetGroup] = []
        for path in paths(pattern) {
            do {
                groups += try TargetGroup.list(parsing: String(contentsOfFile: path, encoding: .utf8), file: path)
            } catch {
                logger.warning("a file of targets cannot be used, what it said last stands: \(error)", metadata: ["file": "\(path)"])
                return nil
            }
        }
        return groups
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
