import Foundation
import VardeKernels

/// A bar on standard error while a large file is read, for a person who watches; silent otherwise.
struct ProgressBar {
    /// Files below it are done before a bar could be read.
    static let leastBytes = 4 << 20
    private static let width = 25

    private let total: Int
    private let shown: Bool
    private let started = ContinuousClock.now
    private var lastText = ""

    /// - Parameter total: bytes; 0 where they are not known.
    init(total: Int) {
        self.total = total
        let environment = ProcessInfo.processInfo.environment
        shown = total >= Self.leastBytes && TerminalSize(of: STDERR_FILENO) != nil && environment["TERM"] != "dumb"
    }

    mutating func show(_ done: Int, note: String = "") {
        guard shown else { return }
        let percent = min(100, done * 100 / total)
        let filled = percent * Self.width / 100
        let seconds = max(0.001, (ContinuousClock.now - started) / .seconds(1))
        let rate = String(format: "%.1f MB/s", Double(done) / seconds / 1e6)
        let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: Self.width - filled)
        let columns = TerminalSize(of: STDERR_FILENO)?.columns ?? 80
        let text = String("\(bar) \(percent) %  \(rate)\(note.isEmpty ? "" : "  " + note)".prefix(columns - 1))
        guard text != lastText else { return }
        lastText = text
        FileHandle.standardError.write(Data("\r\(text)\u{1B}[K".utf8))
    }

    /// Takes the bar away.
    func clear() { if shown { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) } }
}
