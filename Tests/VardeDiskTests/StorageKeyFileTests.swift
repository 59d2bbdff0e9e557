import Foundation
import Testing

@testable import VardeDisk

/// The files storage keys live in.
@Suite struct StorageKeyFileTests {
    private let folder: TemporaryFolder
    private var data: String { folder.path + "/data" }
    private var key: String { folder.path + "/keys/storage.key" }

    init() throws {
        folder = try TemporaryFolder()
        for name in ["data", "keys"] {
            try FileManager.default.createDirectory(atPath: folder.path + "/" + name, withIntermediateDirectories: true)
        }
    }

    private func open(_ path: String? = nil, makes: Bool = true, sealedFile: String? = nil) throws -> StorageKeys? {
        try StorageKeyFile.open(path ?? key, dataDirectory: data, makes: makes) { sealedFile }
    }

    private func files(_ keys: StorageKeys?) -> SealedFileSystem {
        SealedFileSystem(PosixFileSystem(), keys: keys, seals: true, root: data)
    }

    private func mode(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    @Test func `Keys are made once, private, and open what they sealed after a restart`() throws {
        #expect(try open(makes: false) == nil)
        try files(open()).writeAtomically([1, 2].span, to: data + "/a")
        #expect(try mode(key) == 0o600 && mode(key + ".days") == 0o600)
        #expect(try files(open()).read(data + "/a") == [1, 2])
        #expect(try open(makes: false)?.entries.map(\.name.dayText) == ["standing"])
        // Texts of the catalog.
        let texts = SealedTexts(keys: try open(), seals: true)
        let stored = try texts.stored("ordet")
        #expect(!stored.contains("ordet") && texts.isDue("ordet") && !texts.isDue(stored))
        #expect(try SealedTexts(keys: open(), seals: false).text(stored) == "ordet")
        #expect(throws: DiskError.self) { try SealedTexts.plain.text(stored) }
    }

    @Test func `Lost, open, misplaced and foreign keys are refused by name`() throws {
        try files(open()).writeAtomically([1].span, to: data + "/a")
        func refusal(_ path: String? = nil, sealedFile: String? = nil) -> String {
            do {
                _ = try open(path, sealedFile: sealedFile)
                return ""
            } catch { return "\(error)" }
        }
        #expect(refusal(data + "/storage.key").contains("inside the data directory"))
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: key)
        #expect(refusal().contains("mode 0644"))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
        let (master, days) = (try Data(contentsOf: URL(fileURLWithPath: key)), try Data(contentsOf: URL(fileURLWithPath: key + ".days")))
        func write(_ data: Data?, _ path: String) throws {
            try? FileManager.default.removeItem(atPath: path)
            guard let data else { return }
            #expect(FileManager.default.createFile(atPath: path, contents: data, attributes: [.posixPermissions: 0o600]))
        }
        try write(nil, key)
        #expect(refusal().contains("is missing") && refusal().contains(key))
        try write(nil, key + ".days")
        #expect(refusal(sealedFile: data + "/a").contains("there is no master key at \(key)"))
        try write(Data("varde-master-key 1 \(String(repeating: "0a", count: 32))\n".utf8), key)
        #expect(refusal(sealedFile: data + "/a").contains("\(key).days, which has the keys of its day, is missing"))
        try write(days, key + ".days")
        #expect(refusal().contains("bring the right one back"))
        try write(Data("nonsense\n".utf8), key)
        #expect(refusal().contains("is not a master key of varde"))
        try write(master, key)
        try write(days + Data("2026-11-26 x\n".utf8), key + ".days")
        #expect(refusal().contains("\(key).days:3 is damaged"))
    }

    @Test func `A destroyed key is in no file, and stays destroyed after a restart`() throws {
        let keys = try open()
        let file = try files(keys).open(data + "/a.tmp", .create, day: 20_783)
        try file.write([1].span, at: 0)
        try file.sync()
        let before = try String(contentsOfFile: key + ".days", encoding: .utf8)
        let line = try #require(before.split(separator: "\n").first { $0.hasPrefix("2026-11-26") })
        #expect(try keys?.destroy(day: 20_783, now: 1_800_000_000) == true)
        let after = try String(contentsOfFile: key + ".days", encoding: .utf8)
        #expect(after.contains("2026-11-26 1 destroyed 1800000000") && !after.contains(String(line.suffix(120))))
        let again = try files(open())
        #expect { try again.read(data + "/a.tmp") } throws: { ($0 as? DiskError)?.isDestroyed == true }
    }

    @Test func `Days are written as calendars have them`() {
        for (day, text) in [(0, "1970-01-01"), (20_783, "2026-11-26"), (-1, "1969-12-31"), (11_016, "2000-02-29"), (47_541, "2100-03-01")] {
            #expect(CivilDay.text(day) == text)
            #expect(CivilDay.number(text) == day)
        }
        #expect(CivilDay.number("2026-13-01") == nil && CivilDay.number("x") == nil)
    }
}
