import TestSupport
import Testing
import VardeKernels

@testable import VardeDisk

/// Files sealed under keys: what is written is read, what is changed is found, and nothing of it stands on the disk.
@Suite struct SealedFilesTests {
    private let device = InMemoryFileSystem()
    private let keys = StorageKeys.inMemory()

    private func sealed(_ keys: StorageKeys? = nil, today: Int = 20_000) -> SealedFileSystem {
        SealedFileSystem(device, keys: keys ?? self.keys, seals: true, root: "/d", today: { today })
    }

    private static func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    /// Sizes about the edges of a page.
    static let sizes = [0, 1, 100, 16_383, 16_384, 16_385, 32_768, 50_000]

    @Test(arguments: sizes) func `A file written at once is read whole and in parts`(_ size: Int) throws {
        let files = sealed()
        try files.makeDirectories("/d")
        let content = Self.bytes(size)
        try files.writeAtomically(content.span, to: "/d/a")
        device.powerCut()
        #expect(try files.read("/d/a") == content)
        #expect(try files.size(of: "/d/a") == size)
        let file = try files.open("/d/a", .read)
        var part: [UInt8] = []
        for (offset, count) in [(0, 1), (16_380, 10), (16_384, 20_000), (49_999, 1), (49_999, 100), (60_000, 5)] {
            try file.read(at: offset, count: count, into: &part)
            #expect(part == Array(content.dropFirst(offset).prefix(count)), "\(offset) \(count)")
        }
        #expect(try device.size(of: "/d/a") == 108 + size + max(1, (size + 16_383) / 16_384) * 16)
    }

    @Test(arguments: 1...30) func `A file that grows is read as it was written, by its writer and by others`(_ seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let files = sealed()
        try files.makeDirectories("/d")
        var content: [UInt8] = []
        let writer = try files.open("/d/log", .create)
        let reader = try files.open("/d/log", .read)
        for _ in 0..<20 {
            let size =
                Bool.random(using: &generator) ? Int.random(in: 1...300, using: &generator) : Int.random(in: 1...150_000, using: &generator)
            let more = Self.bytes(size, seed: UInt64(size))
            try writer.write(more.span, at: content.count)
            content += more
            if Int.random(in: 0..<5, using: &generator) == 0 {
                let kept = Int.random(in: 0...content.count, using: &generator)
                try writer.truncate(to: kept)
                content.removeLast(content.count - kept)
            }
            #expect(try writer.size() == content.count)
            #expect(try files.size(of: "/d/log") == content.count)
            let other = try files.open("/d/log", .read)
            for _ in 0..<3 {
                let from = Int.random(in: 0...content.count, using: &generator)
                let count = Int.random(in: 0...100_000, using: &generator)
                var part: [UInt8] = []
                for file in [writer, other] {
                    try file.read(at: from, count: count, into: &part)
                    #expect(part == Array(content.dropFirst(from).prefix(count)), "seed \(seed)")
                }
            }
        }
        // Taken up again, it goes on where it ended.
        let again = try files.open("/d/log", .write)
        try again.write([1, 2, 3].span, at: content.count)
        #expect(try files.read("/d/log") == content + [1, 2, 3])
        _ = reader
    }

    @Test func `A flipped byte of a file written at once is found wherever it is`() throws {
        let files = sealed()
        try files.makeDirectories("/d")
        let content = Self.bytes(20_000)
        try files.writeAtomically(content.span, to: "/d/a")
        let size = try device.size(of: "/d/a")
        for offset in Array(0..<130) + Array(stride(from: 130, to: size, by: 331)) + [size - 1] {
            device.flip("/d/a", at: offset)
            #expect(throws: DiskError.self, "byte \(offset)") { try files.read("/d/a") }
            device.flip("/d/a", at: offset)
        }
        #expect(try files.read("/d/a") == content)
    }

    @Test func `Pages that are cut off, swapped or of another file are found`() throws {
        let files = sealed()
        try files.makeDirectories("/d")
        try files.writeAtomically(Self.bytes(3 * 16_384).span, to: "/d/a")
        try files.writeAtomically(Self.bytes(3 * 16_384, seed: 2).span, to: "/d/b")
        let (raw, page) = (try device.read("/d/a"), 16_400)
        let other = try device.read("/d/b")
        let start = 108
        var swapped = Array(raw[..<start]) + raw[(start + page)..<(start + 2 * page)]
        swapped += raw[start..<(start + page)] + raw[(start + 2 * page)...]
        let mixed = raw[..<(start + page)] + other[(start + page)..<(start + 2 * page)] + raw[(start + 2 * page)...]
        for bytes in [swapped, Array(mixed), Array(raw[..<(start + 2 * page)]), Array(raw[..<start]), Array(raw.dropLast())] {
            let file = try device.open("/d/a", .create)
            try file.truncate(to: 0)
            try file.write(bytes.span, at: 0)
            #expect(throws: DiskError.self, "\(bytes.count)") { try files.read("/d/a") }
        }
    }

