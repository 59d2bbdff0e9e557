import Foundation
import VardeKernels
import VardeModel

/// What the program writes to: how wide it is, and whether a person reads it.
struct Terminal: Sendable {
    /// Columns and rows of characters.
    var width: Int
    var height: Int
    /// Whether colours may be used.
    var usesColour: Bool
    /// Whether a person watches: progress and hints are for them alone.
    var isInteractive: Bool

    /// Standard output, as the environment describes it. `NO_COLOR` and `TERM=dumb` are honoured.
    static var standardOutput: Terminal {
        let environment = ProcessInfo.processInfo.environment
        let size = TerminalSize(of: STDOUT_FILENO)
        let interactive = size != nil
        let width = environment["COLUMNS"].flatMap { Int($0) } ?? size?.columns ?? 100
        let height = environment["LINES"].flatMap { Int($0) } ?? size?.rows ?? 30
        let colour = interactive && environment["NO_COLOR"] == nil && environment["TERM"] != "dumb"
        return Terminal(width: max(40, width), height: max(10, height), usesColour: colour, isInteractive: interactive)
    }

    func paint(_ text: String, _ colour: Colour) -> String {
        usesColour ? "\u{1B}[\(colour.code)m\(text)\u{1B}[0m" : text
    }

    /// Writes a line to standard error.
    static func complain(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }

    /// Writes bytes to standard output; ends the program quietly where the reader has gone (`| head`).
    static func write(_ text: String) { write(bytes: text.utf8) }

    static func write(bytes: some Sequence<UInt8>) {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data(bytes))
        } catch {
            let reason = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError ?? error as NSError
            if reason.domain == NSPOSIXErrorDomain, reason.code == EPIPE { Foundation.exit(0) }
            complain("standard output cannot be written: \(reason.localizedDescription)")
            Foundation.exit(1)
        }
    }
}

/// Colours every terminal has, chosen to be told apart on dark and light ground.
enum Colour: Int, CaseIterable, Sendable {
    case blue, green, yellow, red, magenta, cyan, grey

    var code: String {
        switch self {
        case .blue: "34"
        case .green: "32"
        case .yellow: "33"
        case .red: "31"
        case .magenta: "35"
        case .cyan: "36"
        case .grey: "90"
        }
    }

    /// Colours of a chart's lines, in turn.
    static let lines: [Colour] = [.blue, .green, .yellow, .red, .magenta, .cyan]
}

extension String {
    /// The text as a terminal may be shown it: what would steer it or the order of its letters, escaped. Names and values are anybody's.
    var printable: String {
        func steers(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: true
            default: false
            }
        }
        guard unicodeScalars.contains(where: steers) else { return self }
        return unicodeScalars.map { scalar in
            if !steers(scalar) { return String(scalar) }
            if scalar.isASCII { return String(String(scalar).quoted.dropFirst().dropLast()) }
            let digits = String(scalar.value, radix: 16)
            let width = scalar.value > 0xFFFF ? 8 : 4
            return (width == 8 ? "\\U" : "\\u") + String(repeating: "0", count: width - digits.count) + digits
        }.joined()
    }
}
