import Foundation

/// A certificate of 127.0.0.1 and localhost that vouches for itself, with its key, in files.
struct SelfSignedCertificate {
    /// Files in PEM.
    let certificate: String
    let key: String
    /// The certificate as PEM text: whom to trust.
    let authority: String

    /// What it is made with, nil where it is absent.
    static var openssl: URL? { Peers.find("openssl") }

    init(in folder: URL) throws {
        certificate = folder.path + "/cert.pem"
        key = folder.path + "/key.pem"
        guard let openssl = Self.openssl else { throw ServerProcess.Failure(description: "openssl is not here") }
        let made = try ServerProcess.run(
            openssl,
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate,
            ])
        if made.status != 0 { throw ServerProcess.Failure(description: "openssl: \(made.errors)") }
        authority = try String(contentsOfFile: certificate, encoding: .utf8)
    }

    /// `server.tls` of a configuration.
    var configuration: String { "server: {tls: {cert_file: \(certificate), key_file: \(key)}}" }
}
