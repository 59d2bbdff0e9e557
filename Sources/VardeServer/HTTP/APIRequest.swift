import VardeModel
import VardePrivacy

/// A request as the routes see it: parameters of the query string and of a form body in one list, the body decompressed.
struct APIRequest: Sendable {
    var method: String
    var path: String
    /// Segments the route's pattern left open, decoded.
    var captures: [String] = []
    var parameters: [(name: String, value: String)] = []
    var body: [UInt8] = []
    var contentType = ""
    /// Names in lower case.
    var headers: [String: String] = [:]
    /// Who asks; nil where the server has no tokens.
    var token: AuthToken?
    var remoteAddress = ""

    func value(_ name: String) -> String? { parameters.first { $0.name == name }?.value }
    /// - Throws: 403 where a query uses `pii(…)` and the token has not the role privacy.
    func checkPseudonyms() throws {
        guard let token, !token.allows(.privacy) else { return }
        for (name, value) in parameters where ["query", "match[]", "match"].contains(name) && AuditText.usesPII(value) {
            throw APIFailure(
                status: 403, type: "forbidden", message: "pii(…) needs the role privacy, which the token “\(token.name)” has not")
        }
    }

    func values(_ name: String) -> [String] { parameters.filter { $0.name == name }.map(\.value) }

    /// Parses `a=b&c=d`, `+` as a blank, `%xx` decoded. Pairs with a semicolon or a broken `%xx` are left out, as in Go.
    static func parseForm(_ text: some Sequence<UInt8>) -> [(name: String, value: String)] {
        var out: [(String, String)] = []
        for pair in Array(text).split(separator: UInt8(ascii: "&"))
        where !pair.contains(UInt8(ascii: ";")) && PercentEncoding.isWhole(pair) {
            let equals = pair.firstIndex(of: UInt8(ascii: "="))
            let name = PercentEncoding.text(pair[..<(equals ?? pair.endIndex)], plusIsBlank: true)
            let value = equals.map { PercentEncoding.text(pair[(pair.index(after: $0))...], plusIsBlank: true) } ?? ""
            out.append((name, value))
        }
        return out
    }
}

/// An answer, in one piece or in several.
struct APIResponse: Sendable {
    /// Sends a piece of the body; returns once the client has room for more.
    typealias PieceWriter = (AnswerPiece) async throws -> Void

    var status = 200
    var contentType = "application/json"
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []
    /// Log lines in it, for the audit log; nil where they are not counted.
    var lines: Int?
    /// Writes a body that is too large to be held, piece by piece, each packed where the client reads gzip; `body` is empty then.
    var pieces: (@Sendable (_ packing: Bool, _ write: PieceWriter) async throws -> Void)?

    static func text(_ status: Int, _ text: String) -> APIResponse {
        APIResponse(status: status, contentType: "text/plain; charset=utf-8", body: Array(text.utf8))
    }

    static func json(_ text: String) -> APIResponse { APIResponse(body: Array(text.utf8)) }
}

/// Why a request is not answered as asked: status, a reason to count by, and words that say what and where.
struct APIFailure: Error, Sendable {
    var status: Int
    /// Prometheus' `errorType`, also the reason counted.
    var type: String
    var message: String
    var retryAfter: Int?
    /// Told as plain text, as Prometheus tells what its router finds.
    var isPlain = false

    static func badData(_ message: String) -> APIFailure { APIFailure(status: 400, type: "bad_data", message: message) }
}
