/// Log lines of many shapes, for tests that compare a quick way with a plain one.
public struct LogLines {
    private var generator: SeededGenerator
    private static let words = [
        "error", "INFO", "took", "blåbær", "smør", "users", "GET", "/api/v1", "timeout", "--", "::", "\"msg\":", "{", "}", "<", ">", "ж",
        "日本", "a",
    ]

    /// Lines that follow from `seed` alone.
    public init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    /// A line: mostly of a few shapes with numbers and identifiers, now and then of random words or characters.
    public mutating func next() -> String {
        let number =
            Int.random(in: 0...3, using: &generator) == 0
            ? Int.random(in: 0...9, using: &generator) : Int.random(in: 0...999_999, using: &generator)
        let hex = String(UInt64.random(in: 0...UInt64.max >> UInt64.random(in: 0...60, using: &generator), using: &generator), radix: 16)
        let padded = String(100 + number % 100).dropFirst()
        switch Int.random(in: 0...9, using: &generator) {
        case 0...2: return "10.0.\(number % 256).7 - - [\(padded):\(padded)] \"GET /api/v1/vare/\(number)\" 200 \(number * 3) \(hex)"
        case 3...4: return "{\"level\":\"info\",\"status\":\(number % 600),\"id\":\"\(hex)\",\"user\":\"bruker\(number % 50)\"}"
        case 5...6: return "ERROR [worker-\(number % 8)] processed order=\(number) took=\(number % 900)ms trace=\(hex.uppercased()) æøå"
        case 7: return Self.words[number % Self.words.count] + " \(padded)x\(hex) " + Self.words[(number / 20) % Self.words.count]
        case 8:
            return (0..<(number % 12)).map { _ in Self.words.randomElement(using: &generator) ?? "" }.joined(
                separator: number % 2 == 0 ? " " : "")
        default:
            return String(
                String.UnicodeScalarView((0..<(number % 40)).map { _ in UnicodeScalar(UInt8.random(in: 32...126, using: &generator)) }))
        }
    }

    /// A text to look for: a piece of a line, cut at whole characters, sometimes changed so that it is likely nowhere.
    public mutating func needle(from line: String) -> String {
        let characters = Array(line)
        guard !characters.isEmpty else { return ":" }
        let length = min(characters.count, Int.random(in: 1...14, using: &generator))
        let start = Int.random(in: 0...(characters.count - length), using: &generator)
        var piece = Array(characters[start..<(start + length)])
        if Int.random(in: 0...3, using: &generator) == 0 {
            piece[Int.random(in: 0..<piece.count, using: &generator)] = Character(
                UnicodeScalar(UInt8.random(in: 33...126, using: &generator)))
        }
        return String(piece)
    }

    /// A number from 0 on.
    public mutating func number(below limit: Int) -> Int { Int.random(in: 0..<limit, using: &generator) }
}
