import NIOSSL

/// The server's certificate and key.
enum TLSFilesReader {
    static func configuration(_ files: TLSFiles) throws -> TLSConfiguration {
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(files.certificate).map { NIOSSLCertificateSource.certificate($0) }
            let key = try NIOSSLPrivateKey(file: files.key, format: .pem)
            var configuration = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
            configuration.minimumTLSVersion = .tlsv12
            return configuration
        } catch {
            throw VardeServer.StartError(
                description: "server.tls: the certificate \(files.certificate) or the key \(files.key) cannot be used: \(error)")
        }
    }
}
