package import VardeModel

/// A target as it came out of relabelling.
struct TargetIdentity: Hashable, Sendable {
    var job: String
    var url: String
    /// Labels its series get.
    var labels: Labels
}

/// How a target does, for `/api/v1/targets`.
package struct TargetStatus: Sendable {
    package var job: String
    package var url: String
    /// As discovered, `__address__` and the like included.
    package var discovered: Labels
    package var labels: Labels
    /// `unknown` before the first scrape, then `up` or `down`.
    package var health = "unknown"
    package var lastError = ""
    /// Milliseconds since the epoch, 0 before the first.
    package var lastScrape: Int64 = 0
    /// Seconds.
    package var lastDuration = 0.0
    package var interval: Int64
    package var timeout: Int64
    package var breaker = "closed"
    package var samples = 0
}

/// What HELP, TYPE and UNIT lines said of a metric family.
package struct FamilyMetadata: Sendable, Hashable {
    package var type = "unknown"
    package var help = ""
    package var unit = ""

    package init(type: String = "unknown", help: String = "", unit: String = "") {
        self.type = type
        self.help = help
        self.unit = unit
    }
}

/// Why a scrape does not count, as it stands in `lastError`.
struct ScrapeFault: Error, CustomStringConvertible, Equatable {
    /// What a failed scrape is counted under.
    enum Kind: String, CaseIterable, Sendable {
        case connection, timeout, status, format, store
        case bodySize = "body_size"
        case sampleLimit = "sample_limit"
        case labelLimit = "label_limit"
        case targetLimit = "target_limit"
    }

    var kind: Kind
    var description: String
}
