import TestSupport
import Testing
import VardeKernels

@testable import VardeDisk

@Suite struct SectionedFileTests {
    let files = InMemoryFileSystem()

    func write(_ path: String, _ sections: [(String, [UInt8])], to files: InMemoryFileSystem) throws(DiskError) {
        let writer = try SectionedFileWriter(path: path, kind: .metricsBlock, day: nil, fileSystem: files)
        for (name, bytes) in sections { try writer.section(name, bytes.span) }
        _ = try writer.finish()
    }

    static func random(_ generator: inout SeededGenerator) -> [(String, [UInt8])] {
        (0..<Int.random(in: 0...6, using: &generator)).map { i in
            let size =
                Bool.random(using: &generator) ? Int.random(in: 0...40, using: &generator) : Int.random(in: 0...5_000, using: &generator)
            return ("section \(i)", (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) })
        }
    }

    @Test(arguments: 1...40) func whatWasWrittenIsReadWholeAndInParts(_ seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let sections = Self.random(&generator)
        try write("/a", sections, to: files)
        files.powerCut()
        #expect(files.paths == ["/a"])
        let file = try SectionedFile(path: "/a", fileSystem: files)
        #expect(file.verify() == [])
        #expect(file.sections.map(\.name) == sections.map(\.0))
        for (name, bytes) in sections {
            #expect(try file.read(name) == bytes, "seed \(seed)")
            let from = Int.random(in: 0...bytes.count, using: &generator)
            let count = Int.random(in: 0...(bytes.count - from), using: &generator)
            var part: [UInt8] = []
            try file.readPart(of: try file.section(name), at: from, count: count, into: &part)
            #expect(part == Array(bytes[from..<(from + count)]), "seed \(seed)")
        }
        #expect(throws: DiskError.self) { try file.read("absent") }
    }

    @Test func partsBeyondASectionAreRefused() throws {
        try write("/a", [("x", [1, 2, 3]), ("y", [4])], to: files)
        let file = try SectionedFile(path: "/a", fileSystem: files)
        var part: [UInt8] = []
        for (offset, count) in [(0, 4), (3, 1), (-1, 2), (0, -1)] {
            #expect(throws: DiskError.self) { try file.readPart(of: try file.section("x"), at: offset, count: count, into: &part) }
        }
    }

    @Test func everyFlippedByteIsFound() throws {
        try write("/a", [("x", Array(0..<50)), ("y", []), ("z", [1])], to: files)
        let size = try files.size(of: "/a")
        for offset in 0..<size {
            files.flip("/a", at: offset)
            let isFound: Bool
            do { isFound = try !SectionedFile(path: "/a", fileSystem: files).verify().isEmpty } catch is DiskError { isFound = true }
            // The kind (byte 6 and 7) has no checksum; flipped here it is no kind that exists.
            #expect(isFound, "byte \(offset)")
            files.flip("/a", at: offset)
        }
        #expect(try SectionedFile(path: "/a", fileSystem: files).verify() == [])
    }

    @Test func aFileCutOffAnywhereIsRefused() throws {
        try write("/a", [("x", Array(0..<50)), ("y", [1])], to: files)
        let whole = try files.read("/a")
        for count in 0..<whole.count {
            try files.writeAtomically(whole.span.extracting(0..<count), to: "/b")
            #expect(throws: DiskError.self, "\(count) bytes") { try SectionedFile(path: "/b", fileSystem: files) }
        }
    }

    @Test func randomBytesAsAFooterNeverTrap() throws {
        for seed in 1...300 {
            var generator = SeededGenerator(seed: UInt64(seed))
            var footer = (0..<Int.random(in: 4...60, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            if Bool.random(using: &generator) { footer.replaceSubrange(0..<4, with: [1, 0, 0, 0]) }
            var bytes = SectionedFileFormat.magic + [1, 0, 1, 0]
            let offset = bytes.count
            bytes += footer
            Bytes.append64(Bool.random(using: &generator) ? UInt64(offset) : generator.next(), to: &bytes)
            Bytes.append32(UInt32(footer.count), to: &bytes)
            Bytes.append32(CRC32C.checksum(footer.span), to: &bytes)
            bytes += SectionedFileFormat.magic
            try files.writeAtomically(bytes.span, to: "/f")
            if let file = try? SectionedFile(path: "/f", fileSystem: files) { _ = file.verify() }
        }
    }

    @Test func underEveryFailingCallTheFileIsWholeOrAbsent() throws {
        for failure in LogFaultTests.failures {
            var number = 0
            var fired = true
            while fired {
                number += 1
                let files = InMemoryFileSystem()
                try files.makeDirectories("/d")
                files.fail(atCall: number, failure)
                let isWritten = (try? write("/d/a", [("x", Array(0..<100))], to: files)) != nil
                fired = files.hasFailed
                files.powerCut()
                if isWritten || files.exists("/d/a") {
                    #expect(try SectionedFile(path: "/d/a", fileSystem: files).read("x") == Array(0..<100), "call \(number)")
                }
                try files.removeTemporaries(in: "/d")
                #expect(files.paths.allSatisfy { $0 == "/d/a" })
            }
            #expect(number > 5)
        }
    }
}
