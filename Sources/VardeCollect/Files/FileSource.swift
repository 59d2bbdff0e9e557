package import VardeModel
package import VardeWire

/// Files whose lines are taken in as they are written, and how: one entry of `logs.files`.
package struct FileSource: Sendable, Equatable {
    /// Lines that belong together: all from one that begins an entry up to the next such.
    package struct Multiline: Sendable, Equatable {
        /// RE2 pattern that a first line holds.
        package var firstLine: String
        /// Lines of an entry; more begin another.
        package var maxLines = 128
        /// Milliseconds without another line after which an entry is complete.
        package var maxWait: Int64 = 3_000

        package init(firstLine: String) { self.firstLine = firstLine }
    }

    /// Shell patterns of absolute paths.
    package var paths: [String]
    /// Patterns of paths that are left out, or of names where they hold no slash.
    package var exclude: [String] = []
    package var labels: Labels
    /// Whether the path a file was found by is the label `filename`.
    package var hasNameLabel = true
    /// Whether lines are JSON objects with time, message and labels in them; what is none is kept as it is.
    package var isJSON = false
    /// Where such objects have them; nil for what holds for all lines.
    package var fields: LogFieldNames?
    package var multiline: Multiline?
    /// Whether files that are there when the source is new are read from their end on.
    package var startsAtEnd = false

    package init(paths: [String], labels: Labels) {
        self.paths = paths
        self.labels = labels
    }

    /// What tells this source from others over restarts.
    var name: String { paths.joined(separator: "\n") }

    /// Labels of the lines of a file.
    func labels(of path: String) -> Labels { hasNameLabel ? labels.setting("filename", to: path) : labels }
}
