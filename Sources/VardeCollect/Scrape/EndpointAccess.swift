package import VardeEgress

/// How an HTTP endpoint is reached beyond its address, the options Prometheus gives every client: `basic_auth`, `authorization`, `oauth2`,
/// `tls_config`, `http_headers`, `follow_redirects` and proxies.
package struct EndpointAccess: Sendable, Hashable {
    /// A header as configured.
    package struct Header: Sendable, Hashable {
        package var name: String
        package var value: ConfiguredText

        package init(_ name: String, _ value: ConfiguredText) {
            self.name = name
            self.value = value
        }
    }

    package var credentials: EndpointCredentials?
    package var headers: [Header] = []
    package var tls: TLSFileOptions?
    package var oauth2: OAuth2Options?
    package var proxy: EgressProxy?
    package var followRedirects = true

    package init() {}

    /// The headers that need no one to be asked.
    func ownHeaders() throws(ScrapeFault) -> [(name: String, value: String)] {
        var all: [(name: String, value: String)] = []
        if let credentials { all.append(("Authorization", try credentials.header())) }
        for header in headers { all.append((header.name, try header.value.resolved())) }
        return all
    }
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

    /// The headers and the TLS options of the next request.
    ///
    /// - Parameter timeout: milliseconds to fetch a token in.
    /// - Throws: what cannot be read or fetched, in words without the secret.
    package func resolve(
        _ access: EndpointAccess, timeout: Int64
    ) async throws -> (headers: [(name: String, value: String)], tls: EgressTLS?) {
        var headers = try access.ownHeaders()
        if let oauth2 = access.oauth2 {
            let header = try await tokens.header(oauth2) { [egress] headers, body, tls in
                try await egress.send(
                    "POST", oauth2.tokenURL, headers: headers, body: body, timeout: timeout, maxBytes: 1 << 20, tls: tls,
                    proxy: oauth2.proxy)
            }
            headers.append(("Authorization", header))
        }
        return (headers, try access.tls?.resolved())
    }
}
