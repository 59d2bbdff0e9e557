import TestSupport
import Testing

@testable import VardeDisk

@Suite struct FileSystemTests {
    /// What one may do with files; the outcome as text, so that two file systems can be compared.
    static func random(_ generator: inout SeededGenerator, on files: any FileSystem, below root: String) -> String {
        let names = ["a", "b", "d/c", "d/e", "none/f"]
        let path = root + "/" + names.randomElement(using: &generator)!
        let other = root + "/" + names.randomElement(using: &generator)!
        let offset = Int.random(in: 0...20, using: &generator)
        let bytes = (0..<Int.random(in: 0...20, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let choice = Int.random(in: 0...12, using: &generator)
        do throws(DiskError) {
            switch choice {
            case 0: try files.open(path, .create).write(bytes.span, at: offset)
            case 1: try files.open(path, .createNew).write(bytes.span, at: offset)
            case 2: try files.open(path, .write).write(bytes.span, at: offset)
            case 3: return "read \(try files.read(path))"
            case 4: try files.open(path, .write).truncate(to: offset)
            case 5: try files.remove(path)
            case 6: try files.rename(path, to: other)
            case 7: return "list \(try files.list(root + "/d").sorted()) \(try files.walk(root).map { $0.dropFirst(root.count) })"
            case 8: try files.writeAtomically(bytes.span, to: path)
            case 9: return "size \(try files.open(path, .read).size())"
            case 10:
                var output: [UInt8] = [1, 2, 3]
                try files.open(path, .read).read(at: offset, count: bytes.count, into: &output)
                return "part \(output)"
            case 11: try files.copy(path, to: other)
            default: try files.link(path, to: other)
            }
            return "\(choice) done"
        } catch {
            return "\(choice) \(error.operation) \(error.code)"
        }
    }

    @Test(arguments: 1...12) func theFilesInMemoryBehaveAsTheMachinesOwn(_ seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let folder = try TemporaryFolder()
        let real = PosixFileSystem()
        let simulated = InMemoryFileSystem()
        try real.makeDirectories(folder.path + "/r/d")
        try simulated.makeDirectories("/r/d")
        for step in 0..<100 {
            var twin = generator
            let expected = Self.random(&generator, on: real, below: folder.path + "/r")
            let actual = Self.random(&twin, on: simulated, below: "/r")
            try #require(actual == expected, "seed \(seed), step \(step)")
        }
    }

    @Test func anErrorNamesOperationPathAndReason() throws {
        let folder = try TemporaryFolder()
        #expect {
            try PosixFileSystem().open(folder.path + "/absent", .read)
        } throws: {
            "\($0)" == "open \(folder.path)/absent: No such file or directory" && ($0 as? DiskError)?.isNotFound == true
        }
        #expect(throws: DiskError.self) { try PosixFileSystem().open("a\0b", .create) }
        #expect(throws: DiskError.self) { try PosixFileSystem().open(String(repeating: "x", count: 5_000), .create) }
        #expect(try PosixFileSystem().freeBytes(at: folder.path) > 0)
    }

    @Test func aDirectoryOfManyNamesIsListedWhole() throws {
        let folder = try TemporaryFolder()
        let names = (0..<900).map { "a rather long name for a file, number \($0)" }
        for name in names { _ = try PosixFileSystem().open(folder.path + "/" + name, .create) }
        #expect(Set(try PosixFileSystem().list(folder.path)) == Set(names))
    }

    @Test func writeAtomicallyLeavesOldOrNewWhateverFails() throws {
        for failure in LogFaultTests.failures {
            var number = 0
            var fired = true
            while fired {
                number += 1
                let files = InMemoryFileSystem()
                try files.makeDirectories("/d")
                try files.writeAtomically([1, 1].span, to: "/d/a")
                files.fail(atCall: number, failure)
                let isWritten = (try? files.writeAtomically([2, 2, 2].span, to: "/d/a")) != nil
                fired = files.hasFailed
                files.powerCut()
                let found = try files.read("/d/a")
                #expect(found == [2, 2, 2] || !isWritten && found == [1, 1], "\(failure) at call \(number)")
            }
            #expect(number > 6)
        }
    }

    @Test func whatWasNotSyncedIsGoneAfterAPowerCutAndThereAfterAKill() throws {
        let files = InMemoryFileSystem()
        try files.writeAtomically([1].span, to: "/a")
        try files.open("/a", .write).write([2, 3].span, at: 0)
        _ = try files.open("/b", .create)
        files.processKill()
        #expect(try files.read("/a") == [2, 3])
        #expect(files.paths == ["/a", "/b"])
        files.powerCut()
        #expect(try files.read("/a") == [1])
        #expect(files.paths == ["/a"])
    }

    @Test func aSecondHolderOfADirectoryIsRefusedWithTheFirstOnesNumber() throws {
        let folder = try TemporaryFolder()
        var first: DirectoryLock? = try DirectoryLock.take(directory: folder.path, fileSystem: PosixFileSystem())
        let holder = String(decoding: try PosixFileSystem().read(folder.path + "/LOCK"), as: UTF8.self).dropLast()
        #expect(Int(holder) != nil)
        #expect {
            try DirectoryLock.take(directory: folder.path, fileSystem: PosixFileSystem())
        } throws: {
            "\($0)".contains(folder.path) && "\($0)".contains("process \(holder)")
        }
        withExtendedLifetime(first) {}
        first = nil
        first = try DirectoryLock.take(directory: folder.path, fileSystem: PosixFileSystem())
        #expect(first != nil)
    }

    @Test func pressureTurnsReadOnlyBelowOneMarkAndBackAtAHigherOne() {
        var pressure = DiskPressure(stopBelow: 100, resumeFrom: 150)
        var states: [Bool] = []
        var changes: [Bool] = []
        for free in [1_000, 100, 99, 120, 149, 150, 120, 99] {
            changes.append(pressure.observe(freeBytes: free))
            states.append(pressure.isReadOnly)
        }
        #expect(states == [false, false, true, true, true, false, false, true])
        #expect(changes == [false, false, true, false, false, true, false, true])
    }
}
