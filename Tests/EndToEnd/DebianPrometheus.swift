import Foundation
import VardeEgress

/// Debian's prometheus with nothing to scrape, taking remote write; ends with the test.
final class DebianPrometheus {
    let address: String
    private let process = Process()
    private let folder: URL
    private static let client = EgressClient()

    init(_ binary: URL) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("varde-prometheus-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appendingPathComponent("prometheus.yml")
        try "scrape_configs: []\n".write(to: file, atomically: true, encoding: .utf8)
        let port = try FreePort.take()
        address = "http://127.0.0.1:\(port)"
        process.executableURL = binary
        process.arguments = [
            "--config.file=\(file.path)", "--storage.tsdb.path=\(folder.path)/data", "--web.listen-address=127.0.0.1:\(port)",
            "--web.enable-remote-write-receiver",
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
    }

    deinit {
        if process.isRunning {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        try? FileManager.default.removeItem(at: folder)
    }

    func start() async throws {
        try process.startAlone()
        for _ in 0..<400 {
            if (try? await get("/-/ready"))?.status == 200 { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw ServerProcess.Failure(description: "prometheus did not come up")
    }

    func get(_ path: String) async throws -> (status: Int, body: [UInt8]) {
        let answer = try await Self.client.send("GET", address + path, timeout: 60_000, maxBytes: 1 << 28, followRedirects: false)
        return (answer.status, answer.body)
    }

    /// Sends a body of remote write 1.0, compressed.
    func write(_ body: [UInt8]) async throws -> Int {
        try await Self.client.send(
            "POST", address + "/api/v1/write",
            headers: [
                ("Content-Type", "application/x-protobuf"), ("Content-Encoding", "snappy"), ("X-Prometheus-Remote-Write-Version", "0.1.0"),
            ], body: body, timeout: 60_000, maxBytes: 1 << 20, followRedirects: false
        ).status
    }
}
