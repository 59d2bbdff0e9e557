import VardePrivacy
import VardeWire

/// A body that names a person: lines of text with an identifier each, or JSON `{"identifiers": […], "reason": …}`.
struct SubjectBody {
    private(set) var identifiers: [String] = []
    /// Why, in the words of who asks; empty where it is not said.
    private(set) var reason = ""

    /// - Throws: 400 with what is wrong, and never with a word of the body.
    init(_ request: APIRequest) throws {
        guard let text = String(validating: request.body, as: UTF8.self) else { throw APIFailure.badData("the body is no UTF-8") }
        if request.contentType.hasPrefix("application/json") {
            try read(json: request.body)
        } else {
            identifiers = text.split(whereSeparator: \.isNewline).map(String.init)
        }
        identifiers = identifiers.map(Self.trimmed).filter { !$0.isEmpty }
        if identifiers.isEmpty {
            throw APIFailure.badData("the body names nobody: send an identifier a line, or {\"identifiers\": […]} as application/json")
        }
        if identifiers.count > SubjectTokens.maxIdentifiers {
            throw APIFailure.badData("more than \(SubjectTokens.maxIdentifiers) identifiers in one request")
        }
        if identifiers.contains(where: { $0.utf8.count > SubjectTokens.maxIdentifierBytes }) {
            throw APIFailure.badData("an identifier is longer than \(SubjectTokens.maxIdentifierBytes) bytes")
        }
    }

    private static func trimmed(_ text: String) -> String {
        var part = text[...]
        while part.first?.isWhitespace == true { part.removeFirst() }
        while part.last?.isWhitespace == true { part.removeLast() }
        return String(part)
    }

    private mutating func read(json bytes: [UInt8]) throws {
        let span = bytes.span
        var reader = JSONReader()
        var found: [String] = []
        var why = ""
        var hasOther = false
        do throws(WireError) {
            try reader.object(span) { (reader, key) throws(WireError) in
                switch key {
                case "identifiers": try reader.array(span) { (reader, _) throws(WireError) in found.append(try reader.string(span)) }
                case "reason": why = try reader.string(span)
                default:
                    hasOther = true
                    try reader.skip(span)
                }
            }
        } catch { throw APIFailure.badData("the body is no object with a list of texts “identifiers”") }
        if hasOther { throw APIFailure.badData("the body has other keys than “identifiers” and “reason”") }
        identifiers = found
        reason = why
    }
}
