import VardeCollect
import VardeForward
import VardeModel

extension LokiWriteEndpoint {
    /// `loki_write`: keys as those of `remote_write`, sizes in bytes.
    static func list(reading value: YAMLValue, global: GlobalSettings) throws(ConfigurationError) -> [Self] {
        var all: [Self] = []
        for item in try value.list() {
            let endpoint = try LokiWriteEndpoint(reading: item, global: global)
            if !all.append(named: endpoint) {
                throw item.error("the name “\(all[all.count - 1].target.name)” is given twice")
            }
        }
        return all
    }

    private init(reading value: YAMLValue, global: GlobalSettings) throws(ConfigurationError) {
        let keys = try value.mapping()
        self.init(target: try ForwardTarget(reading: keys))
        target.timeout = 10_000
        if let v = keys["remote_timeout"] { target.timeout = try v.duration(allowZero: false) }
        if let v = keys["tenant_id"] { target.access.headers.append(.init("X-Scope-OrgID", .text(try v.nonEmptyString()))) }
        externalLabels = global.externalLabels
        if let v = keys["external_labels"] {
            for label in try v.labels() { externalLabels.set(label.name, to: label.value) }
        }
        if let v = keys["relabel_configs"] { relabelRules = try RelabelRule.list(reading: v) }
        if let v = keys["queue_config"] { try queue.readLogs(v) }
        try keys.rejectUnknown()
    }
}

extension ForwardQueue {
    /// `queue_config` of an endpoint for logs.
    fileprivate mutating func readLogs(_ value: YAMLValue) throws(ConfigurationError) {
        let keys = try value.mapping()
        if let v = keys["batch_size"] {
            mostPerSend = try v.byteCount()
            guard (1_024...(16 << 20)).contains(mostPerSend) else { throw v.error("must be 1KB to 16MB") }
            capacity = max(capacity, mostPerSend)
        }
        if let v = keys["capacity"] {
            capacity = try v.byteCount()
            guard (mostPerSend...(64 << 20)).contains(capacity) else { throw v.error("must be batch_size to 64MB") }
        }
        if let v = keys["batch_wait"] { deadline = try v.duration() }
        if let v = keys["max_shards"] { maxShards = try v.int(in: 1...100) }
        if let v = keys["min_shards"] {
            minShards = try v.int(in: 1...100)
            if minShards > maxShards { throw v.error("must not be more than max_shards (\(maxShards))") }
        }
        if let v = keys["min_backoff"] { minBackoff = try v.duration(allowZero: false) }
        if let v = keys["max_backoff"] { maxBackoff = try v.duration(allowZero: false) }
        if maxBackoff < minBackoff { throw value.error("max_backoff must not be less than min_backoff") }
        if let v = keys["retry_on_http_429"] { retriesTooMany = try v.bool() }
        if let v = keys["line_age_limit"] { ageLimit = try v.duration() }
        try keys.rejectUnknown()
    }
}
