import VardeKernels
import VardeModel

/// Which grams and metadata a block holds, so that a block that cannot hold what is looked for is not read.
enum LogBlockFilter {
    /// Words of a block's table before folding: 16 KiB, 3 % of a full block; most fold to half of it or less.
    static let words = 2048
    /// Smallest table, in words.
    static let leastWords = 16
    /// Folding stops where tables would on average be fuller than this: beyond it, too many needles would seem to be there.
    static let mostFill = 0.40

    private static let metadataHash = KeyedHash(key0: 0x5661_7264_654C_6F67, key1: 0x4D65_7461_6461_7461)

    /// The table of a block's entries.
    static func table(of columns: LogColumns) -> [UInt64] {
        var table = [UInt64](repeating: 0, count: words)
        Grams.add(columns.lineBytes.span, lineEnds: columns.lineEnds.span, to: &table)
        for set in columns.metadataSets { for label in set { Grams.set(hash(of: label), in: &table) } }
        return table
    }

    static func hash(of label: Label) -> UInt32 {
        var bytes: [UInt8] = []
        LogBytes.append(text: label.name, to: &bytes)
        LogBytes.append(text: label.value, to: &bytes)
        return UInt32(truncatingIfNeeded: metadataHash(bytes.span).low)
    }

    /// Share of bits set.
    static func fill(of table: [UInt64]) -> Double {
        Double(table.reduce(0) { $0 + $1.nonzeroBitCount }) / Double(table.count * 64)
    }
}

/// What a request asks of filters: of each group one alternative must have all its hashes set.
struct LogFilterQuery: Sendable {
    var groups: [[[UInt32]]] = []

    init(_ request: LogRequest) {
        for group in request.requiredSubstrings {
            let alternatives = group.map { Grams.hashes(of: $0.span) }
            // An alternative without grams may be anywhere.
            if !alternatives.isEmpty, !alternatives.contains(where: \.isEmpty) { groups.append(alternatives) }
        }
        for label in request.requiredMetadata where !label.value.isEmpty { groups.append([[LogBlockFilter.hash(of: label)]]) }
    }

    var isEmpty: Bool { groups.isEmpty }

    /// Whether a block with this table may hold what is asked.
    func mayMatch(_ table: [UInt64]) -> Bool {
        groups.allSatisfy { alternatives in
            alternatives.contains { hashes in hashes.allSatisfy { Grams.holds($0, in: table) } }
        }
    }
}
