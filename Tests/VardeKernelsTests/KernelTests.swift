import CVardeKernels
import TestSupport
import Testing
import VardeKernels

@Suite struct CRC32CTests {
    @Test func `the check value of the polynomial`() {
        let digits = CRC32C.checksum(Array("123456789".utf8).span)
        let zeros = CRC32C.checksum([UInt8](repeating: 0, count: 32).span)
        #expect(digits == 0xE306_9283)
        #expect(zeros == 0x8A91_36AA)
    }

    @Test func `the processor's instruction and the table agree, in one piece or in parts`() {
        var generator = SeededGenerator(seed: 5)
        for size in 0..<300 {
            let bytes = (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let whole = CRC32C.checksum(bytes.span)
            let table = bytes.withUnsafeBufferPointer { varde_crc32c_portable(0, $0.baseAddress, $0.count) }
            #expect(whole == table)
            let cut = size / 3
            let parts = CRC32C.checksum(Array(bytes[cut...]).span, seed: CRC32C.checksum(Array(bytes[..<cut]).span))
            #expect(parts == whole)
        }
    }
}

@Suite struct SubstringSearchTests {
    /// What a search is, in its plainest form.
    static func naive(_ needle: [UInt8], _ haystack: [UInt8], from: Int) -> Int? {
        guard needle.count <= haystack.count - from else { return nil }
        return (from...(haystack.count - needle.count)).first { Array(haystack[$0..<$0 + needle.count]) == needle }
    }

    @Test func `the search agrees with the plain one at every size and offset`() {
        var generator = SeededGenerator(seed: 6)
        for _ in 0..<3_000 {
            // Few letters, so that near misses abound.
            let haystack = (0..<Int.random(in: 0..<150, using: &generator)).map { _ in UInt8.random(in: 97...98, using: &generator) }
            let needle = (0..<Int.random(in: 0..<9, using: &generator)).map { _ in UInt8.random(in: 97...98, using: &generator) }
            let from = Int.random(in: 0...haystack.count, using: &generator)
            let found = SubstringSearch.firstOffset(of: needle.span, in: haystack.span, from: from)
            #expect(found == Self.naive(needle, haystack, from: from))
        }
    }
}

@Suite struct KeyedHashTests {
    @Test func `equal bytes have equal hashes, wherever they lie`() {
        let hash = KeyedHash()
        let bytes = Array("job=api,instance=localhost:9090".utf8)
        let shifted = [0, 1, 2] + bytes
        let here = hash(bytes.span)
        let there = hash(shifted.span.extracting(3..<shifted.count))
        #expect(here == there)
    }

    @Test func `no two of many similar keys collide, in either half`() {
        let hash = KeyedHash(key0: 1, key1: 2)
        var low: Set<UInt64> = []
        var high: Set<UInt64> = []
        var count = 0
        for i in 0..<20_000 {
            for key in ["series=\(i)", String(repeating: "\0", count: i % 40) + "\(i)"] {
                let value = hash(Array(key.utf8).span)
                low.insert(value.low)
                high.insert(value.high)
                count += 1
            }
        }
        // Keys that are themselves equal: none, as the number ends each and the prefixes differ.
        #expect(low.count == count && high.count == count)
    }

    @Test func `another key gives another hash`() {
        let bytes = Array("x".utf8)
        let one = KeyedHash(key0: 1, key1: 2)(bytes.span)
        let other = KeyedHash(key0: 1, key1: 3)(bytes.span)
        #expect(one != other)
    }
}