    @Test func `Nothing of the content stands on the disk`() throws {
        let files = sealed()
        let marker = Array("canary-in-a-log-line".utf8)
        let log = try WriteAheadLog.open(directory: "/d/wal", fileSystem: files) { _, _, _ in }.log
        for i in 0..<50 { try log.appendAndSync(kind: 1, (marker + [UInt8(i)]).span) }
        let writer = try SectionedFileWriter(path: "/d/block", kind: .metricsBlock, day: 19_000, fileSystem: files)
        try writer.section("x", marker.span)
        _ = try writer.finish()
        try files.writeAtomically(marker.span, to: "/d/small")
        for path in device.paths {
            let raw = try device.read(path)
            for at in 0...max(0, raw.count - marker.count) where raw.count >= marker.count {
                #expect(Array(raw[at..<(at + marker.count)]) != marker, "\(path)")
            }
        }
        let key = { (path: String) in try files.key(of: path).map { $0.dayText } }
        #expect(try key("/d/wal/0000000000000001.wal") == CivilDay.text(20_000))
        #expect(try key("/d/block") == CivilDay.text(19_000))
        #expect(try key("/d/small") == "standing")
    }

    @Test func `A damaged frame of a log costs its records, and is told`() throws {
        let files = sealed()
        let log = try WriteAheadLog.open(directory: "/d/wal", fileSystem: files) { _, _, _ in }.log
        for i in UInt8(0)..<10 { try log.appendAndSync(kind: i, [i, i, i].span) }
        let path = "/d/wal/0000000000000001.wal"
        let size = try device.size(of: path)
        let sound = try device.read(path)
        for offset in stride(from: 0, to: size - 70, by: 1) {
            device.flip(path, at: offset)
            var kinds: [UInt8] = []
            let outcome = try WriteAheadLog.read(directory: "/d/wal", fileSystem: files) { _, kind, payload in
                #expect(Bytes.array(payload) == [kind, kind, kind])
                kinds.append(kind)
            }
            #expect(!outcome.damage.isEmpty || outcome.last?.torn == true, "byte \(offset)")
            // The header's key opens all; any other byte costs one frame.
            if offset >= 184 { #expect(kinds.count == 9, "byte \(offset)") }
            device.flip(path, at: offset)
        }
        #expect(try device.read(path) == sound)
    }

    @Test func `The wrong master key is refused, and the error names the file`() throws {
        try sealed().makeDirectories("/d")
        try sealed().writeAtomically([1].span, to: "/d/a")
        let other = sealed(.inMemory())
        #expect { try other.read("/d/a") } throws: { error in
            let error = error as? DiskError
            return error?.isLocked == true && error?.description.contains("/d/a: it is sealed under the master key") == true
        }
        let none = SealedFileSystem(device, keys: nil, seals: false, root: "/d")
        #expect { try none.read("/d/a") } throws: { ($0 as? DiskError)?.description.contains("/d/a: the file is sealed") == true }
        // A log is not begun anew for it, and nothing is taken for damage.
        _ = try WriteAheadLog.open(directory: "/d/wal", fileSystem: sealed()) { _, _, _ in }.log.appendAndSync(kind: 1, [1].span)
        #expect(throws: DiskError.self) { try WriteAheadLog.open(directory: "/d/wal", fileSystem: other) { _, _, _ in } }
    }

    @Test func `A destroyed day cannot be read, others can, and what comes in for it is under a new key`() throws {
        let files = sealed()
        try files.makeDirectories("/d")
        func write(_ name: String, day: Int) throws {
            let writer = try SectionedFileWriter(path: "/d/" + name, kind: .logSegment, day: day, fileSystem: files)
            try writer.section("x", [1, 2, 3].span)
            _ = try writer.finish()
        }
        try write("a", day: 100)
        try write("b", day: 101)
        #expect(try keys.destroy(day: 100, now: 9_000_000))
        #expect(try !keys.destroy(day: 100, now: 9_000_001))
        #expect { try files.read("/d/a") } throws: { error in
            let error = error as? DiskError
            return error?.isDestroyed == true && error?.description == "/d/a: the keys of 1970-04-11 were destroyed on 1970-04-15"
        }
        try write("c", day: 100)
        for name in ["b", "c"] { #expect(try SectionedFile(path: "/d/" + name, fileSystem: files).verify() == []) }
        #expect(throws: DiskError.self) { try files.read("/d/a") }
        #expect(try files.size(of: "/d/a") > 0)
    }

    @Test func `What was written before is read as it is, and sealed as it is written anew`() throws {
        try device.makeDirectories("/d")
        try device.writeAtomically([1, 2, 3].span, to: "/d/a")
        let log = try WriteAheadLog.open(directory: "/d/wal", fileSystem: device) { _, _, _ in }.log
        try log.appendAndSync(kind: 7, [7].span)
        let files = sealed()
        #expect(try files.read("/d/a") == [1, 2, 3])
        var kinds: [UInt8] = []
        let next = try WriteAheadLog.open(directory: "/d/wal", fileSystem: files) { _, kind, _ in kinds.append(kind) }.log
        try next.appendAndSync(kind: 8, [8].span)
        try files.writeAtomically([4].span, to: "/d/a")
        #expect(try files.key(of: "/d/a") != nil && files.key(of: "/d/wal/0000000000000002.wal") != nil)
        // Switched off again, all of it is read on.
        let off = SealedFileSystem(device, keys: keys, seals: false, root: "/d")
        #expect(try off.read("/d/a") == [4])
        kinds = []
        _ = try WriteAheadLog.open(directory: "/d/wal", fileSystem: off) { _, kind, _ in kinds.append(kind) }
        #expect(kinds == [7, 8])
        try off.writeAtomically([5].span, to: "/d/a")
        #expect(try device.read("/d/a") == [5])
    }
}
