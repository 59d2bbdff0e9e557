import Logging
import Synchronization
import Testing
import VardeModel

@testable import VardeCollect

/// Files of targets: each stands by itself.
@Suite struct FileDiscoveryReaderTests {
    @Test func `A file that cannot be used keeps what it said last, and no other file with it`() {
        let files = Mutex<[DiscoveredFile]>([])
        let reader = FileDiscoveryReader(
            read: { _ in files.withLock { $0 } }, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let job = ScrapeConfig.job { $0.fileDiscovery = [FileDiscovery(files: ["/a/*.yml"], refreshInterval: 1)] }
        func found(_ now: [DiscoveredFile]) -> [String] {
            files.withLock { $0 = now }
            return reader.groups(of: job).flatMap(\.addresses)
        }
        func file(_ name: String, _ address: String?) -> DiscoveredFile {
            DiscoveredFile(path: name, groups: address.map { [TargetGroup(addresses: [$0], labels: .empty, source: name)] }, fault: "bad")
        }
        #expect(found([file("1", "a:1"), file("2", nil)]) == ["a:1"])
        #expect(found([file("1", "a:1"), file("2", "b:1"), file("3", "c:1")]) == ["a:1", "b:1", "c:1"])
        #expect(found([file("2", nil), file("3", "c:2"), file("4", "d:1")]) == ["b:1", "c:2", "d:1"])
        #expect(found([file("3", "c:2")]) == ["c:2"])
    }
}
