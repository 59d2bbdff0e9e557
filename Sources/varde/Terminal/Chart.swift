import Foundation

/// Lines over time drawn with Braille dots, two by four to a character.
struct Chart {
    struct Line {
        var name: String
        /// Seconds since the epoch and values, ascending in time.
        var points: [(time: Double, value: Double)]
    }

    var lines: [Line]
    var start: Double
    var end: Double

    /// More lines than this are named in the legend only by their number.
    static let legendLimit = 12

    /// Columns drawn at most, whatever the terminal claims to have.
    static let maxWidth = 500

    func render(on terminal: Terminal) -> String {
        let values = lines.flatMap { $0.points.map(\.value) }.filter(\.isFinite)
        guard var low = values.min(), var high = values.max() else { return "no points to draw\n" }
        if low > 0, low < high / 2 || low == high { low = 0 }
        if low == high { (low, high) = low < 0 ? (low, 0) : (0, high == 0 ? 1 : high) }
        let ticks = Chart.ticks(from: low, to: high, about: max(2, (terminal.height - 8) / 4))
        low = min(low, ticks.first ?? low)
        high = max(high, ticks.last ?? high)

        let labels = ticks.map(Chart.short)
        let margin = (labels.map(\.count).max() ?? 0) + 2
        let columns = max(10, min(terminal.width, Self.maxWidth) - margin - 1)
        let rows = max(4, min(20, terminal.height - 8))
        var canvas = BrailleCanvas(columns: columns, rows: rows)
        func x(_ time: Double) -> Int { end > start ? Int(((time - start) / (end - start) * Double(columns * 2 - 1)).rounded()) : 0 }
        // By halves: the whole may be more than the greatest number.
        func y(_ value: Double) -> Int { Int(((high / 2 - value / 2) / (high / 2 - low / 2) * Double(rows * 4 - 1)).rounded()) }
        for (index, line) in lines.enumerated() {
            var last: (x: Int, y: Int)?
            for point in line.points {
                guard point.value.isFinite else {
                    last = nil
                    continue
                }
                let here = (x: x(point.time), y: y(point.value))
                canvas.draw(from: last ?? here, to: here, colour: Colour.lines[index % Colour.lines.count])
                last = here
            }
        }

        var labelOfRow: [Int: String] = [:]
        for (tick, label) in zip(ticks, labels) { labelOfRow[y(tick) / 4] = label }
        var text = ""
        for row in 0..<rows {
            let label = labelOfRow[row] ?? ""
            let edge = labelOfRow[row] == nil ? "│" : "┤"
            text += terminal.paint(String(repeating: " ", count: margin - 1 - label.count) + label + edge, .grey)
            text += canvas.row(row, on: terminal) + "\n"
        }
        text += terminal.paint(String(repeating: " ", count: margin - 1) + "└" + String(repeating: "─", count: columns), .grey) + "\n"
        text += terminal.paint(timeAxis(margin: margin, columns: columns), .grey) + "\n"
        for (index, line) in lines.prefix(Self.legendLimit).enumerated() {
            let last = line.points.last.map { Chart.short($0.value) } ?? "-"
            text += terminal.paint("━━", Colour.lines[index % Colour.lines.count]) + " \(line.name)  \(last)\n"
        }
        if lines.count > Self.legendLimit { text += "… and \(lines.count - Self.legendLimit) more\n" }
        return text
    }

    private func timeAxis(margin: Int, columns: Int) -> String {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.dateFormat = end - start > 2 * 86_400 ? "MM-dd HH:mm" : "HH:mm:ss"
        let left = format.string(from: Date(timeIntervalSince1970: start))
        let middle = format.string(from: Date(timeIntervalSince1970: (start + end) / 2))
        let right = format.string(from: Date(timeIntervalSince1970: end))
        let gap = max(1, columns - left.count - middle.count - right.count)
        return String(repeating: " ", count: margin) + left + String(repeating: " ", count: gap / 2) + middle
            + String(repeating: " ", count: gap - gap / 2) + right
    }

    /// Round numbers that cover the range: multiples of 1, 2 or 5 times a power of ten.
    static func ticks(from low: Double, to high: Double, about count: Int) -> [Double] {
        guard high > low, low.isFinite, high.isFinite else { return [low] }
        let rough = (high - low) / Double(max(1, count))
        let power = pow(10, floor(log10(rough)))
        let step = ([1, 2, 5, 10].first { $0 * power >= rough } ?? 10) * power
        guard step > 0, step.isFinite else { return [low, high] }
        let first = floor(low / step)
        let last = ceil(high / step)
        guard last - first < 100 else { return [low, high] }
        return stride(from: first, through: last, by: 1).map { $0 * step }
    }

    /// A number in at most about six characters: `1.5k`, `2.25M`, `0.012`.
    static func short(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "NaN" : value > 0 ? "+Inf" : "-Inf" }
        let size = abs(value)
        if size >= 1e15 { return String(format: "%.2e", value) }
        for (limit, unit) in [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] where size >= limit {
            return trimmed(value / limit) + unit
        }
        if size != 0, size < 0.001 { return String(format: "%.1e", value) }
        return trimmed(value)
    }

    private static func trimmed(_ value: Double) -> String {
        var text = String(format: "%.3f", value)
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text == "-0" ? "0" : text
    }
}
