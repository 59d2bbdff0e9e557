import CVardeKernels

/// Which short byte strings lines hold, as bits of a table: a line that contains a needle has every bit of the needle's grams set.
///
/// A gram is four bytes, or five where the first four are hexadecimal digits. Grams do not reach from one line into the next. Positions
/// are the low bits of a hash, so a table can be folded to half its size and still never misses.
package enum Grams {
    /// Shortest needle that may have a gram; one of four hexadecimal digits has none.
    package static let shortest = 4
    /// Most grams of a needle that are asked for; more would not make an answer better.
    static let mostOfNeedle = 256

    /// Sets the bits of all lines' grams. Complexity: O(bytes), about a nanosecond each.
    package static func add(_ text: Span<UInt8>, lineEnds: Span<UInt32>, to table: inout [UInt64]) {
        precondition(table.count.nonzeroBitCount == 1, "a gram table has a power of two words")
        var bits = table.mutableSpan
        varde_grams_add(text, lineEnds, &bits)
    }

    /// Hashes of a needle's grams, each once.
    package static func hashes(of needle: Span<UInt8>) -> [UInt32] {
        var hashes = [UInt32](repeating: 0, count: min(mostOfNeedle, max(needle.count, 1)))
        var span = hashes.mutableSpan
        let count = Int(varde_grams_of(needle, &span))
        return Array(Set(hashes[..<count])).sorted()
    }

    /// Sets the bit of a hash from elsewhere.
    package static func set(_ hash: UInt32, in table: inout [UInt64]) {
        let position = Int(hash) & (table.count * 64 - 1)
        table[position >> 6] |= 1 << UInt64(position & 63)
    }

    package static func holds(_ hash: UInt32, in table: [UInt64]) -> Bool {
        let position = Int(hash) & (table.count * 64 - 1)
        return table[position >> 6] & 1 << UInt64(position & 63) != 0
    }

    /// A table of half the size that holds whatever the whole one held.
    package static func folded(_ table: [UInt64]) -> [UInt64] {
        let half = table.count / 2
        return (0..<half).map { table[$0] | table[$0 + half] }
    }

    /// Tables of equal size, one after the other, as rows of `rowBytes` bytes: bit c of row r is bit r of table c.
    package static func transposed(_ tables: [UInt64], wordsPerTable: Int, rowBytes: Int) -> [UInt8] {
        precondition(wordsPerTable > 0 && tables.count % wordsPerTable == 0 && rowBytes * 8 >= tables.count / wordsPerTable)
        var rows = [UInt8](repeating: 0, count: wordsPerTable * 64 * rowBytes)
        var span = rows.mutableSpan
        varde_bits_transpose(tables.span, wordsPerTable, &span, rowBytes)
        return rows
    }

    /// The inverse of `transposed`: the table of one column.
    package static func column(_ column: Int, of rows: Span<UInt8>, rowBytes: Int) -> [UInt64] {
        let words = rows.count / rowBytes / 64
        var table = [UInt64](repeating: 0, count: words)
        let shift = UInt8(column & 7)
        for row in 0..<(words * 64) where rows[row * rowBytes + column >> 3] >> shift & 1 == 1 { table[row >> 6] |= 1 << UInt64(row & 63) }
        return table
    }
}
