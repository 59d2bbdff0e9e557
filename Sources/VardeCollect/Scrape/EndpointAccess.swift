package import VardeEgress

/// How an HTTP endpoint is reached beyond its address: `basic_auth`, `authorization`, `oauth2` and `tls_config`.
package struct EndpointAccess: Sendable, Equatable {
    package var credentials: ScrapeConfig.Credentials?
    package var tls: TLSFileOptions?
    package var oauth2: OAuth2Options?

    package init() {}
}

/// Makes of an endpoint's access what a request carries; secrets in files are read anew each time, tokens are kept while they last.
package final class EndpointAuthorizer: Sendable {
    private let egress: EgressClient
    private let tokens: OAuth2Tokens

    /// `clock` is milliseconds since the epoch.
    package init(egress: EgressClient, clock: @escaping @Sendable () -> Int64) {
        self.egress = egress
        tokens = OAuth2Tokens(clock: clock)
    }

    /// The Authorization header and the TLS options of the next request.
    ///
    /// - Parameter timeout: milliseconds to fetch a token in.
    /// - Throws: what cannot be read or fetched, in words without the secret.
    package func resolve(
        _ access: EndpointAccess, timeout: Int64
    ) async throws -> (headers: [(name: String, value: String)], tls: EgressTLS?) {
        var headers: [(name: String, value: String)] = []
        if let credentials = access.credentials { headers.append(("Authorization", try credentials.header())) }
        if let oauth2 = access.oauth2 {
            let header = try await tokens.header(oauth2) { [egress] url, headers, body, tls in
                try await egress.send("POST", url, headers: headers, body: body, timeout: timeout, maxBytes: 1 << 20, tls: tls)
            }
            headers.append(("Authorization", header))
        }
        return (headers, try access.tls?.resolved())
    }
}
