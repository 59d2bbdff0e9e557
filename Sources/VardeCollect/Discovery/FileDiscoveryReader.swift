import Synchronization

/// Target groups from files. What a file held last stands for as long as it cannot be read.
final class FileDiscoveryReader: Sendable {
    private let last = Mutex<[String: [TargetGroup]]>([:])
    /// Reads the groups behind a path with `*` in its last part; nil where something is wrong with it.
    private let read: @Sendable (String) -> [TargetGroup]?

    init(read: @escaping @Sendable (String) -> [TargetGroup]?) {
        self.read = read
    }

    func groups(of config: ScrapeConfig) -> [TargetGroup] {
        config.fileDiscovery.flatMap(\.files).flatMap { pattern -> [TargetGroup] in
            if let groups = read(pattern) {
                last.withLock { $0[pattern] = groups }
                return groups
            }
            return last.withLock { $0[pattern] } ?? []
        }
    }
}
