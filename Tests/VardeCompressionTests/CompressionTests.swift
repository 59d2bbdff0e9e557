import TestSupport
import Testing
import VardeCompression

@Suite struct CompressionTests {
    /// Byte strings of all kinds: empty, one byte, runs, text, noise.
    static func samples(seed: UInt64) -> [[UInt8]] {
        var generator = SeededGenerator(seed: seed)
        var all: [[UInt8]] = [[], [0], Array(repeating: 7, count: 100_000), Array(String(repeating: "GET /api 200 ", count: 5_000).utf8)]
        for size in [2, 63, 64, 65, 4_096, 70_000] { all.append((0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }) }
        return all
    }

    @Test func `every codec gives back what it was given`() throws {
        for sample in Self.samples(seed: 1) {
            var packed: [UInt8] = []
            var back: [UInt8] = [1, 2, 3]
            LZ4.compress(sample.span, into: &packed)
            try LZ4.decompress(packed.span, size: sample.count, into: &back)
            #expect(back == sample)
            Zstd.compress(sample.span, into: &packed)
            try Zstd.decompress(packed.span, size: sample.count, into: &back)
            #expect(back == sample)
            try Zstd.decompress(packed.span, limit: max(1, sample.count), into: &back)
            #expect(back == sample)
            Snappy.compress(sample.span, into: &packed)
            try Snappy.decompress(packed.span, limit: sample.count, into: &back)
            #expect(back == sample)
            for container: Deflate.Container in [.raw, .zlib, .gzip] {
                Deflate.compress(sample.span, as: container, into: &packed)
                try Deflate.decompress(packed.span, from: container, limit: max(1, sample.count), into: &back)
                #expect(back == sample)
            }
        }
    }

    @Test func `a gzip stream of pieces made apart is one body`() throws {
        let samples = Self.samples(seed: 5)
        let pieces = samples.map { GzipPiece($0.span) }
        var stream = GzipStream()
        let packed = pieces.flatMap { stream.append($0) } + stream.end()
        var back: [UInt8] = []
        try Deflate.decompress(packed.span, from: .gzip, limit: 1 << 20, into: &back)
        #expect(back == samples.flatMap { $0 })
        var nothing = GzipStream()
        try Deflate.decompress(nothing.end().span, from: .gzip, limit: 1, into: &back)
        #expect(back.isEmpty)
    }

    /// Bytes over alphabets of all sizes, even and most uneven (whose best code would have words that are too long), with repeats near and
    /// far, around the sizes of blocks and of the window.
    @Test func `text of all kinds packed for answers is what zlib reads`() throws {
        var generator = SeededGenerator(seed: 11)
        let json = Array(#"],[1796069595,"0.9087719298245613"#.utf8)
        for round in 0..<400 {
            let size =
                round % 40 == 0
                ? [32_767, 32_768, 32_769, 65_536, 100_000, 262_144].randomElement(using: &generator)!
                : Int.random(in: 0...3_000, using: &generator)
            let letters = Int.random(in: 1...256, using: &generator)
            let kind = round % 5
            var text: [UInt8] = []
            text.reserveCapacity(size + 300)
            while text.count < size {
                switch kind {
                case 0: text.append(UInt8(Int.random(in: 0..<letters, using: &generator)))
                case 1: text.append(UInt8(min(255, UInt64.random(in: 1...UInt64.max, using: &generator).leadingZeroBitCount * 4)))
                case 2: text.append(UInt8(ascii: "0") + UInt8.random(in: 0...9, using: &generator))
                case 3:
                    text += json
                    for place in text.indices.suffix(Int.random(in: 1...14, using: &generator)) {
                        text[place] = UInt8(ascii: "0") + UInt8.random(in: 0...9, using: &generator)
                    }
                default:
                    let back = Int.random(in: 1...40_000, using: &generator)
                    guard back <= text.count, Int.random(in: 0..<8, using: &generator) > 0 else {
                        text.append(UInt8.random(in: 0...255, using: &generator))
                        continue
                    }
                    for _ in 0..<Int.random(in: 1...300, using: &generator) { text.append(text[text.count - back]) }
                }
            }
            let packed = GzipStream.whole(text.span)
            var back: [UInt8] = []
            try Deflate.decompress(packed.span, from: .gzip, limit: max(1, text.count), into: &back)
            #expect(back == text, "\(text.count) bytes of kind \(kind)")
            #expect(packed.count <= text.count + text.count / 4_000 + 64)
        }
    }

    @Test func `a snappy header that claims 4 GB allocates nothing`() {
        var out: [UInt8] = []
        // The varint of 2^32 - 1, then a few bytes.
        let bomb: [UInt8] = [0xff, 0xff, 0xff, 0xff, 0x0f, 0, 1, 2]
        #expect(throws: DecompressionError.tooLarge(encoding: "snappy", limit: 1 << 20)) {
            try Snappy.decompress(bomb.span, limit: 1 << 20, into: &out)
        }
        #expect(throws: DecompressionError.malformed(encoding: "snappy")) { try Snappy.decompress(bomb.span, limit: 1 << 40, into: &out) }
        #expect(out.capacity < 4_096)
    }

