import Logging
import Synchronization

/// A file of targets and what it holds; nil where it cannot be used, and why.
package struct DiscoveredFile: Sendable {
    package var path: String
    package var groups: [TargetGroup]?
    package var fault = ""

    package init(path: String, groups: [TargetGroup]?, fault: String = "") {
        self.path = path
        self.groups = groups
        self.fault = fault
    }
}

/// Target groups from files. What a file held last stands for as long as it is there and cannot be used; others go on.
final class FileDiscoveryReader: Sendable {
    private struct Known {
        var groups: [TargetGroup] = []
        var fault = ""
    }

    private let known = Mutex<[String: Known]>([:])
    /// Reads the files behind a path with `*` in its last part.
    private let read: @Sendable (String) -> [DiscoveredFile]
    private let logger: Logger

    init(read: @escaping @Sendable (String) -> [DiscoveredFile], logger: Logger) {
        self.read = read
        self.logger = logger
    }

    func groups(of config: ScrapeConfig) -> [TargetGroup] {
        config.fileDiscovery.flatMap(\.files).flatMap { pattern in read(pattern).flatMap(groups) }
    }

    private func groups(_ file: DiscoveredFile) -> [TargetGroup] {
        let (groups, isNews) = known.withLock { known -> ([TargetGroup], Bool) in
            let last = known[file.path] ?? Known()
            known[file.path] = Known(groups: file.groups ?? last.groups, fault: file.groups == nil ? file.fault : "")
            return (file.groups ?? last.groups, file.groups == nil && file.fault != last.fault)
        }
        if isNews {
            logger.warning("a file of targets cannot be used, what it said last stands: \(file.fault)", metadata: ["file": "\(file.path)"])
        }
        return groups
    }
}
