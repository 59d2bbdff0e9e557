/// Why a text is not LogQL, and where; `line` 0 where the fault has no place in the text. Worded as Loki's.
package struct LogQLParseError: Error, Sendable, Equatable, CustomStringConvertible {
    package var message: String
    package var line: Int
    package var column: Int

    package init(_ message: String, line: Int = 0, column: Int = 0) {
        self.message = message
        self.line = line
        self.column = column
    }

    package var description: String {
        line == 0 ? "parse error : \(message)" : "parse error at line \(line), col \(column): \(message)"
    }

    /// The error of the engine that says the same.
    package var queryError: QueryError { .badData(description) }
}
