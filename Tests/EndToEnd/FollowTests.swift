import Foundation
import Testing

/// `varde logs --follow` through a server that is killed and comes back.
@Suite struct FollowTests {
    @Test func `Lines are followed over the WebSocket, through a restart, each once`() async throws {
        let server = try ServerProcess()
        try await server.start()
        func push(_ line: String) async throws {
            let pushed = try await server.run(
                ["push", "logs", "--label", "app=f", "--label", "level=error"], input: Data((line + "\n").utf8))
            #expect(pushed.status == 0, "\(pushed.errors)")
        }
        try await push("old")
        let (output, errors) = (server.folder.appendingPathComponent("out"), server.folder.appendingPathComponent("err"))
        for file in [output, errors] { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
        let follower = Process()
        follower.executableURL = ServerProcess.binary
        follower.arguments = ["logs", "{app=\"f\"}", "--follow", "-o", "raw", "--server", server.address]
        follower.standardOutput = try FileHandle(forWritingTo: output)
        follower.standardError = try FileHandle(forWritingTo: errors)
        try follower.startAlone()
        defer {
            kill(follower.processIdentifier, SIGKILL)
            follower.waitUntilExit()
        }
        func seen() -> [String] { ((try? String(contentsOf: output, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init) }
        func wait(for count: Int) async throws {
            for _ in 0..<400 where seen().count < count { try await Task.sleep(for: .milliseconds(50)) }
        }
        try await wait(for: 1)
        for number in 0..<3 { try await push("live \(number)") }
        try await wait(for: 4)
        server.killHard()
        try await server.start()
        for number in 0..<3 { try await push("after \(number)") }
        try await wait(for: 7)
        #expect(seen() == ["old", "live 0", "live 1", "live 2", "after 0", "after 1", "after 2"])
        let said = try String(contentsOf: errors, encoding: .utf8)
        #expect(said.isEmpty || said == "varde: the connection to the server is lost, trying again\n", "\(said)")
        // What waiting does not mend ends it.
        #expect(try await server.run(["logs", "{app=", "--follow"]).status == 1)
        #expect(server.stop() == 0)
    }
}
