import VardeModel
import VardeQuery
import Yams

extension RuleFile {
    /// Reads and checks a file's text.
    ///
    /// - Returns: the rules, and everything wrong with them; where there is anything, the rules are not to be used.
    package static func read(_ text: String) -> (file: RuleFile, errors: [RuleFileError]) {
        var reader = RuleFileReader()
        do throws(RuleFileError) {
            let root = try RuleYAML(text: text)
            return (try reader.file(root), reader.errors)
        } catch {
            return (RuleFile(), reader.errors + [error])
        }
    }
}

/// Reads a document into rules and gathers what is wrong in it: faults of form end the reading, faults of content do not.
private struct RuleFileReader {
    var errors: [RuleFileError] = []

    mutating func file(_ root: RuleYAML) throws(RuleFileError) -> RuleFile {
        var file = RuleFile()
        let keys = try root.fields(["groups"], of: "rulefmt.RuleGroups")
        for node in try keys["groups"]?.list() ?? [] { file.groups.append(try group(node)) }
        checkNames(file.groups, try keys["groups"]?.list() ?? [])
        return file
    }

    private mutating func checkNames(_ groups: [RuleGroup], _ nodes: [RuleYAML]) {
        var seen: Set<String> = []
        for (group, node) in zip(groups, nodes) {
            if group.name.isEmpty { errors.append(RuleFileError("\(node.place): Groupname must not be empty")) }
            if !seen.insert(group.name).inserted {
                errors.append(RuleFileError("\(node.place): groupname: \"\(group.name)\" is repeated in the same file"))
            }
        }
    }

    private mutating func group(_ node: RuleYAML) throws(RuleFileError) -> RuleGroup {
        let keys = try node.fields(["name", "interval", "query_offset", "limit", "rules", "labels"], of: "rulefmt.RuleGroup")
        var group = RuleGroup(name: try keys["name"]?.text() ?? "")
        group.interval = try keys["interval"]?.duration() ?? 0
        group.queryOffset = try keys["query_offset"]?.duration() ?? 0
        group.limit = try keys["limit"]?.integer() ?? 0
        group.labels = try labels(keys["labels"]) { self.errors.append(RuleFileError($0)) }
        for (index, node) in (try keys["rules"]?.list() ?? []).enumerated() {
            group.rules.append(try rule(node, group, number: index + 1))
        }
        return group
    }

    /// Labels of a mapping; names that cannot be are told.
    private func labels(_ node: RuleYAML?, _ complain: (String) -> Void) throws(RuleFileError) -> Labels {
        guard let node else { return .empty }
        let pairs = try node.texts()
        for (name, _) in pairs where name.isEmpty || name == Labels.metricName { complain("invalid label name: \(name)") }
        return Labels(pairs.map { Label($0.0, $0.1) })
    }

    private mutating func rule(_ node: RuleYAML, _ group: RuleGroup, number: Int) throws(RuleFileError) -> Rule {
        let names = ["record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"]
        let keys = try node.fields(names, of: "rulefmt.Rule")
        let record = try keys["record"]?.text() ?? ""
        let alert = try keys["alert"]?.text() ?? ""
        let expression = try keys["expr"]?.text() ?? ""
        let holds = try keys["for"]?.duration() ?? 0
        let keepsFiring = try keys["keep_firing_for"]?.duration() ?? 0
        let name = alert.isEmpty ? record : alert
        var found: [(place: String, text: String)] = []
        func complain(_ text: String, at place: String = "") { found.append((place, text)) }
        func place(_ key: String) -> String { keys[key]?.place ?? "0:0" }

        let both = place("record") + ": " + place("alert")
        if !record.isEmpty, !alert.isEmpty { complain("only one of 'record' and 'alert' must be set", at: both) }
        if record.isEmpty, alert.isEmpty { complain("one of 'record' or 'alert' must be set", at: both) }
        if expression.isEmpty {
            complain("field 'expr' must be set in rule", at: place("expr"))
        } else {
            do throws(QueryError) {
                _ = try PromQLEngine.parse(expression)
            } catch {
                complain("could not parse expression: \(error.message)", at: place("expr"))
            }
        }
        let annotations = try keys["annotations"]?.texts() ?? []
        if !record.isEmpty {
            for (isSet, field) in [(!annotations.isEmpty, "annotations"), (holds != 0, "for"), (keepsFiring != 0, "keep_firing_for")]
            where isSet {
                complain("invalid field '\(field)' in recording rule", at: place("record"))
            }
            if record.contains("{") || record.contains("}") {
                complain("braces present in the recording rule name; should it be in expr?: \(record)", at: place("record"))
            }
        }
        let own = try labels(keys["labels"]) { complain($0) }
        for (name, _) in annotations where name.isEmpty { complain("invalid annotation name: \(name)") }
        if !alert.isEmpty {
            for (kind, pairs) in [("label", own.map { ($0.name, $0.value) }), ("annotation", annotations)] {
                for (name, text) in pairs {
                    do throws(AlertTemplate.Failure) {
                        _ = try AlertTemplate(text, alert: alert)
                    } catch {
                        complain("\(kind) \(name.quoted): \(error)")
                    }
                }
            }
        }
        errors += found.map { place, text in
            RuleFileError((place.isEmpty ? "" : place + ": ") + "group \(group.name.quoted), rule \(number), \(name.quoted): \(text)")
        }
        // A rule's own labels come before those of its group.
        let merged = own.reduce(into: group.labels) { $0.set($1.name, to: $1.value) }
        let kind: Rule.Kind =
            alert.isEmpty
            ? .recording : .alerting(holds: holds, keepsFiring: keepsFiring, annotations: Labels(annotations.map { Label($0.0, $0.1) }))
        return Rule(name: name, expression: expression, labels: merged, kind: kind)
    }
}
