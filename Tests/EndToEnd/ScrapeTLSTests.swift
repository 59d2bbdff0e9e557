import Foundation
import Testing

/// Targets behind TLS that are not as they should be.
@Suite struct ScrapeTLSTests {
    /// Ends an answer as simple servers do: by closing the connection, without a word of TLS.
    private static let abrupt = """
        import socket, ssl, sys
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        listener = socket.create_server(("127.0.0.1", int(sys.argv[3])))
        while True:
            plain, _ = listener.accept()
            plain.settimeout(1)
            try:
                peer = context.wrap_socket(plain, server_side=True)
                path = peer.recv(65536).split()[1]
                length = b"Content-Length: 99\\r\\n" if path == b"/cut" else b""
                kind = b"Content-Type: text/plain; version=0.0.4\\r\\n"
                peer.sendall(b"HTTP/1.0 200 OK\\r\\n" + length + kind + b"\\r\\nspoken 7\\n")
                peer.close()
            except OSError:
                plain.close()
        """

    private static let obstacle: String? = {
        if SelfSignedCertificate.openssl == nil { return "openssl is not here" }
        let found = try? ServerProcess.run(URL(fileURLWithPath: "/usr/bin/env"), ["which", "python3"])
        return found?.status == 0 ? nil : "python3 is not here"
    }()

    @Test(.enabled(if: obstacle == nil, "openssl or python3 is not here"))
    func `An answer that ends with its connection is whole, and what is wrong with a certificate is told in words`() async throws {
        let folder = URL(fileURLWithPath: NSTemporaryDirectory()).appendingPathComponent("varde-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let certificate = try SelfSignedCertificate(in: folder)
        let port = try FreePort.take()
        let site = Process()
        site.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        site.arguments = ["python3", "-c", Self.abrupt, certificate.certificate, certificate.key, "\(port)"]
        // It ends by force, as signals may be held back from it, and holds nothing open that somebody waits for the end of.
        (site.standardOutput, site.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
        try site.startAlone()
        defer { kill(site.processIdentifier, SIGKILL) }
        let proxy = try FakeSite.proxy("")
        defer { proxy.stop() }
        let authority = "tls_config: {ca_file: \(certificate.certificate)}"
        let target = "scheme: https, scrape_interval: 1s, scrape_timeout: 1s, static_configs: [{targets: ['127.0.0.1:\(port)']}]"
        let server = try ServerProcess(
            configuration: """
                collect: {host: {enabled: false}}
                scrape_configs:
                  - {job_name: trusted, \(authority), \(target)}
                  - {job_name: tunnelled, proxy_url: "http://\(proxy.address)", \(authority), \(target)}
                  - {job_name: cut, metrics_path: /cut, \(authority), \(target)}
                  - {job_name: stranger, \(target)}

                """)
        try await server.start()
        func errors() async throws -> [String: String] {
            let data = try await server.get("/api/v1/targets").json["data"] as? [String: Any]
            let active = data?["activeTargets"] as? [[String: Any]] ?? []
            return Dictionary(active.map { ("\($0["scrapePool"] ?? "")", "\($0["health"] ?? ""): \($0["lastError"] ?? "")") }) { $1 }
        }
        #expect(try await ServerProcess.wait { try await errors()["trusted"] == "up: " })
        #expect(try await ServerProcess.wait { try await errors()["tunnelled"] == "up: " })
        #expect(try await ServerProcess.wait { try await errors()["cut"]?.contains("closed before the answer was complete") == true })
        #expect(
            try await ServerProcess.wait {
                try await errors()["stranger"]?.contains("the certificate is not valid, or of no authority") == true
            })
        let told = try #require(try await errors()["stranger"])
        #expect(!told.contains("checkouts") && !told.contains("BoringSSL"), "\(told)")
    }
}
