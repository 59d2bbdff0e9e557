import Synchronization
package import VardeEgress
import VardeModel

/// `oauth2`: a token fetched with a client's credentials (RFC 6749, 4.4), kept until shortly before it ends.
package struct OAuth2Options: Sendable, Hashable {
    package var clientID: String
    package var clientSecret: ConfiguredText = ""
    package var tokenURL: String
    package var scopes: [String] = []
    package var endpointParameters: [String: String] = [:]
    package var tls: TLSFileOptions?
    package var proxy: EgressProxy?

    package init(clientID: String, tokenURL: String) {
        self.clientID = clientID
        self.tokenURL = tokenURL
    }
}

/// Tokens of all jobs by their options.
final class OAuth2Tokens: Sendable {
    private struct Token {
        var header: String
        var until: Int64
    }

    private let tokens = Mutex<[OAuth2Options: Token]>([:])
    private let clock: @Sendable () -> Int64

    /// Milliseconds before its end a token is replaced.
    private static let margin: Int64 = 10_000
    /// Milliseconds a token without a stated end is kept.
    private static let usualLife: Int64 = 300_000

    /// Milliseconds since the epoch.
    init(clock: @escaping @Sendable () -> Int64) { self.clock = clock }

    /// The Authorization header, from the token at hand or a new one.
    func header(
        _ options: OAuth2Options,
        _ post: (_ headers: [(String, String)], _ body: [UInt8], _ tls: EgressTLS?) async throws -> EgressResponse
    ) async throws -> String {
        if let known = tokens.withLock({ $0[options] }), clock() < known.until - Self.margin { return known.header }
        let secret = try options.clientSecret.resolved()
        var form = [("grant_type", "client_credentials")]
        if !options.scopes.isEmpty { form.append(("scope", options.scopes.joined(separator: " "))) }
        form += options.endpointParameters.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        let text = PercentEncoding.form(form, blankIsPlus: true)
        let user = [options.clientID, secret].map { PercentEncoding.escaped($0, blankIsPlus: true) }.joined(separator: ":")
        let response = try await post(
            [
                ("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json"),
                ("Authorization", "Basic " + Base64.text(Array(user.utf8))),
            ], Array(text.utf8), try options.tls?.resolved())
        guard response.status == 200, let answer = try? JSONTree(response.body.span), !answer["access_token"].text.isEmpty else {
            throw ScrapeFault(
                kind: .connection,
                description: "oauth2: cannot fetch token: \(HTTPStatusText.text(response.status)) from \(options.tokenURL)")
        }
        let type = answer["token_type"].text
        let header = (type.isEmpty || type.lowercased() == "bearer" ? "Bearer" : type) + " " + answer["access_token"].text
        let life = Int64(answer["expires_in"].text).map { $0 * 1000 } ?? Self.usualLife
        tokens.withLock { $0[options] = Token(header: header, until: clock() + life) }
        return header
    }
}
