import Foundation
import VardeEgress

/// Debian's prometheus, taking remote write; ends with the test.
final class DebianPrometheus {
    let address: String
    private var process: Process?
    private let binary: URL
    private let folder: URL
    private static let client = EgressClient()

    init(_ binary: URL, configuration: String = "scrape_configs: []\n") throws {
        self.binary = binary
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("varde-prometheus-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appendingPathComponent("prometheus.yml")
        try configuration.write(to: file, atomically: true, encoding: .utf8)
        address = "http://127.0.0.1:\(try FreePort.take())"
    }

    deinit {
        stop(by: SIGKILL)
        try? FileManager.default.removeItem(at: folder)
    }

    /// Starts it, again too, and returns once it is ready.
    func start() async throws {
        let process = Process()
        process.executableURL = binary
        process.arguments = [
            "--config.file=\(folder.path)/prometheus.yml", "--storage.tsdb.path=\(folder.path)/data",
            "--web.listen-address=\(address.dropFirst(7))", "--web.enable-remote-write-receiver",
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.startAlone()
        self.process = process
        for _ in 0..<400 {
            if (try? await get("/-/ready"))?.status == 200 { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw ServerProcess.Failure(description: "prometheus did not come up")
    }

    /// Ends it by a signal.
    func stop(by signal: Int32) {
        guard let process else { return }
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
        self.process = nil
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
