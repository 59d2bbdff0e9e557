import Foundation
import Synchronization
import VardeEgress
import VardeModel

/// Requests to a server, with its refusals put in words for a person at a terminal.
struct ServerConnection {
    /// An answer that is none of 2xx.
    struct Refusal: Error, CustomStringConvertible {
        var status: Int
        var description: String
        /// Seconds the server asks to wait.
        var retryAfter: Int?
        /// Whether the same request may succeed later.
        var isTemporary: Bool { status == 429 || status >= 500 }
    }

    /// Longest wait for an answer, in milliseconds: longer than any query may run.
    private static let timeout: Int64 = 150_000
    private static let maxBytes = 1 << 30
    /// The operator names the server, so every address is allowed here. Lives as long as the program.
    private static let egress = EgressClient(networks: ["0.0.0.0/0", "::/0"].compactMap { Network($0).map { DeclaredNetwork($0) } })

    private let base: String
    private let token: String?
    private let tls: EgressTLS?

    init(_ options: ServerOptions) throws {
        var base = options.server
        if !base.contains("://") { base = "http://" + base }
        while base.hasSuffix("/") { base.removeLast() }
        guard let url = URLComponents(string: base), ["http", "https"].contains(url.scheme ?? ""), url.host != nil else {
            throw CommandFailure("--server must be an address such as http://127.0.0.1:4747, not “\(options.server)”")
        }
        self.base = base
        token = try options.token()
        tls = try options.authorities().map { authorities in
            var tls = EgressTLS()
            tls.authorities = authorities
            return tls
        }
    }

    /// - Parameter query: the text the server may find fault with; its place is then shown.
    func get(
        _ path: String, _ parameters: [(String, String)] = [], headers: [(String, String)] = [], explaining query: String? = nil
    ) async throws -> Data {
        let suffix = parameters.isEmpty ? "" : "?" + PercentEncoding.form(parameters, blankIsPlus: false)
        return try await send("GET", path + suffix, headers: headers, body: [], explaining: query)
    }

    func postForm(_ path: String, _ parameters: [(String, String)], explaining query: String? = nil) async throws -> Data {
        try await send(
            "POST", path, headers: [("Content-Type", "application/x-www-form-urlencoded")],
            body: Array(PercentEncoding.form(parameters, blankIsPlus: false).utf8),
            explaining: query)
    }

    func post(
        _ path: String, _ parameters: [(String, String)], headers: [(String, String)] = [], body: Data, contentType: String
    ) async throws -> Data {
        let suffix = parameters.isEmpty ? "" : "?" + PercentEncoding.form(parameters, blankIsPlus: false)
        return try await send("POST", path + suffix, headers: headers + [("Content-Type", contentType)], body: Array(body), explaining: nil)
    }

    /// As `post`, for an answer of any size: its parts are given on as they come, the next once the one before was taken.
    ///
    /// - Throws: also where the answer breaks off.
    func postStreaming(
        _ path: String, _ parameters: [(String, String)], body: Data, contentType: String,
        onPart: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws {
        let suffix = parameters.isEmpty ? "" : "?" + PercentEncoding.form(parameters, blankIsPlus: false)
        let parts = Mutex(0)
        let response: EgressResponse
        do {
            response = try await Self.egress.receive(
                "POST", base + path + suffix, headers: authorized([("Content-Type", contentType)]), body: Array(body),
                timeout: Self.timeout, tls: tls
            ) { part in
                parts.withLock { $0 += 1 }
                try await onPart(part)
            }
        } catch {
            if parts.withLock({ $0 }) == 0 { throw noAnswer(error) }
            throw CommandFailure("what was printed is not whole: \(error)")
        }
        if !(200..<300).contains(response.status) { throw Self.refusal(response, explaining: nil) }
    }

    private func authorized(_ headers: [(String, String)]) -> [(String, String)] {
        headers + (token.map { [("Authorization", "Bearer \($0)")] } ?? [])
    }

    private func noAnswer(_ error: any Error) -> CommandFailure {
        CommandFailure("no answer from \(base): \(error)\nIs the server running? `varde serve` starts one; --server names another.")
    }

    private func send(
        _ method: String, _ path: String, headers: [(String, String)], body: [UInt8], explaining query: String?
    ) async throws -> Data {
        let response: EgressResponse
        do {
            response = try await Self.egress.send(
                method, base + path, headers: authorized(headers), body: body, timeout: Self.timeout, maxBytes: Self.maxBytes,
                followRedirects: false, tls: tls)
        } catch { throw noAnswer(error) }
        if (200..<300).contains(response.status) { return Data(response.body) }
        throw Self.refusal(response, explaining: query)
    }

    private static func refusal(_ response: EgressResponse, explaining query: String?) -> Refusal {
        let message = message(response)
        if response.status == 401 {
            return Refusal(status: 401, description: "\(message)\nGive one by --token-file, VARDE_TOKEN_FILE or VARDE_TOKEN.")
        }
        return Refusal(
            status: response.status, description: query.map { QueryFault.explain(message, in: $0) } ?? message,
            retryAfter: response.header("retry-after").flatMap { Int($0) })
    }

    /// Follows a WebSocket of the server until it ends.
    ///
    /// - Throws: the refusal, or why the connection was lost.
    func follow(
        _ path: String, _ parameters: [(String, String)], onText: @escaping @Sendable (String) async throws -> Void
    ) async throws {
        let outcome = try await Self.egress.receiveTexts(
            base + path + "?" + PercentEncoding.form(parameters, blankIsPlus: false), headers: authorized([]), tls: tls
        ) {
            try await onText($0)
        }
        guard case .refused(let response) = outcome else { return }
        throw Refusal(status: response.status, description: Self.message(response))
    }

    private struct ErrorBody: Decodable {
        var error: String
    }

    private static func message(_ response: EgressResponse) -> String {
        if let body = try? JSONDecoder().decode(ErrorBody.self, from: Data(response.body)) { return body.error }
        let text = String(decoding: response.body.prefix(2_000), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        return text.isEmpty ? "the server answered \(response.status)" : text
    }

    func decode<Value: Decodable>(_ type: Value.Type, from body: Data) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: body)
        } catch {
            throw CommandFailure("the server's answer could not be read: is \(base) a Varde server?")
        }
    }
}

/// A fault in a query, shown under the place it is at.
enum QueryFault {
    /// The message, and under it the query's line with a caret where the message names a line and a column.
    static func explain(_ message: String, in query: String) -> String {
        guard let (line, column) = place(in: message) else { return message }
        let lines = query.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.indices.contains(line - 1), column >= 1 else { return message }
        // Columns count bytes; the caret stands under a character.
        let before = String(decoding: lines[line - 1].utf8.prefix(column - 1), as: UTF8.self)
        return "\(message)\n\n  \(lines[line - 1])\n  \(String(repeating: " ", count: before.count))^"
    }

    /// `L:C: parse error` as PromQL tells it, `line L, col C` as LogQL does.
    static func place(in message: String) -> (line: Int, column: Int)? {
        if let match = message.firstMatch(of: /line (\d+), col (\d+)/) { return both(match.1, match.2) }
        if let match = message.firstMatch(of: /(\d+):(\d+): parse error/) { return both(match.1, match.2) }
        return nil
    }

    private static func both(_ line: Substring, _ column: Substring) -> (Int, Int)? {
        guard let line = Int(line), let column = Int(column) else { return nil }
        return (line, column)
    }
}
