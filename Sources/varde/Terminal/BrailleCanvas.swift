/// A field of dots, each character holding two by four of them (Unicode's Braille patterns, U+2800…U+28FF).
struct BrailleCanvas {
    let columns: Int
    let rows: Int
    private var dots: [UInt8]
    private var colours: [Colour?]

    init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
        dots = Array(repeating: 0, count: columns * rows)
        colours = Array(repeating: nil, count: columns * rows)
    }

    /// Sets one dot; outside the field nothing happens. `x` runs to `2 × columns`, `y` down to `4 × rows`.
    mutating func set(x: Int, y: Int, colour: Colour) {
        guard x >= 0, y >= 0, x < columns * 2, y < rows * 4 else { return }
        // Numbering of Braille dots: 1-2-3 and 7 down the left column, 4-5-6 and 8 down the right.
        let bits: [[UInt8]] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]
        let cell = y / 4 * columns + x / 2
        dots[cell] |= bits[y % 4][x % 2]
        colours[cell] = colour
    }

    /// A straight line of dots, both ends included.
    mutating func draw(from a: (x: Int, y: Int), to b: (x: Int, y: Int), colour: Colour) {
        let steps = max(abs(b.x - a.x), abs(b.y - a.y), 1)
        for i in 0...steps {
            let x = a.x + Int((Double((b.x - a.x) * i) / Double(steps)).rounded())
            let y = a.y + Int((Double((b.y - a.y) * i) / Double(steps)).rounded())
            set(x: x, y: y, colour: colour)
        }
    }

    /// One row as text, without trailing blanks.
    func row(_ row: Int, on terminal: Terminal) -> String {
        var text = ""
        let cells = (row * columns)..<((row + 1) * columns)
        let end = cells.last { dots[$0] != 0 }.map { $0 + 1 } ?? cells.lowerBound
        for cell in cells.lowerBound..<end {
            let character = dots[cell] == 0 ? " " : String(UnicodeScalar(0x2800 + UInt32(dots[cell])) ?? " ")
            text += colours[cell].map { terminal.paint(character, $0) } ?? character
        }
        return text
    }
}
