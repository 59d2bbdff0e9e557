/// Rows under headings, columns as wide as what is in them; the last column may run over the edge.
struct Table {
    var headings: [String]
    var rows: [[String]] = []
    /// Columns to set flush right: numbers.
    var rightAligned: Set<Int> = []

    init(_ headings: [String], rightAligned: Set<Int> = []) {
        self.headings = headings
        self.rightAligned = rightAligned
    }

    /// The table as text, with a line break after each row; without rows only the headings.
    func render(on terminal: Terminal) -> String {
        let rows = rows.map { $0.map(\.printable) }
        var widths = headings.map(\.count)
        for row in rows {
            for (column, cell) in row.enumerated() where column < widths.count { widths[column] = max(widths[column], cell.count) }
        }
        func line(_ cells: [String]) -> String {
            var text = ""
            for (column, cell) in cells.enumerated() {
                let padding = String(repeating: " ", count: max(0, widths[column] - cell.count))
                let last = column == cells.count - 1
                text += rightAligned.contains(column) ? padding + cell : cell + (last ? "" : padding)
                if !last { text += "  " }
            }
            return text
        }
        return ([terminal.paint(line(headings), .grey)] + rows.map(line)).map { $0 + "\n" }.joined()
    }
}
