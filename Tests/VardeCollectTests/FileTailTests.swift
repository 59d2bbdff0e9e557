import Foundation
import TestSupport
import Testing
import VardeCollect
import VardeCompression
import VardeDisk
import VardeModel

/// Lines cut out of bytes, and files through every way they are rotated.
@Suite struct FileTailTests {
    // MARK: Cutting

    private static func texts(
        _ cutter: EntryCutter, _ text: String, isInside: Bool = false, isWhole: Bool = false, isLast: Bool = false
    )
        -> (entries: [String], cut: EntryCutter.Cut)
    {
        let bytes = Array(text.utf8)
        let cut = cutter.cut(bytes, isInside: isInside, isWhole: isWhole, isLast: isLast)
        return (cut.entries.map { String(decoding: bytes[$0], as: UTF8.self) }, cut)
    }

    @Test func `Whole lines are cut, a half one waits, and a long one is given with a byte too many`() {
        let cutter = EntryCutter(maxEntry: 10)
        var (entries, cut) = Self.texts(cutter, "one\r\n\ntwo\nhal")
        #expect(entries == ["one", "two"] && cut.consumed == 10 && !cut.isWaiting)
        (entries, cut) = Self.texts(cutter, "one\nhal", isLast: true)
        #expect(entries == ["one", "hal"] && cut.consumed == 7)
        (entries, cut) = Self.texts(cutter, "aaaaaaaaaaaaaaaaaaaa\nb\n")
        #expect(entries == ["aaaaaaaaaaa", "b"] && cut.consumed == 23)
        (entries, cut) = Self.texts(cutter, "b\naaaaaaaaaaaa")
        #expect(entries == ["b", "aaaaaaaaaaa"] && cut.consumed == 14 && cut.isInside)
        (entries, cut) = Self.texts(cutter, "aaa", isInside: true)
        #expect(entries == [] && cut.consumed == 3 && cut.isInside)
        (entries, cut) = Self.texts(cutter, "aaa\nc\n", isInside: true)
        #expect(entries == ["c"] && cut.consumed == 6 && !cut.isInside)
        (entries, cut) = Self.texts(cutter, "\0\0\0\0x\n\0\0")
        #expect(entries == ["x"] && cut.consumed == 8)
    }

    @Test func `Lines that belong together are one entry, within bounds`() throws {
        let cutter = EntryCutter(maxEntry: 20, firstLine: try Regex("^[0-9]"), maxLines: 3)
        var (entries, cut) = Self.texts(cutter, "1 a\n  b\n2 c\n  d\n")
        #expect(entries == ["1 a\n  b"] && cut.consumed == 8 && cut.isWaiting)
        (entries, cut) = Self.texts(cutter, "1 a\n  b\n2 c\n  d\n", isWhole: true)
        #expect(entries == ["1 a\n  b", "2 c\n  d"] && cut.consumed == 16)
        (entries, cut) = Self.texts(cutter, "1\na\nb\nc\nd\n2\n")
        #expect(entries == ["1\na\nb", "c\nd"] && cut.isWaiting)
        (entries, cut) = Self.texts(cutter, "1 aaaaaaaaaa\nbbbbbbbbbb\n2\n")
        #expect(entries == ["1 aaaaaaaaaa", "bbbbbbbbbb"])
    }

    @Test func `However bytes come, the entries are the same`() throws {
        var generator = SeededGenerator(seed: 11)
        for cutter in [EntryCutter(maxEntry: 40), EntryCutter(maxEntry: 40, firstLine: try Regex("^1"), maxLines: 4)] {
            for _ in 0..<300 {
                let alphabet: [UInt8] = [10, 13, 49, 97, 98, 99, 0]
                let bytes: [UInt8] = (0..<Int.random(in: 0...400, using: &generator)).map { _ in
                    alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
                }
                let whole = Self.entries(cutter, bytes, steps: [bytes.count])
                var steps: [Int] = []
                while steps.reduce(0, +) < bytes.count { steps.append(Int.random(in: 1...60, using: &generator)) }
                #expect(Self.entries(cutter, bytes, steps: steps) == whole, "\(bytes)")
            }
        }
    }

    private static func entries(_ cutter: EntryCutter, _ bytes: [UInt8], steps: [Int]) -> [[UInt8]] {
        var found: [[UInt8]] = []
        var (offset, seen, isInside) = (0, 0, false)
        for (number, step) in steps.enumerated() {
            seen = min(bytes.count, seen + step)
            let isLast = number == steps.count - 1
            let part = Array(bytes[offset..<seen])
            let cut = cutter.cut(part, isInside: isInside, isLast: isLast)
            found += cut.entries.map { Array(part[$0]) }
            offset += cut.consumed
            isInside = cut.isInside
        }
        return found
    }

