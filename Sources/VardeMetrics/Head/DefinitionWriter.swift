import VardeKernels

/// What the log's present stretch knows of symbols and pairs, and the definitions that go into its next record; layout:
/// `MetricLogRecord`.
struct DefinitionWriter {
    /// One kind of definition, numbers as differences.
    private struct Part {
        var count = 0
        var bytes: [UInt8] = []
        private var last: Int64 = 0

        mutating func begin(_ number: UInt32) {
            count += 1
            Varint.append(Varint.zigzag(Int64(number) - last), to: &bytes)
            last = Int64(number)
        }

        mutating func move(to output: inout [UInt8]) {
            Varint.append(UInt64(count), to: &output)
            output += bytes
            count = 0
            last = 0
            bytes.removeAll(keepingCapacity: bytes.capacity <= 1 << 20)
        }
    }

    /// The stretch each symbol and pair was last defined in.
    private var symbolEpochs: [UInt32] = []
    private var pairEpochs: [UInt32] = []
    private var symbols = Part()
    private var pairs = Part()
    private var series = Part()

    var isEmpty: Bool { series.count == 0 }

    /// Bytes of the record to come, about.
    var size: Int { symbols.bytes.count + pairs.bytes.count + series.bytes.count }

    /// Adds a series of the table, with what the stretch does not know yet of its labels.
    mutating func define(_ id: UInt32, of table: SeriesTable, epoch: UInt32) {
        let all = table.pairs(id)
        for pair in all {
            let at = Int(pair)
            if at >= pairEpochs.count { pairEpochs.append(contentsOf: repeatElement(0, count: table.pairKeys.count - pairEpochs.count)) }
            if pairEpochs[at] == epoch { continue }
            pairEpochs[at] = epoch
            let name = UInt32(table.pairKeys[at] >> 32)
            let value = UInt32(table.pairKeys[at] & 0xffff_ffff)
            define(symbol: name, of: table, epoch: epoch)
            define(symbol: value, of: table, epoch: epoch)
            pairs.begin(pair)
            Varint.append(UInt64(name), to: &pairs.bytes)
            Varint.append(UInt64(value), to: &pairs.bytes)
        }
        series.begin(id)
        Varint.append(UInt64(all.count), to: &series.bytes)
        for pair in all { Varint.append(UInt64(pair), to: &series.bytes) }
    }

    private mutating func define(symbol: UInt32, of table: SeriesTable, epoch: UInt32) {
        let at = Int(symbol)
        if at >= symbolEpochs.count {
            symbolEpochs.append(contentsOf: repeatElement(0, count: table.symbols.count - symbolEpochs.count))
        }
        if symbolEpochs[at] == epoch { return }
        symbolEpochs[at] = epoch
        symbols.begin(symbol)
        Varint.append(UInt64(table.symbols[at].utf8.count), to: &symbols.bytes)
        symbols.bytes += table.symbols[at].utf8
    }

    /// The record of what was defined since the last one.
    mutating func takeRecord(sequence: UInt32) -> [UInt8] {
        var record: [UInt8] = []
        record.reserveCapacity(size + 20)
        Varint.append(UInt64(sequence), to: &record)
        symbols.move(to: &record)
        pairs.move(to: &record)
        series.move(to: &record)
        return record
    }
}
