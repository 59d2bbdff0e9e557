import VardeModel

/// The texts of a block in order: symbols sorted by bytes, and labels as pairs of their numbers, ascending.
///
/// With both in order, labels are compared by comparing numbers: the order of pairs is that of names, then of values.
struct LabelDictionary: Sendable {
    var symbols: [String] = []
    /// Symbols of name and value in one key.
    var pairs: [UInt64] = []

    static let none = UInt32.max

    init() {}

    /// The dictionary of the labels with `used` pairs, and the number each pair has in it.
    ///
    /// - Parameter keys: labels by symbols of `texts`, in any order.
    init(texts: [String], keys: [UInt64], used: [Bool], numbers: inout [UInt32]) {
        var isUsed = [Bool](repeating: false, count: texts.count)
        for pair in keys.indices where used[pair] {
            isUsed[Int(keys[pair] >> 32)] = true
            isUsed[Int(keys[pair] & 0xffff_ffff)] = true
        }
        var order = texts.indices.filter { isUsed[$0] }.map { (prefix: Self.prefix(texts[$0]), symbol: UInt32($0)) }
        order.sort { a, b in
            a.prefix == b.prefix ? texts[Int(a.symbol)].utf8Precedes(texts[Int(b.symbol)]) : a.prefix < b.prefix
        }
        var rank = [UInt32](repeating: Self.none, count: texts.count)
        symbols.reserveCapacity(order.count)
        for (_, symbol) in order {
            rank[Int(symbol)] = UInt32(symbols.count)
            symbols.append(texts[Int(symbol)])
        }
        numbers = [UInt32](repeating: Self.none, count: keys.count)
        var ranked: [(key: UInt64, pair: UInt32)] = []
        for pair in keys.indices where used[pair] {
            ranked.append((UInt64(rank[Int(keys[pair] >> 32)]) << 32 | UInt64(rank[Int(keys[pair] & 0xffff_ffff)]), UInt32(pair)))
        }
        ranked.sort { $0.key < $1.key }
        pairs.reserveCapacity(ranked.count)
        for (key, pair) in ranked {
            numbers[Int(pair)] = UInt32(pairs.count)
            pairs.append(key)
        }
    }

    /// The dictionary of all labels of several, and for each of them the numbers its pairs have here.
    init(merging all: [LabelDictionary], numbers: inout [[UInt32]]) {
        var symbolNumbers = all.map { [UInt32](repeating: 0, count: $0.symbols.count) }
        var positions = [Int](repeating: 0, count: all.count)
        while true {
            var least: String?
            for part in all.indices where positions[part] < all[part].symbols.count {
                let text = all[part].symbols[positions[part]]
                if least.map({ text.utf8Precedes($0) }) ?? true { least = text }
            }
            guard let least else { break }
            for part in all.indices where positions[part] < all[part].symbols.count {
                guard all[part].symbols[positions[part]].hasSameUTF8(as: least) else { continue }
                symbolNumbers[part][positions[part]] = UInt32(symbols.count)
                positions[part] += 1
            }
            symbols.append(least)
        }
        // The order of symbols is kept, so each dictionary's pairs stay ascending.
        let keys = all.indices.map { part in
            all[part].pairs.map { UInt64(symbolNumbers[part][Int($0 >> 32)]) << 32 | UInt64(symbolNumbers[part][Int($0 & 0xffff_ffff)]) }
        }
        numbers = all.map { [UInt32](repeating: 0, count: $0.pairs.count) }
        positions = [Int](repeating: 0, count: all.count)
        while true {
            var least = UInt64.max
            for part in all.indices where positions[part] < keys[part].count { least = min(least, keys[part][positions[part]]) }
            if least == .max { break }
            for part in all.indices where positions[part] < keys[part].count && keys[part][positions[part]] == least {
                numbers[part][positions[part]] = UInt32(pairs.count)
                positions[part] += 1
            }
            pairs.append(least)
        }
    }

    /// The first eight bytes as a number that orders as they do.
    private static func prefix(_ text: String) -> UInt64 {
        var prefix: UInt64 = 0
        var count = 0
        for byte in text.utf8 {
            prefix = prefix << 8 | UInt64(byte)
            count += 1
            if count == 8 { return prefix }
        }
        return count == 0 ? 0 : prefix << UInt64(8 * (8 - count))
    }
}
