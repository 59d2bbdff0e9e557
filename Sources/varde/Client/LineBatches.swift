import VardeKernels

/// Whole lines that follow each other in a file.
struct LineBatch {
    var bytes: [UInt8]
    /// Number of the first line, from 1.
    var firstLine: Int
    var lineCount: Int

    /// Places of the lines in `bytes`, without their ends.
    var lines: [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: 10) ?? bytes.count
            ranges.append(start..<end)
            start = end + 1
        }
        return ranges
    }
}

/// A file cut into batches of whole lines. What a pipe brings is given out as it comes, without waiting for a full batch.
struct LineBatches {
    /// Bytes of a batch, unless one line has more.
    static let batchBytes = 1 << 20

    private let input: InputFile
    /// Bytes of a line; longer ones are left out, and never held.
    private let maxLine: Int
    private var pending: [UInt8] = []
    private var chunk: [UInt8] = []
    private var isAtEnd = false
    /// Bytes of the line that is being left out, 0 for none.
    private var skipped = 0
    private var nextLine = 1
    /// Bytes given out or left out.
    private(set) var position = 0
    /// Number and size of lines left out since this was last emptied.
    var leftOut: [(line: Int, bytes: Int)] = []

    init(_ input: InputFile, maxLine: Int = 16 << 20) {
        self.input = input
        self.maxLine = maxLine
    }

    /// The next lines, nil at the end.
    mutating func next() throws(InputFile.Failure) -> LineBatch? {
        while true {
            if skipped > 0 || isTooLong {
                skip()
                if skipped == 0 { continue }
            } else if let end = endOfBatch {
                return take(end)
            }
            if isAtEnd { return nil }
            try input.read(upTo: Self.batchBytes, into: &chunk)
            if chunk.isEmpty { isAtEnd = true } else { pending += chunk }
        }
    }

    private var isTooLong: Bool { pending.count > maxLine && pending.prefix(maxLine + 1).firstIndex(of: 10) == nil }

    /// Where the lines end that can be given out.
    private var endOfBatch: Int? {
        if let last = pending.prefix(Self.batchBytes).lastIndex(of: 10) { return last + 1 }
        if let first = pending.dropFirst(Self.batchBytes).firstIndex(of: 10) { return first + 1 }
        return isAtEnd && !pending.isEmpty ? pending.count : nil
    }

    private mutating func take(_ end: Int) -> LineBatch {
        let bytes = Array(pending[..<end])
        pending.removeFirst(end)
        position += end
        let count = bytes.reduce(0) { $1 == 10 ? $0 + 1 : $0 } + (bytes.last == 10 ? 0 : 1)
        defer { nextLine += count }
        return LineBatch(bytes: bytes, firstLine: nextLine, lineCount: count)
    }

    /// Leaves out a line that is too long, up to its end.
    private mutating func skip() {
        let end = pending.firstIndex(of: 10)
        let count = end ?? pending.count
        skipped += count
        position += count
        pending.removeFirst(count)
        guard end != nil || isAtEnd else { return }
        leftOut.append((nextLine, skipped))
        skipped = 0
        nextLine += 1
        if end != nil {
            pending.removeFirst()
            position += 1
        }
    }
}
