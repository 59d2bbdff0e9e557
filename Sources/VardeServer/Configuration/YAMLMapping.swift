import VardeModel
import Yams

/// A mapping being read: it remembers which keys were asked for, so that the rest can be refused by name.
final class YAMLMapping {
    private let value: YAMLValue
    private let pairs: [(key: Node, value: Node)]
    private var asked: Set<String> = []

    init(of value: YAMLValue, pairs: [(key: Node, value: Node)]) {
        self.value = value
        self.pairs = pairs
    }

    private func path(_ key: String) -> String { value.path.isEmpty ? key : "\(value.path).\(key)" }

    /// The value of a key, nil where it is absent or null.
    subscript(key: String) -> YAMLValue? {
        asked.insert(key)
        guard let pair = pairs.first(where: { $0.key.scalar?.string == key }) else { return nil }
        let found = value.part(pair.value, path(key))
        return found.isNull ? nil : found
    }

    /// `refresh_interval` in milliseconds; zero, with which Prometheus' own discovery does not work, is as good as none.
    func refreshInterval(usual: Int64) throws(ConfigurationError) -> Int64 {
        guard let found = self["refresh_interval"], case let interval = try found.duration(), interval > 0 else { return usual }
        return interval
    }

    /// A number that may not be zero, which is what `key: null` makes of it in Prometheus; nil where the key is not written.
    func positive(_ key: String) throws(ConfigurationError) -> Int? {
        guard has(key) else { return nil }
        guard let found = self[key] else { throw value.error("\(key) must be positive") }
        let number = try found.int(in: Int.min...Int.max)
        if number <= 0 { throw found.error("must be positive") }
        return number
    }

    /// Whether the key is written at all, null or not.
    func has(_ key: String) -> Bool { pairs.contains { $0.key.scalar?.string == key } }

    func required(_ key: String) throws(ConfigurationError) -> YAMLValue {
        guard let found = self[key] else { throw value.error("“\(key)” is missing") }
        return found
    }

    /// The value under a key, or the mapping where the key is absent or null: where an error about it is told.
    func place(_ key: String) -> YAMLValue { self[key] ?? value }

    /// Every key with its value, in file order.
    func all() throws(ConfigurationError) -> [(String, YAMLValue)] {
        var all: [(String, YAMLValue)] = []
        for pair in pairs {
            let key = try value.part(pair.key, value.path).string()
            asked.insert(pair.key.scalar?.string ?? "")
            all.append((key, value.part(pair.value, path(key))))
        }
        return all
    }

    /// Refuses the keys `reasons` names, each with its reason: what Varde knows of and does not do.
    func refuse(_ reasons: [(key: String, reason: String)]) throws(ConfigurationError) {
        for (key, reason) in reasons {
            asked.insert(key)
            guard let pair = pairs.first(where: { $0.key.scalar?.string == key }) else { continue }
            throw value.part(pair.key, path(key)).error(reason)
        }
    }

    /// Throws at the first key nobody asked for. Call it last.
    func rejectUnknown() throws(ConfigurationError) {
        for pair in pairs {
            let key = pair.key.scalar?.string
            if let key, asked.contains(key) { continue }
            let near = asked.min { Self.distance($0, key ?? "") < Self.distance($1, key ?? "") }
            let hint = near.flatMap { Self.distance($0, key ?? "") <= 2 ? "; did you mean “\($0)”?" : nil } ?? ""
            let place = value.path.isEmpty ? "" : " in \(value.path)"
            throw value.part(pair.key, "").error("unknown key “\(key ?? "?")”\(place)\(hint)")
        }
    }

    func error(_ message: String) -> ConfigurationError { value.error(message) }

    /// Levenshtein distance of two short names.
    private static func distance(_ a: String, _ b: String) -> Int {
        let b = Array(b.utf8)
        var row = Array(0...b.count)
        for (i, x) in a.utf8.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                let above = row[j + 1]
                row[j + 1] = x == y ? diagonal : 1 + min(diagonal, above, row[j])
                diagonal = above
            }
        }
        return row[b.count]
    }
}
