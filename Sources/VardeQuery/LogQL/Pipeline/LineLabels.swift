package import VardeModel

/// Where a label of a line comes from.
package enum LabelOrigin: UInt8, Sendable {
    case stream
    case metadata
    case parsed
}

/// A label a line has beside those of its stream.
package struct AddedLabel: Sendable {
    package var name: String
    package var value: String
    package var origin: LabelOrigin
}

/// The labels of one line as stages see and change them. Reused from line to line.
///
/// Precedence: a parsed label hides metadata and stream labels of its name; parsers avoid that by the suffix `_extracted`.
package struct LineLabels: Sendable {
    static let errorName = "__error__"
    static let detailsName = "__error_details__"

    /// Labels of the stream.
    package private(set) var stream = Labels.empty
    /// Metadata and parsed labels, each name once.
    package private(set) var added: [AddedLabel] = []
    private var deleted: [String] = []
    /// Names a parser has set on this line: the first one stands.
    private var extracted: [String] = []
    package private(set) var error = ""
    package private(set) var errorDetails = ""
    /// Names parsers need to extract, nil for all.
    var required: [String]?

    package init() {}

    /// Begins a line with what its stream and its structured metadata give.
    mutating func begin(stream: Labels, metadata: [AddedLabel]) {
        self.stream = stream
        added.removeAll(keepingCapacity: true)
        added.append(contentsOf: metadata)
        deleted.removeAll(keepingCapacity: true)
        extracted.removeAll(keepingCapacity: true)
        error = ""
        errorDetails = ""
    }

    /// Metadata as labels: a name the stream has too gets the suffix.
    static func metadataLabels(_ metadata: Labels, stream: Labels) -> [AddedLabel] {
        metadata.map { label in
            AddedLabel(
                name: stream[label.name] == nil ? label.name : label.name + "_extracted", value: label.value, origin: .metadata)
        }
    }

    var hasError: Bool { !error.isEmpty }

    /// Whether the labels are those the line began with.
    var isUntouched: Bool { extracted.isEmpty && deleted.isEmpty && error.isEmpty }

    mutating func setError(_ kind: String, _ details: String) {
        if !error.isEmpty { return }
        error = kind
        errorDetails = details
    }

    mutating func clearError() {
        error = ""
        errorDetails = ""
    }

    mutating func clearErrorDetails() { errorDetails = "" }

    /// The value of a label and where it comes from; errors are not among them.
    func find(_ name: String) -> (value: String, origin: LabelOrigin)? {
        for label in added where label.name == name { return (label.value, label.origin) }
        if !deleted.isEmpty, deleted.contains(name) { return nil }
        return stream[name].map { ($0, .stream) }
    }

    /// What string filters and templates see: errors too, the empty text for what is absent.
    func text(_ name: String) -> String {
        if name.hasPrefix("__error") {
            if name == Self.errorName { return error }
            if name == Self.detailsName { return errorDetails }
        }
        return find(name)?.value ?? ""
    }

    mutating func set(_ name: String, _ value: String, origin: LabelOrigin = .parsed) {
        if origin == .parsed { extracted.append(name) }
        for i in added.indices where added[i].name == name {
            added[i].value = value
            if origin == .parsed { added[i].origin = .parsed }
            return
        }
        if added.count >= LogQLLimits.maxLabelsPerLine { return }
        added.append(AddedLabel(name: name, value: value, origin: origin))
    }

    mutating func delete(_ name: String) {
        added.removeAll { $0.name == name }
        deleted.append(name)
    }

    /// The name a parsed field goes by: suffixed where stream or metadata have it; nil where it is not wanted or there already.
    func nameForParsed(_ field: String) -> String? {
        var name = field
        if stream[field] != nil || added.contains(where: { $0.origin == .metadata && $0.name == field }) { name += "_extracted" }
        if !extracted.isEmpty, extracted.contains(name) { return nil }
        if let required, !required.contains(name) { return nil }
        return name
    }

    /// The name an expression's result goes by.
    func nameForExpression(_ name: String) -> String {
        stream[name] != nil || added.contains(where: { $0.origin == .metadata && $0.name == name }) ? name + "_extracted" : name
    }

    /// Whether no parser need look at the line.
    var needsNothing: Bool { required?.isEmpty ?? false }

    /// Whether all that is required has been extracted.
    var hasAllRequired: Bool {
        guard let required else { return false }
        if extracted.count < required.count { return false }
        for name in required where !extracted.contains(name) { return false }
        return true
    }

    /// Calls with every label, in no order, errors last.
    func forEach(_ body: (String, String, LabelOrigin) -> Void) {
        for label in stream where !isHidden(label.name) { body(label.name, label.value, .stream) }
        for label in added { body(label.name, label.value, label.origin) }
        if !error.isEmpty { body(Self.errorName, error, .parsed) }
        if !errorDetails.isEmpty { body(Self.detailsName, errorDetails, .parsed) }
    }

    private func isHidden(_ name: String) -> Bool {
        for label in added where label.name == name { return true }
        return !deleted.isEmpty && deleted.contains(name)
    }

    /// All labels, sorted; empty values stay.
    func result() -> Labels {
        if added.isEmpty, deleted.isEmpty, error.isEmpty, errorDetails.isEmpty { return stream }
        var all: [Label] = []
        all.reserveCapacity(stream.count + added.count + 2)
        forEach { name, value, _ in all.append(Label(name, value)) }
        all.sort { $0.name.utf8Precedes($1.name) }
        return Labels(sortedUnchecked: all)
    }

    /// Labels of one origin, sorted.
    func result(of origin: LabelOrigin) -> Labels {
        var all: [Label] = []
        forEach { name, value, own in if own == origin { all.append(Label(name, value)) } }
        all.sort { $0.name.utf8Precedes($1.name) }
        return Labels(sortedUnchecked: all)
    }

    /// Only some labels, sorted: what `by` and `without` leave.
    func result(by names: [String]) -> Labels {
        var all: [Label] = []
        for name in names {
            if let found = find(name) { all.append(Label(name, found.value)) }
        }
        if all.count > 1 {
            all.sort { $0.name.utf8Precedes($1.name) }
            var i = 1
            while i < all.count { if all[i].name == all[i - 1].name { all.remove(at: i) } else { i += 1 } }
        }
        return Labels(sortedUnchecked: all)
    }
}
