package import VardeCollect
package import VardeModel

/// Where something is sent and how its answers are taken. Times are milliseconds.
package struct ForwardTarget: Sendable, Equatable {
    /// What metrics, log lines and the reader's place in the log call it; unique among those of its kind.
    package var name: String
    package var url: String
    package var access = EndpointAccess()
    package var timeout: Int64 = 30_000
    /// Whether requests go to the host's addresses in turn.
    package var roundRobin = false

    package init(name: String, url: String) {
        self.name = name
        self.url = url
    }

    /// The address without user and password and the values of its parameters, as it may be shown.
    package var shownURL: String {
        guard let scheme = url.firstRange(of: "://") else { return url }
        var rest = url[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        if let at = authority.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
        let path = rest.prefix { $0 != "?" && $0 != "#" }
        let query = rest[path.endIndex...].dropFirst().prefix { $0 != "#" }
        let names = query.split(separator: "&").map { $0.prefix { $0 != "=" } + "=…" }.joined(separator: "&")
        return String(url[..<scheme.upperBound] + path) + (names.isEmpty ? "" : "?" + names)
    }
}

/// How much goes at once, and how failures are met: `queue_config`. Times are milliseconds.
package struct ForwardQueue: Sendable, Equatable {
    /// Samples (or, of logs, bytes) a shard has in memory at most.
    package var capacity = 10_000
    package var minShards = 1
    package var maxShards = 50
    /// Samples (or bytes) in one request.
    package var mostPerSend = 2_000
    /// How long less than that may wait for more.
    package var deadline: Int64 = 5_000
    package var minBackoff: Int64 = 30
    package var maxBackoff: Int64 = 5_000
    /// Whether 429 means later; else what it answers is lost.
    package var retriesTooMany = true
    /// Samples older than this are not sent; 0 for any age.
    package var ageLimit: Int64 = 0

    package init() {}
}

/// One of `remote_write`.
package struct RemoteWriteEndpoint: ForwardEndpoint, Equatable {
    package enum Message: String, Sendable {
        case first = "prometheus.WriteRequest"
        case symbols = "io.prometheus.write.v2.Request"
    }

    package var target: ForwardTarget
    package var queue = ForwardQueue()
    package var relabelRules: [RelabelRule] = []
    /// Labels of this server, where a series has none of the name.
    package var externalLabels = Labels.empty
    package var message = Message.first
    package var sendsExemplars = false
    package var sendsHistograms = false
    package var sendsMetadata = true
    package var metadataInterval: Int64 = 60_000
    package var metadataPerSend = 2_000

    package init(target: ForwardTarget) { self.target = target }
}
