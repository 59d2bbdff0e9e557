import Foundation
import VardeCollect
import VardeEgress

extension EndpointAccess {
    /// Headers a request's own are not to be replaced by.
    private static let reserved: Set<String> = [
        "authorization", "host", "content-encoding", "content-length", "content-type", "user-agent", "connection", "keep-alive",
        "proxy-authenticate", "proxy-authorization", "www-authenticate", "accept-encoding", "x-prometheus-remote-write-version",
        "x-prometheus-remote-read-version", "x-prometheus-scrape-timeout-seconds", "x-amz-date", "x-amz-security-token",
        "x-amz-content-sha256",
    ]

    /// The options every HTTP client has in Prometheus.
    init(reading keys: YAMLMapping) throws(ConfigurationError) {
        self.init()
        credentials = try EndpointCredentials.read(keys)
        if let v = keys["oauth2"] {
            if credentials != nil {
                throw v.error("at most one of basic_auth, authorization, oauth2, bearer_token and bearer_token_file must be configured")
            }
            oauth2 = try OAuth2Options(reading: v)
        }
        tls = try TLSFileOptions.read(keys)
        proxy = try EgressProxy.read(keys)
        if let v = keys["http_headers"] { try readHeaders(v) }
        if keys.has("follow_redirects") { followRedirects = try keys["follow_redirects"]?.bool() ?? false }
        if let v = keys["enable_http2"] { _ = try v.bool() }
    }

    /// `http_headers`: by name, values as they stand, secrets and files.
    private mutating func readHeaders(_ value: YAMLValue) throws(ConfigurationError) {
        for (name, item) in try value.mapping().all() {
            if Self.reserved.contains(name.lowercased()) { throw item.error("setting header “\(name)” is not allowed") }
            let header = try item.mapping()
            for key in ["values", "secrets"] {
                for text in try header[key]?.strings() ?? [] { headers.append(Header(name, .text(text))) }
            }
            for file in try header["files"]?.list() ?? [] {
                let path = try file.filePath()
                if !FileManager.default.isReadableFile(atPath: path) { file.warn("header “\(name)”: \(path) cannot be read") }
                headers.append(Header(name, .file(path)))
            }
            try header.rejectUnknown()
        }
    }
}

extension ConfiguredText {
    /// A text under its key, or the file named under the key with `_file` behind it; nil where neither is there.
    static func read(_ keys: YAMLMapping, _ key: String) throws(ConfigurationError) -> ConfiguredText? {
        let text = try keys[key].map { v throws(ConfigurationError) in try v.string() }
        guard let file = keys[key + "_file"], case let path = try file.filePath(), !path.isEmpty else { return text.map { .text($0) } }
        if text?.isEmpty == false { throw file.error("at most one of \(key) and \(key)_file must be configured") }
        return .file(path)
    }
}

extension EndpointCredentials {
    /// `basic_auth`, `authorization` and their older forms; nil where there is none.
    static func read(_ keys: YAMLMapping) throws(ConfigurationError) -> Self? {
        var credentials: Self?
        var given: YAMLValue?
        func only(_ v: YAMLValue) throws(ConfigurationError) {
            if given != nil {
                throw v.error("at most one of basic_auth, authorization, bearer_token and bearer_token_file must be configured")
            }
            given = v
        }
        if let v = keys["basic_auth"] {
            try only(v)
            let basic = try v.mapping()
            try basic.refuse([
                ("username_ref", "secret managers are not asked by this version"),
                ("password_ref", "secret managers are not asked by this version"),
            ])
            credentials = .basic(
                user: try ConfiguredText.read(basic, "username") ?? "", password: try ConfiguredText.read(basic, "password") ?? "")
            try basic.rejectUnknown()
        }
        if let v = keys["authorization"] {
            try only(v)
            let authorization = try v.mapping()
            let named = try (authorization["type"]?.string() ?? "").trimmingCharacters(in: .whitespaces)
            let type = named.isEmpty ? "Bearer" : named
            if type.lowercased() == "basic" { throw v.error("authorization type cannot be set to “basic”: use basic_auth instead") }
            try authorization.refuse([("credentials_ref", "secret managers are not asked by this version")])
            credentials = .scheme(type, credentials: try ConfiguredText.read(authorization, "credentials") ?? "")
            try authorization.rejectUnknown()
        }
        for key in ["bearer_token", "bearer_token_file"] {
            if let v = keys[key] { try only(v) }
        }
        if let token = try ConfiguredText.read(keys, "bearer_token") { credentials = .scheme("Bearer", credentials: token) }
        return credentials
    }
}

extension TLSFileOptions {
    /// `tls_config` of a client; nil where there is none.
    static func read(_ keys: YAMLMapping) throws(ConfigurationError) -> TLSFileOptions? {
        guard let value = keys["tls_config"] else { return nil }
        let tls = try value.mapping()
        var options = TLSFileOptions()
        try tls.refuse(["ca_ref", "cert_ref", "key_ref"].map { ($0, "secret managers are not asked by this version") })
        func pair(_ name: String) throws(ConfigurationError) -> (text: String, file: String) {
            switch try ConfiguredText.read(tls, name) {
            case .text(let text): (text, "")
            case .file(let path): ("", path)
            case nil: ("", "")
            }
        }
        (options.fixed.authorities, options.authoritiesFile) = try pair("ca")
        (options.fixed.certificate, options.certificateFile) = try pair("cert")
        (options.fixed.key, options.keyFile) = try pair("key")
        let hasCertificate = !options.fixed.certificate.isEmpty || !options.certificateFile.isEmpty
        let hasKey = !options.fixed.key.isEmpty || !options.keyFile.isEmpty
        if hasCertificate != hasKey {
            throw value.error("exactly one of cert and cert_file must be configured with one of key and key_file")
        }
        if let v = tls["server_name"] { options.fixed.serverName = try v.string() }
        if let v = tls["insecure_skip_verify"] { options.fixed.skipsVerification = try v.bool() }
        if let v = tls["min_version"] {
            options.fixed.oldest = EgressTLS.Version(rawValue: try v.word(of: EgressTLS.Version.allCases.map(\.rawValue)))
        }
        if let v = tls["max_version"] {
            options.fixed.newest = EgressTLS.Version(rawValue: try v.word(of: EgressTLS.Version.allCases.map(\.rawValue)))
        }
        try tls.rejectUnknown()
        return options
    }
}

extension OAuth2Options {
    init(reading value: YAMLValue) throws(ConfigurationError) {
        let keys = try value.mapping()
        self.init(clientID: try keys.required("client_id").nonEmptyString(), tokenURL: try keys.required("token_url").nonEmptyString())
        clientSecret = try ConfiguredText.read(keys, "client_secret") ?? clientSecret
        if let v = keys["scopes"] { scopes = try v.strings() }
        if let v = keys["endpoint_params"] { for (name, item) in try v.mapping().all() { endpointParameters[name] = try item.string() } }
        tls = try TLSFileOptions.read(keys)
        proxy = try EgressProxy.read(keys)
        try keys.refuse([("client_secret_ref", "secret managers are not asked by this version")])
        if let v = keys["grant_type"], try v.string() == "urn:ietf:params:oauth:grant-type:jwt-bearer" {
            throw v.error("assertions are not signed by this version: use client_credentials")
        }
        // Of the grant by assertion; without it they mean nothing.
        let certificate = "client_certificate_key"
        for key in [certificate, certificate + "_id", certificate + "_file", "signature_algorithm", "iss", "audience"] {
            _ = try keys[key]?.string()
        }
        _ = try keys["claims"]?.mapping()
        try keys.rejectUnknown()
    }
}