    // MARK: Files

    /// A folder with files, and a tail over them whose clock the test sets.
    private final class Scene {
        let folder: URL
        var tail: FileTail
        var now: Int64 = 1_000_000
        var time: Int64 = 0
        var lines: [String] = []
        /// Lines by the time they were given.
        var stored: Set<String> = []
        let sources: [FileSource]

        init(_ patterns: [String] = ["*.log"], change: (inout FileSource) -> Void = { _ in }) throws {
            folder = FileManager.default.temporaryDirectory.appendingPathComponent("varde-tail-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            var source = FileSource(paths: patterns.map { [folder] in folder.path + "/" + $0 }, labels: ["job": "t"])
            change(&source)
            sources = [source]
            tail = try FileTail.open(directory: folder.path + "/state", fileSystem: PosixFileSystem()).tail
            tail.limits.entryBytes = 1_000
            try tail.use(sources)
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        func path(_ name: String) -> String { folder.path + "/" + name }

        func append(_ text: String, to name: String) throws {
            let file = open(path(name), O_WRONLY | O_CREAT | O_APPEND, 0o600)
            defer { close(file) }
            _ = text.utf8.withContiguousStorageIfAvailable { write(file, $0.baseAddress, $0.count) }
        }

        func rename(_ name: String, to other: String) throws { try FileManager.default.moveItem(atPath: path(name), toPath: path(other)) }

        func copyTruncate(_ name: String, to other: String) throws {
            try FileManager.default.copyItem(atPath: path(name), toPath: path(other))
            truncate(path(name), 0)
        }

        /// A round; where `arrives` is false the server dies before it hears that the lines are stored.
        func round(arrives: Bool = true, after: Int64 = 1_000) throws {
            now += after
            guard
                let writes = try tail.gather(
                    now: now,
                    times: { count in
                        self.time += Int64(count)
                        return self.time - Int64(count)
                    })
            else { return }
            for write in writes {
                for index in 0..<write.entries.count {
                    let line = String(decoding: write.entries.lineBytes[write.entries.lineRange(index)], as: UTF8.self)
                    // As the store knows a line it has.
                    if stored.insert("\(write.labels) \(write.entries.timestamps[index]) \(line)").inserted { lines.append(line) }
                }
            }
            if arrives { tail.confirm() }
        }

        /// What a SIGKILL and a start make of it.
        func restart() throws {
            tail = try FileTail.open(directory: folder.path + "/state", fileSystem: PosixFileSystem()).tail
            tail.limits.entryBytes = 1_000
            try tail.use(sources)
        }

        func settle() throws { for _ in 0..<5 { try round() } }
    }

    @Test func `A file renamed under its writer is read to its end, and so is the one in its place`() throws {
        let scene = try Scene()
        try scene.append("a\nb\n", to: "x.log")
        try scene.settle()
        try scene.append("c\nhal", to: "x.log")
        try scene.rename("x.log", to: "x.log.1")
        try scene.append("f of it\n", to: "x.log.1")
        try scene.append("d\n", to: "x.log")
        try scene.settle()
        try scene.append("late in the old\n", to: "x.log.1")
        try scene.append("e\nno end", to: "x.log")
        try scene.settle()
        #expect(scene.lines.sorted() == ["a", "b", "c", "d", "e", "half of it", "late in the old"].sorted())
        try scene.rename("x.log", to: "x.log.2")
        for _ in 0..<60 { try scene.round() }
        #expect(scene.lines.last == "no end")
        #expect(scene.tail.statistics.files == 0)
    }

    @Test func `A file copied and emptied is read wholly, what was in the copy alone as well`() throws {
        for patterns in [["x.log"], ["x.log*"]] {
            let scene = try Scene(patterns)
            let first = (0..<20).map { "first \($0) of a file with something in it" }
            try scene.append(first.joined(separator: "\n") + "\n", to: "x.log")
            try scene.settle()
            try scene.append("not yet read when it was copied\n", to: "x.log")
            try scene.copyTruncate("x.log", to: "x.log.1")
            // Longer than what was read: its size does not tell.
            let second = (0..<60).map { "second \($0) of a file with something else in it" }
            try scene.append(second.joined(separator: "\n") + "\n", to: "x.log")
            for _ in 0..<8 { try scene.round() }
            let wanted = (first + second + ["not yet read when it was copied"]).sorted()
            #expect(scene.lines.sorted() == wanted, "\(patterns): \(scene.lines.count) of \(wanted.count)")
        }
    }

    @Test func `After a crash at any moment no line is lost and none is there twice`() throws {
        var generator = SeededGenerator(seed: 3)
        let scene = try Scene(["x.log", "y.log"])
        var written: [String] = []
        var rotations = 0
        for step in 0..<400 {
            let name = Bool.random(using: &generator) ? "x.log" : "y.log"
            switch Int.random(in: 0..<12, using: &generator) {
            case 0:
                if FileManager.default.fileExists(atPath: scene.path(name)) {
                    rotations += 1
                    try scene.rename(name, to: "\(name).\(rotations)")
                }
            case 1: try scene.restart()
            case 2:
                try scene.round(arrives: false)
                try scene.restart()
            case 3: try scene.round(after: 200)
            default:
                let lines = (0..<Int.random(in: 1...5, using: &generator)).map { "step \(step) line \($0) in \(name)" }
                written += lines
                try scene.append(lines.joined(separator: "\n") + "\n", to: name)
                if Int.random(in: 0..<3, using: &generator) == 0 { try scene.round(after: 200) }
            }
        }
        for _ in 0..<60 { try scene.round() }
        #expect(Set(written).subtracting(scene.lines).count == 0, "\(Set(written).subtracting(scene.lines).sorted().prefix(5))")
        #expect(scene.lines.count == written.count)
    }

    @Test func `Entries of several lines end when the next begins or nothing comes`() throws {
        let scene = try Scene { $0.multiline = FileSource.Multiline(firstLine: "^\\S") }
        try scene.append("ERROR it broke\n  at a\n", to: "x.log")
        try scene.round()
        try scene.round()
        try scene.append("  at b\nWARN next\n", to: "x.log")
        try scene.round()
        try scene.round()
        #expect(scene.lines == ["ERROR it broke\n  at a\n  at b"])
        for _ in 0..<5 { try scene.round() }
        #expect(scene.lines == ["ERROR it broke\n  at a\n  at b", "WARN next"])
    }

    @Test func `Sources may begin at the end, leave files out, and read JSON; what is packed is not read`() throws {
        let scene = try Scene(["{x,y}*.log", "z.log"]) { source in
            source.startsAtEnd = true
            source.exclude = ["y-not*"]
            source.isJSON = true
        }
        try scene.append("old\n", to: "x.log")
        try scene.settle()
        try scene.append("{\"msg\":\"new\"}\nno json\n", to: "x.log")
        try scene.append("left out\n", to: "y-not.log")
        try scene.append("\u{1F}", to: "z.log")
        try Data([0x1F, 0x8B, 8, 0, 10, 10]).write(to: URL(fileURLWithPath: scene.path("z.log")))
        try scene.append("from its beginning\n", to: "y2.log")
        try scene.settle()
        #expect(scene.lines.sorted() == ["from its beginning", "no json", "{\"msg\":\"new\"}"])
        #expect(scene.tail.statistics.unparsed == 2 && scene.tail.statistics.failures["compressed"] != nil)
    }

    @Test func `More files than may be open have their turns, and more than may be known are counted`() throws {
        let scene = try Scene()
        scene.tail.limits.openFiles = 3
        scene.tail.limits.files = 20
        for file in 0..<25 { try scene.append("file \(file)\n", to: "\(file).log") }
        try scene.settle()
        #expect(scene.lines.count == 20 && scene.tail.statistics.openFiles <= 3)
        #expect((scene.tail.statistics.failures["limit"] ?? 0) >= 5)
        let known = scene.lines.map { $0.dropFirst(5) }
        for file in known { try scene.append("again \(file)\n", to: "\(file).log") }
        try scene.settle()
        #expect(scene.lines.count == 40)
    }

    @Test func `Positions that are damaged are said to be so, and files are read anew`() throws {
        let scene = try Scene()
        try scene.append("a\n", to: "x.log")
        try scene.settle()
        try scene.tail.settle()
        let path = scene.path("state/positions")
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        bytes[bytes.count - 1] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))
        let opened = try FileTail.open(directory: scene.path("state"), fileSystem: PosixFileSystem())
        #expect(opened.damage?.contains("does not match its checksum") == true)
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<2_000 {
            let junk = (0..<Int.random(in: 0...80, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(throws: DiskError.self) { try FileMarksFile.decode(Array("VRDI".utf8) + junk, path: "x") }
        }
    }
}
