import Logging
import VardeQuery

/// Tells of queries that took long: how long, how much they read, and their shape. Texts within them may be personal and are left out.
struct SlowQueryLog: Sendable {
    /// Milliseconds; 0 for none.
    let threshold: Int64
    let logger: Logger
    let metrics: SelfMetrics

    /// Bytes of a query's shape that are logged.
    private static let maxShape = 1_000

    func note(_ route: String, _ query: String, since began: ContinuousClock.Instant, _ budget: QueryBudget, failure: String?) {
        let took = ContinuousClock.now - began
        guard threshold > 0, took > .milliseconds(threshold) else { return }
        metrics.count("varde_slow_queries_total", ["route": route])
        logger.warning(
            "a query was slow",
            metadata: [
                "route": "\(route)", "took": "\(took)", "samples_read": "\(budget.samplesRead)", "peak_samples": "\(budget.peakSamples)",
                "outcome": "\(failure ?? "success")", "query": "\(Self.shape(of: query))",
            ])
    }

    /// A query with every text in quotes replaced by `…` and comments left out.
    static func shape(of query: String) -> String {
        var out: [UInt8] = []
        var quote: UInt8?
        var inComment = false
        var escaped = false
        for byte in query.utf8 {
            if out.count >= maxShape {
                out += "…".utf8
                break
            }
            if inComment {
                if byte == 10 { inComment = false }
            } else if let open = quote {
                if escaped {
                    escaped = false
                } else if byte == UInt8(ascii: "\\"), open != UInt8(ascii: "`") {
                    escaped = true
                } else if byte == open {
                    out.append(byte)
                    quote = nil
                }
            } else if byte == UInt8(ascii: "#") {
                inComment = true
            } else {
                out.append(byte)
                if [UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`")].contains(byte) {
                    quote = byte
                    out += "…".utf8
                }
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
