import VardeDisk
import VardeModel
import VardeQuery
import VardeWire

/// Reasons in law to keep what somebody asked to have erased: those of the configuration, and those given over HTTP.
struct LegalHolds: Sendable {
    typealias Hold = PrivacySettings.LegalHold

    private static let kind = "hold"
    static let maxHolds = 1_000

    let catalog: Catalog
    /// Those of the configuration in force.
    let configured: @Sendable () -> [Hold]
    /// Milliseconds since the epoch.
    let clock: @Sendable () -> Int64

    /// Those given over HTTP; they outlive a restart.
    func given() throws -> [Hold] {
        try catalog.jobs(of: Self.kind).compactMap { Self.parse($0.payload, name: $0.name) }
    }

    /// All that are in force now.
    func inForce() throws -> [Hold] {
        try (configured() + given()).filter { hold in try Self.end(hold, file: "").map { clock() < $0 } ?? true }
    }

    func add(_ hold: Hold) throws {
        if try given().count >= Self.maxHolds { throw APIFailure.badData("\(Self.maxHolds) holds are kept already") }
        try catalog.save(Catalog.Job(kind: Self.kind, name: hold.name, step: "", payload: Self.text(hold)))
    }

    /// - Returns: whether there was one.
    func remove(_ name: String) throws -> Bool {
        guard try given().contains(where: { $0.name == name }) else { return false }
        try catalog.remove(Catalog.Job(kind: Self.kind, name: name, step: "", payload: ""))
        return true
    }

    /// Streams it concerns; none for all.
    static func matchers(_ hold: Hold, file: String) throws -> [LabelMatcher] {
        _ = try end(hold, file: file)
        do throws(QueryError) { return try PromQLEngine.matchers(ofStreams: hold.selector) } catch {
            throw ConfigurationError(
                file: file, message: "privacy.legal_hold: \(hold.name): the selector cannot be read: \(error.message)")
        }
    }

    /// The millisecond behind its last day; nil for no end.
    private static func end(_ hold: Hold, file: String) throws -> Int64? {
        if hold.until.isEmpty { return nil }
        guard let day = RFC3339.nanoseconds(hold.until + "T00:00:00Z") else {
            throw ConfigurationError(
                file: file, message: "privacy.legal_hold: \(hold.name): until: “\(hold.until)” is no day such as 2031-12-31")
        }
        return day / 1_000_000 + 86_400_000
    }

    static func text(_ hold: Hold) -> String {
        var json = JSONWriter()
        for (index, (name, value)) in [
            ("name", hold.name), ("selector", hold.selector), ("reason", hold.reason), ("until", hold.until),
        ].enumerated() {
            json.raw(index == 0 ? "{" : ",")
            json.string(name)
            json.raw(":")
            json.string(value)
        }
        json.raw("}")
        return String(decoding: json.bytes, as: UTF8.self)
    }

    /// Reads `selector`, `reason` and `until` of an object; nil where it is none.
    static func parse(_ text: String, name: String) -> Hold? {
        let bytes = Array(text.utf8)
        let span = bytes.span
        var fields: [String: String] = [:]
        var reader = JSONReader()
        do throws(WireError) {
            try reader.object(span) { (reader, key) throws(WireError) in fields[key] = try reader.string(span) }
        } catch { return nil }
        guard let reason = fields["reason"], !reason.isEmpty else { return nil }
        return Hold(
            name: name.isEmpty ? fields["name"] ?? "" : name, selector: fields["selector"] ?? "", reason: reason,
            until: fields["until"] ?? "")
    }
}
