import VardeKernels
import VardeModel

/// Fills the columns of one stream: metadata sets are found again by hash, bytes that are no UTF-8 are replaced and counted.
struct LogColumnsWriter: Sendable {
    private(set) var columns = LogColumns()
    private(set) var repairedLines = 0
    private var sets: [Labels: UInt32] = [:]

    mutating func append(_ timestamp: Int64, _ line: Span<UInt8>, _ metadata: Labels) {
        let index = index(of: metadata)
        if UTF8Check.isValid(line) {
            Bytes.append(line, to: &columns.lineBytes)
            columns.endLine(timestamp, metadataIndex: index)
        } else {
            repairedLines += 1
            let fixed = Array(Bytes.string(line).utf8)
            columns.append(timestamp, line: fixed.span, metadataIndex: index)
        }
    }

    private mutating func index(of set: Labels) -> UInt32 {
        if set.isEmpty { return 0 }
        if let known = sets[set] { return known }
        if columns.metadataSets.isEmpty { columns.metadataSets.append(.empty) }
        let index = UInt32(columns.metadataSets.count)
        columns.metadataSets.append(set)
        sets[set] = index
        return index
    }
}
