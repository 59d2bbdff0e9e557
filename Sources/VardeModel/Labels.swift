/// One label of a series or stream: a name and a value, both UTF-8.
package struct Label: Hashable, Sendable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// Equal byte for byte: texts that differ in Unicode normalisation only are different labels.
    package static func == (a: Label, b: Label) -> Bool {
        a.name.hasSameUTF8(as: b.name) && a.value.hasSameUTF8(as: b.value)
    }
}

/// The identity of a series or of a log stream: labels sorted by the bytes of their names, each name once, no empty value.
///
/// An empty value means the label is absent, as in Prometheus' data model, so it is never kept.
package struct Labels: Hashable, Sendable {
    /// Name of the label that holds a metric's name.
    package static let metricName = "__name__"
    /// No labels at all.
    package static let empty = Labels()

    private var sorted: [Label]

    package init() {
        sorted = []
    }

    /// Sorts, drops empty values; of a name given twice the last value stands.
    package init(_ labels: some Sequence<Label>) {
        var all = labels.filter { !$0.value.isEmpty }
        if !Labels.isStrictlySorted(all) {
            // A stable sort, so that the last of equal names is the last of its run.
            let indexed = all.enumerated().sorted { a, b in
                a.element.name.hasSameUTF8(as: b.element.name) ? a.offset < b.offset : a.element.name.utf8Precedes(b.element.name)
            }
            all.removeAll(keepingCapacity: true)
            for (_, label) in indexed {
                if let last = all.last, last.name.hasSameUTF8(as: label.name) { all.removeLast() }
                all.append(label)
            }
        }
        sorted = all
    }

    /// Takes labels that are sorted by name already, with no name twice and no empty value. Complexity: O(1).
    package init(sortedUnchecked labels: [Label]) {
        assert(Labels.isStrictlySorted(labels), "labels are not strictly sorted")
        sorted = labels
    }

    /// Takes labels in any order, without those of empty value. Complexity: O(n log n), and O(n) where they are nearly in order.
    ///
    /// - Parameter twice: set to the name that is given twice, where there is one; the labels are then not to be used.
    package init(sorting labels: [Label], twice: inout String?) {
        var all = labels
        if all.count <= Self.shortSort {
            for index in all.indices.dropFirst() {
                var at = index
                while at > 0, all[at].name.utf8Precedes(all[at - 1].name) {
                    all.swapAt(at, at - 1)
                    at -= 1
                }
            }
        } else {
            all.sort { $0.name.utf8Precedes($1.name) }
        }
        for index in all.indices.dropFirst() where all[index].name.hasSameUTF8(as: all[index - 1].name) { twice = all[index].name }
        if all.contains(where: { $0.value.isEmpty }) { all.removeAll { $0.value.isEmpty } }
        sorted = all
    }

    /// Labels up to this many are sorted by insertion.
    private static let shortSort = 24

    /// The labels, sorted by name, for who walks those of many series.
    package var all: [Label] { sorted }

    /// Both together, where no name is in both; nil where one is. Complexity: O(count of both).
    package func disjointUnion(_ other: Labels) -> Labels? {
        var merged: [Label] = []
        merged.reserveCapacity(sorted.count + other.sorted.count)
        var next = 0
        for label in sorted {
            while next < other.sorted.count, !label.name.utf8Precedes(other.sorted[next].name) {
                if label.name.hasSameUTF8(as: other.sorted[next].name) { return nil }
                merged.append(other.sorted[next])
                next += 1
            }
            merged.append(label)
        }
        merged.append(contentsOf: other.sorted[next...])
        return Labels(sortedUnchecked: merged)
    }

    package init(_ pairs: KeyValuePairs<String, String>) {
        self.init(pairs.map { Label($0.key, $0.value) })
    }

    private static func isStrictlySorted(_ labels: [Label]) -> Bool {
        for i in labels.indices.dropFirst() where !labels[i - 1].name.utf8Precedes(labels[i].name) { return false }
        return true
    }

    /// The value of a label, or nil where it is absent. Complexity: O(count).
    package subscript(name: String) -> String? {
        for label in sorted where label.name.hasSameUTF8(as: name) { return label.value }
        return nil
    }

    /// The metric's name, or the empty string.
    package var name: String { self[Labels.metricName] ?? "" }

    /// A copy with one label set, or removed where `value` is empty.
    package func setting(_ name: String, to value: String) -> Labels {
        var copy = self
        copy.set(name, to: value)
        return copy
    }

    /// Sets one label, or removes it where `value` is empty. Complexity: O(count).
    package mutating func set(_ name: String, to value: String) {
        var position = 0
        while position < sorted.count, sorted[position].name.utf8Precedes(name) { position += 1 }
        if position < sorted.count, sorted[position].name.hasSameUTF8(as: name) {
            if value.isEmpty { sorted.remove(at: position) } else { sorted[position].value = value }
        } else if !value.isEmpty {
            sorted.insert(Label(name, value), at: position)
        }
    }

    /// A copy without the named labels.
    package func removing(_ names: some Collection<String>) -> Labels {
        Labels(sortedUnchecked: sorted.filter { !names.contains($0.name) })
    }

    /// A copy with only the named labels.
    package func keeping(_ names: some Collection<String>) -> Labels {
        Labels(sortedUnchecked: sorted.filter { names.contains($0.name) })
    }
}

extension Labels: RandomAccessCollection {
    package var startIndex: Int { 0 }
    package var endIndex: Int { sorted.count }
    package subscript(position: Int) -> Label { sorted[position] }
}

extension Labels: Comparable {
    /// Order of Prometheus' `labels.Compare`: label by label, name before value, by bytes; the shorter set first.
    package static func < (a: Labels, b: Labels) -> Bool {
        for i in 0..<Swift.min(a.count, b.count) {
            if !a[i].name.hasSameUTF8(as: b[i].name) { return a[i].name.utf8Precedes(b[i].name) }
            if !a[i].value.hasSameUTF8(as: b[i].value) { return a[i].value.utf8Precedes(b[i].value) }
        }
        return a.count < b.count
    }
}

extension Labels: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, String)...) {
        self.init(elements.map { Label($0.0, $0.1) })
    }
}

extension Labels: CustomStringConvertible {
    /// The form `name{a="b"}` of PromQL; names outside the classic alphabet are quoted.
    package var description: String {
        var text = name.isEmpty || !name.isClassicMetricName ? "" : name
        var parts: [String] = []
        if text.isEmpty, !name.isEmpty { parts.append(name.quoted) }
        for label in sorted where label.name != Labels.metricName {
            parts.append((label.name.isClassicLabelName ? label.name : label.name.quoted) + "=" + label.value.quoted)
        }
        if !parts.isEmpty || text.isEmpty { text += "{" + parts.joined(separator: ", ") + "}" }
        return text
    }
}
