package import VardeCompression
package import VardeModel

/// One step of `relabel_configs` or `metric_relabel_configs`, with Prometheus' defaults.
package struct RelabelRule: Sendable, Equatable {
    package enum Action: String, Sendable, CaseIterable {
        case replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep, lowercase, uppercase
    }

    package var sourceLabels: [String] = []
    package var separator = ";"
    package var targetLabel = ""
    package var pattern = "(.*)"
    package var modulus: UInt64 = 0
    package var replacement = "$1"
    package var action = Action.replace
    private var regex: Regex

    package init() {
        // The default pattern is valid.
        guard let regex = try? Regex("^(?s:(.*))$") else { fatalError("the default pattern compiles") }
        self.regex = regex
    }

    /// Sets the pattern, anchored at both ends as all patterns of relabelling are: by what Prometheus writes around it, so that the two
    /// agree also on a pattern with `)` before its `(`.
    package mutating func setPattern(_ pattern: String) throws(Regex.SyntaxError) {
        regex = try Regex("^(?s:\(pattern))$")
        self.pattern = pattern
    }

    private func matches(_ text: String) -> Bool { regex.matchesAnywhere(text.utf8Span.span) }

    package static func == (a: RelabelRule, b: RelabelRule) -> Bool {
        a.sourceLabels == b.sourceLabels && a.separator == b.separator && a.targetLabel == b.targetLabel && a.pattern == b.pattern
            && a.modulus == b.modulus && a.replacement == b.replacement && a.action == b.action
    }

    /// Labels after the rules, nil where one drops them.
    package static func apply(_ rules: [RelabelRule], to labels: Labels) -> Labels? {
        var labels = labels
        for rule in rules where !rule.apply(to: &labels) { return nil }
        return labels
    }

    /// Changes the labels; false where they are dropped.
    private func apply(to labels: inout Labels) -> Bool {
        let source = sourceLabels.map { labels[$0] ?? "" }.joined(separator: separator)
        switch action {
        case .drop: return !matches(source)
        case .keep: return matches(source)
        case .dropequal: return labels[targetLabel] ?? "" != source
        case .keepequal: return labels[targetLabel] ?? "" == source
        case .replace: replace(source, &labels)
        case .lowercase: labels.set(targetLabel, to: source.lowercased())
        case .uppercase: labels.set(targetLabel, to: source.uppercased())
        case .hashmod: labels.set(targetLabel, to: String(MD5.lastEight(of: Array(source.utf8)) % max(modulus, 1)))
        case .labelmap:
            for label in labels {
                let name = Array(label.name.utf8)
                if let groups = regex.firstMatch(in: name.span) {
                    labels.set(expand(replacement, groups, name), to: label.value)
                }
            }
        case .labeldrop: labels = labels.removing(labels.map(\.name).filter(matches))
        case .labelkeep: labels = labels.keeping(labels.map(\.name).filter(matches))
        }
        return true
    }

    private func replace(_ source: String, _ labels: inout Labels) {
        let bytes = Array(source.utf8)
        guard let groups = regex.firstMatch(in: bytes.span) else { return }
        let target = expand(targetLabel, groups, bytes)
        guard !target.isEmpty else { return }
        labels.set(target, to: expand(replacement, groups, bytes))
    }

    /// `$1`, `${1}`, `$name`, `${name}` and `$$` replaced, as Go's regexp expands templates.
    private func expand(_ template: String, _ groups: [Range<Int>?], _ source: [UInt8]) -> String {
        guard template.utf8.contains(UInt8(ascii: "$")) else { return template }
        let names = regex.groupNames
        var out: [UInt8] = []
        let bytes = Array(template.utf8)
        var at = 0
        while at < bytes.count {
            guard bytes[at] == UInt8(ascii: "$"), at + 1 < bytes.count else {
                out.append(bytes[at])
                at += 1
                continue
            }
            at += 1
            if bytes[at] == UInt8(ascii: "$") {
                out.append(bytes[at])
                at += 1
                continue
            }
            let braced = bytes[at] == UInt8(ascii: "{")
            if braced { at += 1 }
            let start = at
            while at < bytes.count, isWord(bytes[at]) { at += 1 }
            let name = String(decoding: bytes[start..<at], as: UTF8.self)
            if braced {
                guard at < bytes.count, bytes[at] == UInt8(ascii: "}"), !name.isEmpty else {
                    out += bytes[(start - 2)..<at]
                    continue
                }
                at += 1
            } else if name.isEmpty {
                out.append(UInt8(ascii: "$"))
                continue
            }
            let index = Int(name) ?? names.firstIndex(of: name)
            if let index, index < groups.count, let range = groups[index] { out += source[range] }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
