import VardeKernels
import VardeWire

/// The comment lines of a target's last scrape. They come with every scrape, and nearly always say what they said before: what is known
/// is passed over unread.
struct CommentMemory {
    private struct Comment {
        var hash: UInt64
        /// What the line makes of samples behind it.
        var numberLabel: ExpositionParser.NumberLabel
    }

    private var last: [Comment] = []
    private var now: [Comment] = []
    /// Whether a line of this scrape was passed over, and whether one was another than before.
    private var hasPassed = false
    private var hasRead = false

    mutating func begin() {
        now.removeAll(keepingCapacity: true)
        hasPassed = false
        hasRead = false
    }

    /// What the next line, if it is the one with this hash, makes of samples behind it; nil where it is to be read.
    mutating func pass(_ hash: UInt64) -> ExpositionParser.NumberLabel? {
        guard now.count < last.count, last[now.count].hash == hash else { return nil }
        let comment = last[now.count]
        now.append(comment)
        hasPassed = true
        return comment.numberLabel
    }

    /// Notes a line that was read.
    mutating func note(_ hash: UInt64, _ numberLabel: ExpositionParser.NumberLabel) {
        now.append(Comment(hash: hash, numberLabel: numberLabel))
        hasRead = true
    }

    /// Notes that a line was read that is not to be known again.
    mutating func noteUnknown() { hasRead = true }

    /// What a scrape's lines came to.
    enum Verdict {
        case same, read
        /// Something is new, and not all of it was read.
        case toRead
    }

    /// Ends a scrape that counts.
    mutating func finish() -> Verdict {
        if !hasRead, now.count == last.count { return .same }
        swap(&last, &now)
        return hasPassed ? .toRead : .read
    }
}
