package import VardeModel

/// Rules of a file that yield the same series: what promtool's lint looks for.
package enum DuplicateRules {
    /// Name and labels of each rule that occurs more than once, sorted.
    package static func find(in file: RuleFile) -> [(name: String, labels: Labels)] {
        let all = file.groups.flatMap { $0.rules.map { (name: $0.name, labels: $0.labels) } }.sorted {
            $0.name == $1.name ? $0.labels < $1.labels : $0.name.utf8Precedes($1.name)
        }
        var found: [(name: String, labels: Labels)] = []
        for (before, rule) in zip(all, all.dropFirst()) where before.name == rule.name && before.labels == rule.labels {
            if let last = found.last, last.name == rule.name, last.labels == rule.labels { continue }
            found.append(rule)
        }
        return found
    }

    /// promtool's complaint about them.
    package static func complaint(_ duplicates: [(name: String, labels: Labels)]) -> String {
        var text = "lint error \(duplicates.count) duplicate rule(s) found.\n"
        for (name, labels) in duplicates {
            text += "Metric: \(name)\nLabel(s):\n"
            for label in labels { text += "\t\(label.name): \(label.value)\n" }
        }
        return text + "Might cause inconsistency while recording expressions"
    }
}
