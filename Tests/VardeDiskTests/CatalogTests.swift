import TestSupport
import Testing

@testable import VardeDisk

@Suite struct CatalogTests {
    static func entry(_ name: String, store: String = "metrics", first: Int64 = 0, bytes: Int = 10) -> Catalog.Entry {
        Catalog.Entry(name: name, store: store, first: first, last: first + 5, bytes: bytes, items: 7, level: 1)
    }

    @Test func filesAppearAndGoInOneStepAndAreThereWhenOpenedAgain() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/catalog.sqlite"
        let catalog = try Catalog(path: path)
        try catalog.change(add: [Self.entry("a", first: 3), Self.entry("b", first: 1), Self.entry("a", store: "logs")], remove: [])
        try catalog.change(add: [Self.entry("c")], remove: [("metrics", "a")], settings: [("start", "7")])
        let again = try Catalog(path: path)
        #expect(try again.files(of: "metrics") == [Self.entry("c"), Self.entry("b", first: 1)])
        #expect(try again.files(of: "logs").map(\.name) == ["a"])
        #expect(try again.stores() == ["logs", "metrics"])
        #expect(try again.setting("start") == "7")
        #expect(try again.setting("absent") == nil)
        #expect(try again.integrityProblems() == [])
    }

    @Test func jobsKeepTheirStepAndGoWhenDone() throws {
        let catalog = try Catalog(path: nil)
        var first = Catalog.Job(kind: "erasure", name: "1", step: "mark", payload: "{}")
        let second = Catalog.Job(kind: "erasure", name: "2", step: "mark", payload: "{}")
        try catalog.save(first)
        try catalog.save(second)
        first.step = "hide"
        first.payload = "{\"files\":3}"
        try catalog.save(first)
        #expect(try catalog.jobs(of: "erasure") == [first, second])
        try catalog.remove(first)
        #expect(try catalog.jobs(of: "erasure") == [second])
        #expect(try catalog.jobs(of: "other") == [])
    }

    @Test func anAuditNamesWhatIsMissingUnlistedAndOfAnotherSize() throws {
        let catalog = try Catalog(path: nil)
        try catalog.change(add: ["a", "b", "c"].map { Self.entry($0) }, remove: [])
        let audit = try catalog.audit(store: "metrics", files: ["a": 10, "b": 9, "x": 1])
        #expect(audit.missing == ["c"])
        #expect(audit.misfits == ["b"])
        #expect(audit.orphans == ["x"])
    }

    @Test func aCatalogThatIsNoDatabaseIsSetAsideAndBegunAnew() throws {
        let folder = try TemporaryFolder()
        let files = PosixFileSystem()
        let path = folder.path + "/catalog.sqlite"
        try files.writeAtomically([UInt8](repeating: 0x41, count: 10_000).span, to: path)
        let (catalog, damage) = try Catalog.openSettingAsideDamaged(path: path, fileSystem: files)
        #expect(damage.count == 1)
        #expect(try catalog.stores() == [])
        #expect(try files.size(of: path + ".damaged-1") == 10_000)
        try catalog.change(add: [Self.entry("a")], remove: [])
        let again = try Catalog.openSettingAsideDamaged(path: path, fileSystem: files)
        #expect(again.damage == [])
        #expect(try again.catalog.files(of: "metrics").count == 1)
    }

    @Test func aCatalogWithDamagedPagesIsSetAside() throws {
        let folder = try TemporaryFolder()
        let files = PosixFileSystem()
        let path = folder.path + "/catalog.sqlite"
        do {
            let catalog = try Catalog(path: path)
            for batch in 0..<5 { try catalog.change(add: (0..<200).map { Self.entry("name \(batch) \($0)") }, remove: []) }
        }
        #expect(!files.exists(path + "-wal"))
        let size = try files.size(of: path)
        try files.open(path, .write).write([UInt8](repeating: 0x5A, count: size - 8_192).span, at: 8_192)
        let (catalog, damage) = try Catalog.openSettingAsideDamaged(path: path, fileSystem: files)
        #expect(!damage.isEmpty)
        #expect(try catalog.files(of: "metrics") == [])
    }
}
