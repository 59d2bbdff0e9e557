import Foundation
import Testing

/// In a network namespace with a packet capture on its only way out: no packet leaves for an address that is not declared.
@Suite struct NamespaceCaptureTests {
    private struct Result: Decodable {
        struct Run: Decodable {
            struct Target: Decodable {
                var job: String
                var url: String
                var health: String
                var error: String
            }
            var targets: [Target]
            var metrics: [String]
            var audit: [String]
        }
        /// With a name server on loopback, and with one at an undeclared address.
        var local: Run
        var far: Run
        /// Packets by where they went to.
        var sent: [String: Int]
        var control: [String: Int]
        /// Names asked for, by how often.
        var asked: [String: Int]
    }

    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("namespace.py")

    /// Where targets, redirects, discovery, tokens, remote_write, loki_write and names point to.
    private static let refused =
        [1, 2, 3, 4, 5, 8, 11, 12, 13, 14, 15, 16, 17, 18, 19, 21].map { "203.0.113.\($0)" } + ["::ffff:203.0.113.6", "2001:db8::7"]
    private static let refusedFar = ["203.0.113.1", "203.0.113.4", "203.0.113.53"]

    /// Why it cannot be shown here; nil where it can.
    static let obstacle: String? = {
        for program in ["unshare", "ip", "python3", "mount"]
        where (try? ServerProcess.run(URL(fileURLWithPath: "/usr/bin/env"), ["which", program]))?.status != 0 {
            return "\(program) is missing"
        }
        let packets = "python3 -c 'import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)'"
        let probe = "ip link add out type veth peer name far && \(packets)"
        let trial = try? ServerProcess.run(URL(fileURLWithPath: "/usr/bin/env"), ["unshare", "-n", "-m", "sh", "-c", probe])
        return trial?.status == 0 ? nil : "no network namespace can be made: \(trial?.errors ?? "")"
    }()

    @Test(.enabled(if: obstacle == nil, "needs root and network namespaces: \(obstacle ?? "")"))
    func `No packet leaves for what is not declared, each refusal is counted and audited`() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("varde-namespace-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let run = try await ServerProcess.run(
            URL(fileURLWithPath: "/usr/bin/env"),
            [
                "unshare", "-n", "-m", "python3", Self.script.path, ServerProcess.binary.path, folder.path,
                Self.refused.joined(separator: ","), Self.refusedFar.joined(separator: ","),
            ])
        let logs = ["data", "other"].map { (try? String(contentsOf: folder.appendingPathComponent("\($0).log"), encoding: .utf8)) ?? "" }
        try #require(run.status == 0, "\(run.errors)\n\(logs.joined().suffix(3_000))")
        let result = try JSONDecoder().decode(Result.self, from: Data(run.output.utf8))
        // The capture sees what leaves, and nothing did.
        #expect(result.control.keys.sorted() == ["2001:db8::250", "203.0.113.250"])
        #expect(result.sent == [:])
        let health = Dictionary(grouping: result.local.targets, by: \.job).mapValues { Set($0.map(\.health)) }
        #expect(health["good"] == ["up"])
        for job in ["address", "name", "tls", "redirect-address", "redirect-name", "token"] {
            #expect(health[job] == ["down"], "\(job): \(result.local.targets.filter { $0.job == job })")
        }
        // It was loopback once.
        #expect((result.asked["rebind.example"] ?? 0) > 1)
        func wereRefused(_ addresses: [String], _ run: Result.Run) {
            for address in addresses {
                #expect(run.audit.contains { $0.contains("at \(address), undeclared") }, "\(address) is not in the audit log")
            }
            let counted = run.metrics.compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
            #expect(counted >= Double(addresses.count))
        }
        wereRefused(Self.refused, result.local)
        // A name is not asked of a name server nobody has declared.
        wereRefused(Self.refusedFar, result.far)
        #expect(result.far.targets.filter { $0.job == "good" }.allSatisfy { $0.health == "down" && $0.error.contains("203.0.113.53") })
    }
}
