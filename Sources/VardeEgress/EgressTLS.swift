import NIOSSL

/// How a TLS connection is made, beyond the system's defaults. Certificates and keys are PEM texts.
package struct EgressTLS: Sendable, Hashable {
    package enum Version: String, Sendable, CaseIterable {
        case tls10 = "TLS10"
        case tls11 = "TLS11"
        case tls12 = "TLS12"
        case tls13 = "TLS13"
    }

    /// Authorities trusted in place of the system's; empty for those.
    package var authorities = ""
    /// Certificate chain and key the client shows; both or none.
    package var certificate = ""
    package var key = ""
    /// The name the server's certificate must be for, empty for the one in the address.
    package var serverName = ""
    package var skipsVerification = false
    package var oldest: Version?
    package var newest: Version?

    package init() {}

    private static let versions: [Version: TLSVersion] = [.tls10: .tlsv1, .tls11: .tlsv11, .tls12: .tlsv12, .tls13: .tlsv13]

    func configuration() throws(EgressError) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        do {
            if !authorities.isEmpty {
                configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(authorities.utf8)))
            }
            if !certificate.isEmpty {
                configuration.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8)).map { .certificate($0) }
                configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem))
            }
        } catch {
            // The text of a key must not show.
            throw .failed("a certificate or key of tls_config cannot be read as PEM")
        }
        if skipsVerification { configuration.certificateVerification = .none }
        configuration.minimumTLSVersion = oldest.flatMap { Self.versions[$0] } ?? .tlsv12
        configuration.maximumTLSVersion = newest.flatMap { Self.versions[$0] }
        return configuration
    }
}
