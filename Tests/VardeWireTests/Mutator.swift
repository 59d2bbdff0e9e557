import TestSupport

/// Damages valid inputs in the ways networks and bad senders do: a fuzzer that repeats itself by its seed.
struct Mutator {
    var generator: SeededGenerator
    /// Bytes that mean something to the parsers under test: they find more than random ones.
    var alphabet: [UInt8] = Array("{}[]\"\\=,#:. \n\t\r0123456789eE+-NaInf\u{0}".utf8) + [0x7f, 0x80, 0xC3, 0xFF, 0x0A, 0x12, 0x08, 0x09]

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<max(limit, 1), using: &generator) }

    mutating func mutated(_ seeds: [[UInt8]]) -> [UInt8] {
        var bytes = seeds[below(seeds.count)]
        for _ in 0...below(4) {
            let at = below(bytes.count + 1)
            switch below(8) {
            case 0: if at < bytes.count { bytes[at] ^= 1 << UInt8(below(8)) }
            case 1: if at < bytes.count { bytes[at] = alphabet[below(alphabet.count)] }
            case 2: bytes.insert(alphabet[below(alphabet.count)], at: at)
            case 3: bytes.removeSubrange(at..<min(bytes.count, at + 1 + below(4)))
            case 4: bytes.removeLast(bytes.count - at)
            case 5: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 1 + below(12))], at: at)
            case 6: if at < bytes.count { bytes[at] = UInt8(below(256)) }
            default:
                let other = seeds[below(seeds.count)]
                let from = below(other.count + 1)
                bytes.insert(contentsOf: other[from..<min(other.count, from + 1 + below(16))], at: at)
            }
        }
        return bytes
    }

    /// A text of up to `length` characters, some of them awkward.
    mutating func text(_ length: Int, from characters: String = "abcXYZ019_:-. \"\\\n\t{}=,#åø✓\u{1F600}e\u{301}") -> String {
        let all = Array(characters.unicodeScalars)
        var out = String.UnicodeScalarView()
        for _ in 0..<below(length + 1) { out.append(all[below(all.count)]) }
        return String(out)
    }

    mutating func double() -> Double {
        switch below(6) {
        case 0: Double(below(1000))
        case 1: -Double(below(1_000_000)) / 100
        case 2:
            [0, -0.0, .infinity, -.infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1e21, 1e-7, 123_456_789_012_345_680][
                below(9)]
        case 3: Double(sign: .plus, exponent: below(200) - 100, significand: Double.random(in: 1..<2, using: &generator))
        default: Double(bitPattern: generator.next())
        }
    }
}

/// Runs `body` on many damaged inputs: it must return or throw, never trap. The seed is in the report.
func fuzz(_ name: String, _ seeds: [[UInt8]], rounds: Int = 3000, seed: UInt64 = .random(in: 0 ... .max), _ body: ([UInt8]) -> Void) {
    print("fuzz \(name): seed \(seed)")
    var mutator = Mutator(seed: seed)
    for _ in 0..<rounds { body(mutator.mutated(seeds)) }
}