    @Test func `a gzip bomb stops at the limit`() {
        var packed: [UInt8] = []
        var out: [UInt8] = []
        Deflate.compress(Array(repeating: 0, count: 10 << 20).span, as: .gzip, into: &packed)
        #expect(throws: DecompressionError.tooLarge(encoding: "gzip", limit: 1 << 20)) {
            try Deflate.decompress(packed.span, from: .gzip, limit: 1 << 20, into: &out)
        }
        #expect(out.capacity <= 2 << 20)
    }

    @Test func `several gzip members are one body`() throws {
        var a: [UInt8] = []
        var b: [UInt8] = []
        var out: [UInt8] = []
        Deflate.compress(Array("one ".utf8).span, as: .gzip, into: &a)
        Deflate.compress(Array("two".utf8).span, as: .gzip, into: &b)
        try Deflate.decompress((a + b).span, from: .gzip, limit: 100, into: &out)
        #expect(String(decoding: out, as: UTF8.self) == "one two")
    }

    @Test func `damaged and cut bodies are refused, never believed`() {
        var generator = SeededGenerator(seed: 3)
        for sample in Self.samples(seed: 2) where sample.count > 60 {
            var packed: [UInt8] = []
            var out: [UInt8] = []
            Deflate.compress(sample.span, as: .gzip, into: &packed)
            packed.removeLast(packed.count / 3)
            #expect(throws: DecompressionError.self) { try Deflate.decompress(packed.span, from: .gzip, limit: sample.count, into: &out) }
            Zstd.compress(sample.span, into: &packed)
            packed.removeLast(packed.count / 3)
            #expect(throws: DecompressionError.self) { try Zstd.decompress(packed.span, limit: sample.count, into: &out) }
            // Any bytes at all must end in a result or an error.
            for _ in 0..<50 {
                let noise = (0..<200).map { _ in UInt8.random(in: 0...255, using: &generator) }
                _ = try? Snappy.decompress(noise.span, limit: 1 << 16, into: &out)
                _ = try? LZ4.decompress(noise.span, size: 500, into: &out)
                _ = try? Zstd.decompress(noise.span, limit: 1 << 16, into: &out)
                _ = try? Deflate.decompress(noise.span, from: .zlib, limit: 1 << 16, into: &out)
            }
        }
    }
}

@Suite struct RegexTests {
    @Test func `matchers are anchored, filters are not, and a dot takes a newline`() throws {
        let regex = try Regex("a.c|x")
        #expect(regex.matchesWhole("abc") && regex.matchesWhole("a\nc") && !regex.matchesWhole("xabc"))
        let found = regex.matchesAnywhere(Array("--abc--".utf8).span)
        #expect(found)
    }

    @Test func `groups have names and ranges`() throws {
        let regex = try Regex(#"(?P<method>\w+) (/\S*)( HTTP)?"#)
        #expect(regex.groupNames == [nil, "method", nil, nil])
        let text = Array("> GET /a".utf8)
        let first = regex.firstMatch(in: text.span)
        let whole = regex.firstMatch(in: text.span, whole: true)
        #expect(first == [2..<8, 2..<5, 6..<8, nil])
        #expect(whole == nil)
    }

    @Test func `names and bytes are what they are in Go`() throws {
        #expect(try Regex(#"(?<method>\w+) [<(?]+\Q(?<\E"#).groupNames == [nil, "method"])
        #expect(try Regex(#"[]C(?<]+\\C"#).matchesWhole(#"](?<\C"#))
        #expect(throws: Regex.SyntaxError.self) { _ = try Regex(#"a\C"#) }
    }

    @Test func `a bad pattern says why`() {
        let error = #expect(throws: Regex.SyntaxError.self) { _ = try Regex("a(b") }
        #expect(error?.pattern == "a(b")
        #expect(error?.reason == "missing ): a(b")
    }

    @Test func `a pattern that blows up backtracking engines is linear here`() throws {
        let regex = try Regex("(a*)*b")
        #expect(!regex.matchesWhole(String(repeating: "a", count: 100_000)))
    }
}
