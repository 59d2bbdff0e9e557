import VardeKernels

/// A file that is being tailed.
struct TailedFile {
    /// The source whose it is.
    var source: Int
    var mark: FileMark
    /// Where it stands now; nil once no path a source names leads to it.
    var place: String?
    /// Open while it is written to.
    var input: InputFile?
    /// Bytes it had when it was last looked at.
    var size = 0
    /// When it was found, in milliseconds.
    let foundAt: Int64
    /// When it was last seen to grow, in milliseconds.
    var grownAt: Int64
    /// Not touched before, after a failure or while it is seen whether it is a copy.
    var restsUntil: Int64 = 0
    /// What it was is not settled yet: it may be a copy of another file that is still being made.
    var isHeld = false
    /// Whether the bytes before the mark were found to be those that were read, since it last grew.
    var isVerified = false

    init(source: Int, mark: FileMark, place: String?, size: Int, now: Int64) {
        self.source = source
        self.mark = mark
        self.place = place
        self.size = size
        grownAt = now
        foundAt = now
    }

    var unread: Int { max(0, size - mark.offset) }
}

/// What tailing has come to, for metrics.
package struct FileTailStatistics: Sendable, Equatable {
    package var files = 0
    package var openFiles = 0
    package var unreadBytes = 0
    package var readBytes = 0
    package var entries = 0
    /// Lines of JSON sources that were none, and are kept as they were.
    package var unparsed = 0
    /// By what happened: `found`, `renamed`, `truncated`, `copied`, `gone`.
    package var events: [String: Int] = [:]
    /// By reason: `open`, `read`, `limit`, `compressed`, `positions`.
    package var failures: [String: Int] = [:]

    package init() {}
}
