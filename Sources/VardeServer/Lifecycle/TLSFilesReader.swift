import Foundation
import Logging
import NIOCore
import NIOSSL
import Synchronization

/// The server's certificate and key, read again when their files change, as they do when a certificate is renewed.
final class TLSFilesReader: Sendable {
    private struct State {
        var files: TLSFiles
        var stamp: String
        var certificates: [NIOSSLCertificateSource]
        var key: NIOSSLPrivateKeySource
    }

    private let state: Mutex<State>

    /// - Throws: what cannot be used, in words.
    init(_ files: TLSFiles) throws {
        let (certificates, key) = try Self.read(files)
        state = Mutex(State(files: files, stamp: Self.stamp(files), certificates: certificates, key: key))
    }

    /// A configuration whose handshakes use the pair in force at that moment.
    func configuration() -> TLSConfiguration {
        let (certificates, key) = state.withLock { ($0.certificates, $0.key) }
        var configuration = TLSConfiguration.makeServerConfiguration(certificateChain: certificates, privateKey: key)
        configuration.minimumTLSVersion = .tlsv12
        configuration.sslContextCallback = { [self] _, promise in
            var current = NIOSSLContextConfigurationOverride()
            (current.certificateChain, current.privateKey) = state.withLock { ($0.certificates, $0.key) }
            promise.succeed(current)
        }
        return configuration
    }

    /// Reads the files where they are others, or have changed. A pair that does not fit together yet leaves the old one in force.
    func refresh(_ files: TLSFiles? = nil, logger: Logger) {
        let (old, stamp) = state.withLock { ($0.files, $0.stamp) }
        let files = files ?? old
        let now = Self.stamp(files)
        guard files != old || now != stamp else { return }
        do {
            let (certificates, key) = try Self.read(files)
            state.withLock { $0 = State(files: files, stamp: now, certificates: certificates, key: key) }
            logger.info("the renewed certificate is in use", metadata: ["certificate": "\(files.certificate)"])
        } catch {
            // Said once for this state of the files.
            state.withLock { $0.stamp = now }
            logger.error("the certificate stays as it was: \(error)")
        }
    }

    private static func read(_ files: TLSFiles) throws -> ([NIOSSLCertificateSource], NIOSSLPrivateKeySource) {
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(files.certificate).map { NIOSSLCertificateSource.certificate($0) }
            let key = NIOSSLPrivateKeySource.privateKey(try NIOSSLPrivateKey(file: files.key, format: .pem))
            // A context is made only of a certificate and a key that belong together.
            _ = try NIOSSLContext(configuration: .makeServerConfiguration(certificateChain: chain, privateKey: key))
            return (chain, key)
        } catch {
            throw VardeServer.StartError(
                description: "server.tls: the certificate \(files.certificate) or the key \(files.key) cannot be used: \(error)")
        }
    }

    /// When the files were last changed.
    private static func stamp(_ files: TLSFiles) -> String {
        [files.certificate, files.key].map { path in
            let attributes = try? FileManager.default.attributesOfItem(atPath: path)
            return "\(attributes?[.modificationDate] ?? "-") \(attributes?[.size] ?? "-")"
        }.joined(separator: " ")
    }
}
