import Foundation

/// Real nginx with the gateway configuration of `deploy/nginx`, its names, ports and paths replaced by those of a test.
final class GatewayProcess {
    let folder: URL
    /// Ports of the two virtual servers.
    let vardePort: Int
    let servicesPort: Int
    var certificate: URL { folder.appendingPathComponent("gateway.crt") }
    private var process: Process?

    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// - Parameters:
    ///   - varde: ports of the two Vardes, the second the spare.
    ///   - services: ports of the two services.
    init(nginx: URL, openssl: URL, varde: (Int, Int), services: (Int, Int)) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("varde-gateway-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        vardePort = try FreePort.take()
        servicesPort = try FreePort.take()
        let key = folder.appendingPathComponent("gateway.key")
        let made = try ServerProcess.run(
            openssl,
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key.path, "-out", certificate.path,
            ])
        guard made.status == 0 else { throw ServerProcess.Failure(description: "openssl: \(made.errors)") }

        let file = Self.repository.appendingPathComponent("deploy/nginx/varde-gateway.conf")
        var text = try String(contentsOf: file, encoding: .utf8)
        func replace(_ old: String, _ new: String, times: Int? = nil) throws {
            let count = text.components(separatedBy: old).count - 1
            guard count > 0, times == nil || count == times else {
                throw ServerProcess.Failure(description: "“\(old)” stands \(count) times in \(file.path)")
            }
            text = text.replacingOccurrences(of: old, with: new)
        }
        try replace("127.0.0.1:4747", "127.0.0.1:\(varde.0)", times: 1)
        try replace("127.0.0.1:4748", "127.0.0.1:\(varde.1)", times: 1)
        try replace("127.0.0.1:8081", "127.0.0.1:\(services.0)", times: 1)
        try replace("127.0.0.1:8082", "127.0.0.1:\(services.1)", times: 1)
        try replace("/etc/nginx/tls/varde.crt", certificate.path)
        try replace("/etc/nginx/tls/varde.key", key.path)
        try replace("/var/log/nginx", folder.path)
        let listen = "listen 443 ssl http2;"
        guard let first = text.range(of: listen) else { throw ServerProcess.Failure(description: "no “\(listen)”") }
        text.replaceSubrange(first, with: "listen 127.0.0.1:\(vardePort) ssl http2;")
        try replace(listen, "listen 127.0.0.1:\(servicesPort) ssl http2;", times: 1)
        try text.write(to: folder.appendingPathComponent("gateway.conf"), atomically: true, encoding: .utf8)
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path \(folder.path)/\($0);" }
        try """
        \(getuid() == 0 ? "user root;" : "")
        daemon off;
        worker_processes 1;
        pid \(folder.path)/nginx.pid;
        error_log \(folder.path)/error.log warn;
        events { worker_connections 256; }
        http { \(temporary.joined(separator: " ")) access_log off; include \(folder.path)/gateway.conf; }

        """.write(to: folder.appendingPathComponent("nginx.conf"), atomically: true, encoding: .utf8)

        let process = Process()
        process.executableURL = nginx
        process.arguments = ["-p", folder.path, "-e", "\(folder.path)/error.log", "-c", "\(folder.path)/nginx.conf"]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.startAlone()
        self.process = process
    }

    deinit {
        if let process, process.isRunning {
            process.terminate()
            process.waitUntilExit()
        }
        try? FileManager.default.removeItem(at: folder)
    }

    /// What nginx complained of.
    var complaints: String { (try? String(contentsOf: folder.appendingPathComponent("error.log"), encoding: .utf8)) ?? "" }

    var accessLog: String { (try? String(contentsOf: folder.appendingPathComponent("varde.log"), encoding: .utf8)) ?? "" }

    var isRunning: Bool { process?.isRunning ?? false }
}
