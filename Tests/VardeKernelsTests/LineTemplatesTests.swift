import TestSupport
import Testing
import VardeKernels

@Suite struct LineTemplatesTests {
    /// A page of lines as the coding takes them, and takes them back.
    struct Page {
        var text: [UInt8] = []
        var ends: [UInt32] = []
        var words: [UInt8] = []
        var numbers: [UInt8] = []
        var isEncoded = false

        init(_ lines: [[UInt8]]) {
            for line in lines {
                text += line
                ends.append(UInt32(text.count))
            }
            let (text, ends) = (text, ends)
            isEncoded = LineTemplates.encode(text.span, lineEnds: ends.span, words: &words, numbers: &numbers)
        }

        func decoded(_ needles: LineNeedles = .none) -> (text: [UInt8], ends: [UInt32], kept: [UInt32])? {
            var result: (text: [UInt8], ends: [UInt32], kept: [UInt32]) = ([], [], [])
            let isDone = LineTemplates.decode(
                words: words.span, numbers: numbers.span, lineCount: ends.count, size: text.count, needles: needles, into: &result.text,
                lineEnds: &result.ends, kept: &result.kept)
            return isDone ? result : nil
        }
    }

    @Test func `pages of any lines come back byte for byte`() throws {
        var encoded = 0
        for seed in 0..<120 {
            var lines = LogLines(seed: UInt64(seed))
            let count = 1 + lines.number(below: 700)
            // Some pages have few shapes, some many.
            let isPlain = seed % 2 == 0
            let page = Page(
                (0..<count).map { i in
                    let line = lines.next()
                    return Array(
                        (isPlain ? "2026-11-\(10 + i % 20)T\(i % 24):\(10 + i % 50) id=\(line.utf8.count * 7919 % 1000)ms" : line).utf8)
                })
            guard page.isEncoded else { continue }
            encoded += 1
            let decoded = try #require(page.decoded())
            #expect(decoded.text == page.text && decoded.ends == page.ends && decoded.kept.count == count, "seed \(seed)")
        }
        #expect(encoded > 50)
    }

    @Test(arguments: [
        ["0", "00", "000", "1", "01", "18446744073709551615", "18446744073709551616", "9999999999999999999"],
        ["deadbeef", "DEADBEEF", "DeadBeef", "0000beef", "ffffffffffffffff", "0ffffffffffffffff"],
        ["1a2b3c4d5e", "x1", "1x", "a1b2", "", "æ7ø", "7", "abcdefghijklmnopqrstuvwxyz", String(repeating: "a1", count: 400)],
        ["1", "2", "3", "5", "1000000", "999999", "4", "12345678", "123456789"],
    ])
    func `variables of every form come back as they were written`(_ values: [String]) throws {
        for repeats in [1, 40, 200] {
            let page = Page((0..<(values.count * repeats)).map { Array("v=\(values[$0 % values.count]) end".utf8) })
            guard repeats > 1 else { continue }
            #expect(page.isEncoded)
            let decoded = try #require(page.decoded())
            #expect(decoded.text == page.text && decoded.ends == page.ends)
        }
    }

    @Test func `runs of letters and digits of any length come back, at the ends of words of 64 bits too`() throws {
        for offset in 0..<70 {
            let lines = (0..<64).map { i in
                Array(
                    (String(repeating: ".", count: offset) + String(repeating: "a7", count: i) + "." + String(repeating: "9", count: i % 25))
                        .utf8)
            }
            let page = Page(lines)
            guard page.isEncoded else { continue }
            let decoded = try #require(page.decoded())
            #expect(decoded.text == page.text && decoded.ends == page.ends)
        }
    }

    @Test func `lines left out hold none of what is asked for`() throws {
        var left = 0
        for seed in 0..<20 {
            var lines = LogLines(seed: UInt64(seed) + 1_000)
            let texts = (0..<600).map { _ in lines.next() }.filter {
                $0.hasPrefix("10.0.") || $0.hasPrefix("{\"level") || $0.hasPrefix("ERROR [")
            }
            let page = Page(texts.map { Array($0.utf8) })
            guard page.isEncoded else { continue }
            for _ in 0..<10 {
                let groups = (0...lines.number(below: 2)).map { _ in
                    (0...lines.number(below: 2)).map { _ in Array(lines.needle(from: texts[lines.number(below: texts.count)]).utf8) }
                }
                let decoded = try #require(page.decoded(LineNeedles(groups)))
                let wanted = texts.indices.filter { i in groups.allSatisfy { $0.contains { holds(Array(texts[i].utf8), $0) } } }
                #expect(Set(wanted).isSubset(of: decoded.kept.map(Int.init)))
                left += texts.count - decoded.kept.count
                for (index, place) in decoded.kept.enumerated() {
                    let start = index == 0 ? 0 : Int(decoded.ends[index - 1])
                    #expect(Array(decoded.text[start..<Int(decoded.ends[index])]) == Array(texts[Int(place)].utf8))
                }
            }
        }
        #expect(left > 10_000)
    }

    private func holds(_ line: [UInt8], _ needle: [UInt8]) -> Bool { SubstringSearch.firstOffset(of: needle.span, in: line.span) != nil }

    @Test func `changed bytes are refused or read as something else, never beyond their bounds`() {
        var lines = LogLines(seed: 77)
        let page = Page(
            (0..<300).map { _ in Array("GET /\(lines.number(below: 5000)) \(lines.number(below: 90))ms u\(lines.number(below: 9))".utf8) })
        for _ in 0..<4_000 {
            var changed = page
            for _ in 0...lines.number(below: 3) {
                let at = lines.number(below: page.words.count + page.numbers.count)
                let byte = UInt8(lines.number(below: 256))
                if at < page.words.count { changed.words[at] = byte } else { changed.numbers[at - page.words.count] = byte }
            }
            if lines.number(below: 4) == 0 { changed.words.removeLast(lines.number(below: changed.words.count)) }
            if let decoded = changed.decoded() { #expect(decoded.text.count <= page.text.count) }
        }
    }

    @Test func `text that repeats little is left to others`() {
        var lines = LogLines(seed: 5)
        let page = Page((0..<2_000).map { _ in (0..<40).map { _ in UInt8(33 + lines.number(below: 14)) } })
        #expect(!page.isEncoded)
        #expect(!Page([]).isEncoded)
    }

    @Test func `lines whose JSON has a number out of bounds are left out before they are put together`() throws {
        let lines = (0..<900).map { i in
            i % 3 == 0
                ? "plain \(i) status=\(i)"
                : "{\"status\":\(200 + i % 400),\"who\":\"u\(i * 7919 % 1000)\",\"id\":\"\(String(i * 7_368_787, radix: 16))\",\"ms\":\(i)}"
        }
        let page = Page(lines.map { Array($0.utf8) })
        try #require(page.isEncoded)
        let decoded = try #require(page.decoded(LineNeedles([], numbers: [("status", 500...(.infinity)), ("ms", -.infinity...700)])))
        let wanted = lines.indices.filter { $0 % 3 != 0 && 200 + $0 % 400 >= 500 && $0 <= 700 }
        #expect(decoded.kept.map(Int.init) == wanted)
        #expect(String(decoding: decoded.text, as: UTF8.self) == wanted.map { lines[$0] }.joined())
        // No line has such a member.
        #expect(try #require(page.decoded(LineNeedles([], numbers: [("state", 0...1)]))).kept.isEmpty)
    }
}
