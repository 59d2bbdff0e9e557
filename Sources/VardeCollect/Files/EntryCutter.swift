package import VardeCompression

/// Cuts bytes of a file into entries: lines, or several lines that belong together.
package struct EntryCutter: Sendable {
    /// What was cut out of some bytes.
    package struct Cut: Sendable, Equatable {
        /// Entries without the end of their last line. One that is too long is given with one byte more than it may have.
        package var entries: [Range<Int>] = []
        /// Bytes that are done with; what follows them is given again, with more behind it.
        package var consumed = 0
        /// Whether the consumed bytes end inside a line that is too long: what follows is left out up to its end.
        package var isInside = false
        /// Whether what is left holds whole lines that more could still belong to.
        package var isWaiting = false
    }

    /// Bytes of an entry.
    package let maxEntry: Int
    private let firstLine: Regex?
    private let maxLines: Int

    /// - Parameter firstLine: what the first line of an entry holds; nil where each line is one.
    package init(maxEntry: Int, firstLine: Regex? = nil, maxLines: Int = 1) {
        self.maxEntry = maxEntry
        self.firstLine = firstLine
        self.maxLines = maxLines
    }

    /// Bytes to give at once, so that there is always something to cut.
    package var window: Int { max(1 << 20, 2 * maxEntry + 4) }

    /// Lines of an entry that may go on.
    private struct Open {
        var entry: Range<Int>
        var lines: Int
        /// Where what follows it begins.
        var next: Int
    }

    /// Cuts bytes.
    ///
    /// - Parameters:
    ///   - isInside: as the cut before ended.
    ///   - isWhole: whether the last lines belong together as they are, and nothing more is waited for.
    ///   - isLast: whether nothing ever follows: a last line without an end is one.
    package func cut(_ bytes: [UInt8], isInside: Bool = false, isWhole: Bool = false, isLast: Bool = false) -> Cut {
        var cut = Cut()
        var at = 0
        if isInside {
            guard let end = bytes.firstIndex(of: 10) else {
                cut.consumed = bytes.count
                cut.isInside = !isLast
                return cut
            }
            at = end + 1
            cut.consumed = at
        }
        var open: Open?
        func close() {
            guard let entry = open else { return }
            if !entry.entry.isEmpty { cut.entries.append(entry.entry) }
            cut.consumed = entry.next
            open = nil
        }
        while at < bytes.count {
            if bytes[at] == 0 {
                // A hole, as truncating under a writer leaves it.
                close()
                at = bytes[at...].firstIndex { $0 != 0 } ?? bytes.count
                cut.consumed = at
                continue
            }
            let end = bytes[at...].firstIndex(of: 10)
            if end == nil, bytes.count - at > maxEntry {
                close()
                cut.entries.append(at..<(at + maxEntry + 1))
                cut.consumed = bytes.count
                cut.isInside = !isLast
                return cut
            }
            guard let end = end ?? (isLast ? bytes.count : nil) else { break }
            let line = at..<(end > at && bytes[end - 1] == 13 ? end - 1 : end)
            let next = min(end + 1, bytes.count)
            if let entry = open, belongs(line, of: bytes, to: entry) {
                open = Open(entry: entry.entry.lowerBound..<line.upperBound, lines: entry.lines + 1, next: next)
            } else {
                close()
                open = Open(entry: line.lowerBound..<min(line.upperBound, at + maxEntry + 1), lines: 1, next: next)
                if firstLine == nil { close() }
            }
            at = next
        }
        if isWhole || isLast { close() }
        cut.isWaiting = open != nil
        return cut
    }

    private func belongs(_ line: Range<Int>, of bytes: [UInt8], to open: Open) -> Bool {
        guard let firstLine, open.lines < maxLines, line.upperBound - open.entry.lowerBound <= maxEntry else { return false }
        return !firstLine.matchesAnywhere(bytes.span.extracting(line))
    }
}
