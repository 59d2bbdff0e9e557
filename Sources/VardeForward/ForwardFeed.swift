import Dispatch
package import VardeDisk

/// A request's body, compressed, with the headers that say what it is.
package struct ForwardBody: Sendable {
    package var bytes: [UInt8]
    package var headers: [(String, String)]
    package var form = ForwardForm.older
}

/// What one endpoint is sent, as it is read from a log. One forwarder calls it, one call at a time.
package protocol ForwardFeed: AnyObject, Sendable {
    associatedtype Batch: Sendable

    /// Goes on at a place; what was read since is forgotten.
    func restart(at cursor: LogCursor)
    /// Reads on, until there are `most` items or `end` is reached.
    ///
    /// - Returns: whether what was read must be sent before anything else is read.
    func read(most: Int, through end: LogCursor?) throws -> Bool
    /// Items read and not yet forgotten, in the measure `ForwardQueue`'s sizes have.
    var count: Int { get }
    /// Most of them a window has, whatever the shards.
    var mostInWindow: Int { get }
    /// Everything before was read.
    var cursor: LogCursor { get }
    /// Bytes of the log read so far, and those still to be read.
    var bytesRead: Int { get }
    func bytesLeft() throws -> Int
    /// What was read, in batches of at most `most` items for each shard; batches of a shard go one after the other.
    func batches(shards: Int, most: Int) -> [[Batch]]
    /// What was read is done with.
    func removeAll()

    func count(of batch: Batch) -> Int
    /// Exemplars that go with its items.
    func exemplarCount(of batch: Batch) -> Int
    /// Milliseconds since the epoch.
    func newest(of batch: Batch) -> Int64
    func body(of batch: Batch, _ form: ForwardForm) -> ForwardBody
    /// Two parts of a batch where a receiver that refuses one of them takes the other; nil where there are none.
    func halves(of batch: Batch) -> (Batch, Batch)?
    /// Adds what the feed itself has counted.
    func add(to statistics: inout ForwardStatistics)
}

extension ForwardFeed {
    package var mostInWindow: Int { 500_000 }
    package func exemplarCount(of batch: Batch) -> Int { 0 }
}

/// In which of two forms bodies are made; receivers that do not know the newer one get the older.
package enum ForwardForm: Sendable {
    case older
    case newer
}

/// Runs what blocks on a thread of its own.
struct BlockingWork: Sendable {
    private let queue = DispatchQueue(label: "varde.forward")

    func callAsFunction<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Swift.Result { try body() }) }
        }
    }
}
