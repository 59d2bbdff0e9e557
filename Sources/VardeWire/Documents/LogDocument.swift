import VardeKernels
package import VardeModel

/// One JSON object read as a log entry.
package struct LogDocument: Sendable {
    /// Members kept as structured metadata, and how deep objects are looked into; beyond that a value is kept as its JSON text.
    package static let maxFields = 128
    static let maxDepth = 8

    /// Nanoseconds; nil where the document says no time that can be read.
    package private(set) var time: Int64?
    /// The message; nil where the document has none by the names asked for.
    package private(set) var message: [UInt8]?
    package private(set) var labels: [Label] = []
    /// What is neither time, message nor label, objects flattened with an underscore between names.
    package private(set) var metadata: [Label] = []

    private var fields: [(path: String, value: [UInt8], isNumber: Bool)] = []

    /// - Throws: where and why the bytes are no JSON object.
    package init(_ bytes: Span<UInt8>, _ names: LogFieldNames) throws(WireError) {
        var reader = JSONReader()
        try flatten(bytes, &reader, prefix: "", depth: 0)
        guard reader.isAtEnd(bytes) else { throw WireError("JSON: text after the object", at: reader.at) }
        var used: Set<Int> = []
        if let found = first(of: names.time, where: { Self.time(of: $0.value, isNumber: $0.isNumber) != nil }) {
            time = Self.time(of: fields[found].value, isNumber: fields[found].isNumber)
            used.insert(found)
        }
        if let found = first(of: names.message, where: { _ in true }) {
            message = fields[found].value
            used.insert(found)
        }
        for name in names.labels {
            guard let found = first(of: [name], where: { !$0.value.isEmpty }), used.insert(found).inserted else { continue }
            let label = OTLPTranslation.escapedLabel(name)
            if !label.isEmpty { labels.append(Label(label, String(decoding: fields[found].value, as: UTF8.self))) }
        }
        guard message != nil else { return }
        for (index, field) in fields.enumerated() where !used.contains(index) && !field.value.isEmpty {
            let name = OTLPTranslation.escapedLabel(field.path)
            if !name.isEmpty { metadata.append(Label(name, String(decoding: field.value, as: UTF8.self))) }
        }
    }

    private func first(of names: [String], where isTaken: ((path: String, value: [UInt8], isNumber: Bool)) -> Bool) -> Int? {
        for name in names {
            if let found = fields.firstIndex(where: { $0.path == name && isTaken($0) }) { return found }
        }
        return nil
    }

    private mutating func flatten(_ bytes: Span<UInt8>, _ reader: inout JSONReader, prefix: String, depth: Int) throws(WireError) {
        // What the closure gathers is put in place after it: it may not change what it is called on.
        var found: [(path: String, value: [UInt8], isNumber: Bool)] = []
        try Self.walk(bytes, &reader, prefix: prefix, depth: depth, into: &found)
        fields = found
    }

    private static func walk(
        _ bytes: Span<UInt8>, _ reader: inout JSONReader, prefix: String, depth: Int,
        into found: inout [(path: String, value: [UInt8], isNumber: Bool)]
    ) throws(WireError) {
        try reader.object(bytes) { (reader, key) throws(WireError) in
            let path = prefix.isEmpty ? key : prefix + "." + key
            let kind = try reader.kind(bytes)
            if kind == .object, depth < maxDepth {
                try walk(bytes, &reader, prefix: path, depth: depth + 1, into: &found)
                return
            }
            if found.count >= maxFields {
                try reader.skip(bytes)
                return
            }
            switch kind {
            case .string: found.append((path, Array(try reader.string(bytes).utf8), false))
            case .number: found.append((path, Array(try reader.number(bytes).utf8), true))
            case .literal, .array, .object:
                let range = try reader.skip(bytes)
                let text = Bytes.array(bytes.extracting(range))
                if text != Array("null".utf8) { found.append((path, text, false)) }
            }
        }
    }

    /// Nanoseconds of a date of RFC 3339 (a missing zone is UTC), or of a number since the epoch: by its size seconds, milliseconds,
    /// microseconds or nanoseconds.
    static func time(of value: [UInt8], isNumber: Bool) -> Int64? {
        let text = String(decoding: value, as: UTF8.self)
        if let whole = Int64(text) { return whole > 0 ? scaled(whole) : nil }
        if let number = Double(text) {
            guard number > 0, number.isFinite, number < 9e18 else { return nil }
            return number < 1e11
                ? Int64(number) * 1_000_000_000 + Int64(((number - number.rounded(.down)) * 1e9).rounded()) : scaled(Int64(number))
        }
        if isNumber { return nil }
        return RFC3339.nanoseconds(text) ?? RFC3339.nanoseconds(text + "Z")
    }

    private static func scaled(_ number: Int64) -> Int64 {
        switch number {
        case ..<100_000_000_000: number < 9_000_000_000 ? number * 1_000_000_000 : number * 1_000_000
        case ..<100_000_000_000_000: number * 1_000_000
        case ..<100_000_000_000_000_000: number * 1_000
        default: number
        }
    }
}
