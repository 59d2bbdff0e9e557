import VardeKernels
import VardeModel

/// Understands definitions of the metrics log as labels, for those who keep no table of series; layout: `MetricLogRecord`.
struct DefinitionReader {
    /// By numbers in the log; symbols of a pair's name and value in one key, `UInt64.max` where it is not defined.
    private var symbols = NumberedSlots<String?>(empty: nil)
    private var pairs = NumberedSlots<UInt64>(empty: .max)

    /// Forgets what was defined: a stretch begins, or a record is missing.
    mutating func forget() {
        symbols.removeAll()
        pairs.removeAll()
    }

    /// Gives each series of a record to `body`; false where the bytes are no such record, or refer to what is not defined.
    ///
    /// - Parameter bytes: the record behind its sequence.
    mutating func read(_ bytes: Span<UInt8>, at start: Int, _ body: (_ number: Int, _ labels: Labels) -> Void) -> Bool {
        var at = start
        var number: Int64 = 0
        guard let symbolCount = Varint.read(bytes, at: &at) else { return false }
        for _ in 0..<symbolCount {
            guard let text = MetricLogRecord.symbol(bytes, at: &at, &number) else { return false }
            symbols[Int(number)] = Bytes.string(bytes.extracting(text))
        }
        guard let pairCount = Varint.read(bytes, at: &at) else { return false }
        number = 0
        for _ in 0..<pairCount {
            guard let step = Varint.read(bytes, at: &at), let name = Varint.read(bytes, at: &at), let value = Varint.read(bytes, at: &at),
                name < MetricLogRecord.maxSymbolNumber, value < MetricLogRecord.maxSymbolNumber
            else { return false }
            number &+= Varint.unzigzag(step)
            guard number >= 0, number < Int64(MetricLogRecord.maxSymbolNumber) else { return false }
            pairs[Int(number)] = name << 32 | value
        }
        return readSeries(bytes, at: &at, body)
    }

    private func readSeries(_ bytes: Span<UInt8>, at: inout Int, _ body: (_ number: Int, _ labels: Labels) -> Void) -> Bool {
        guard let count = Varint.read(bytes, at: &at) else { return false }
        var number: Int64 = 0
        for _ in 0..<count {
            guard let step = Varint.read(bytes, at: &at), let size = Varint.read(bytes, at: &at), size <= MetricLogRecord.maxLabels else {
                return false
            }
            number &+= Varint.unzigzag(step)
            guard number >= 0, number < Int64(MetricLogRecord.maxSeriesNumber) else { return false }
            var labels: [Label] = []
            for _ in 0..<size {
                guard let pair = Varint.read(bytes, at: &at), let label = label(pair) else { return false }
                labels.append(label)
            }
            body(Int(number), Labels(labels))
        }
        return true
    }

    private func label(_ pair: UInt64) -> Label? {
        guard pair < MetricLogRecord.maxSymbolNumber, pairs[Int(pair)] != .max else { return nil }
        let key = pairs[Int(pair)]
        guard let name = symbols[Int(key >> 32)], let value = symbols[Int(key & 0xffff_ffff)] else { return nil }
        return Label(name, value)
    }
}
