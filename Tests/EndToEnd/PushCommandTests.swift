import Foundation
import Testing

/// `varde push logs` and `varde redact` with files as people have them.
@Suite struct PushCommandTests {
    @Test func `A line that is too long is named, and all others are shipped`() async throws {
        let server = try ServerProcess(configuration: "logs: {max_line_size: 1KB}\n")
        try await server.start()
        let file = server.folder.appendingPathComponent("long.txt")
        let long = String(repeating: "x", count: 1_500)
        // The last is longer than any request may be: it is not even sent.
        let huge = String(repeating: "y", count: 17 << 20)
        try Data("one\n\(long)\r\nthree\n\(huge)\nfive".utf8).write(to: file)
        let pushed = try await server.run(["push", "logs", "--label", "app=long", file.path])
        #expect(pushed.status == 1 && pushed.output.isEmpty)
        #expect(pushed.errors.contains("long.txt:2: 1500 bytes, the server takes 1024 in a line"), "\(pushed.errors)")
        #expect(pushed.errors.contains("long.txt:4: \(17 << 20) bytes are more than a line may have"))
        #expect(pushed.errors.contains("2 of 5 lines were refused, all others are stored"))
        #expect(try await LogIntakeTests.lines(server, "{app=\"long\"}").map(\.line) == ["one", "three", "five"])
        #expect(server.stop() == 0)
    }

    @Test func `A line that is no JSON is named by its number in the file, and all others are shipped`() async throws {
        let server = try ServerProcess()
        try await server.start()
        let bad = Data("{\"message\":\"a\"}\n\nnope\n{\"message\":\"b\"}\n{\"c\n{\"message\":\"d\"}".utf8)
        let pushed = try await server.run(["push", "logs", "--json", "--label", "app=j", "-"], input: bad)
        #expect(pushed.status == 1)
        #expect(pushed.errors.contains("standard input:3: JSON: ") && pushed.errors.contains("standard input:5: JSON: "))
        #expect(
            try await LogIntakeTests.lines(server, "{app=\"j\"}").map(\.line) == [
                "{\"message\":\"a\"}", "{\"message\":\"b\"}", "{\"message\":\"d\"}",
            ])
        #expect(server.stop() == 0)
    }

    @Test func `A directory or an absent file is said to be one, without a crash`() async throws {
        let folder = FileManager.default.temporaryDirectory.path
        for command in [["push", "logs", "--label", "a=b"], ["redact"]] {
            let directory = try await ServerProcess.run(ServerProcess.binary, command + [folder])
            #expect(directory.status == 1 && directory.errors == "varde: \(folder): is a directory\n", "\(directory)")
            let absent = try await ServerProcess.run(ServerProcess.binary, command + ["/no/such/file"])
            #expect(absent.status == 1 && absent.errors == "varde: /no/such/file: no such file or directory\n", "\(absent)")
        }
    }

    @Test func `Lines sent again with the time they had are stored once`() async throws {
        let server = try ServerProcess()
        try await server.start()
        let time = String(Int64(Date().timeIntervalSince1970) * 1_000_000_000)
        for _ in 0..<3 {
            let answer = try await server.post(
                "/api/v1/logs/lines?app=again", Array("a\nb\na\n".utf8), type: "text/plain", headers: ["X-Varde-Time": time])
            #expect(answer.status == 204)
        }
        #expect(try await LogIntakeTests.lines(server, "{app=\"again\"}").map(\.line) == ["a", "b", "a"])
        let wrong = try await server.post(
            "/api/v1/logs/lines?app=again", Array("a".utf8), type: "text/plain", headers: ["X-Varde-Time": "now"])
        #expect(wrong.status == 400)
        #expect(server.stop() == 0)
    }

    @Test func `A server that comes later gets every line of every batch`() async throws {
        let server = try ServerProcess()
        let file = server.folder.appendingPathComponent("many.txt")
        let lines = (0..<30_000).map { "line \($0) with enough behind it that there is more than one batch of them in this file" }
        try Data(lines.joined(separator: "\n").utf8).write(to: file)
        async let pushed = Task.detached { try await server.run(["push", "logs", "--label", "app=late", file.path]) }.value
        try await Task.sleep(for: .milliseconds(600))
        try await server.start()
        let outcome = try await pushed
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome)")
        let counted = try await server.result(
            "/loki/api/v1/query", ["query": "sum(count_over_time({app=\"late\"}[1h]))", "time": "\(ServerProcess.now / 1000 + 60)"])
        #expect((counted.first?["value"] as? [Any])?.last as? String == "30000")
        #expect(server.stop() == 0)
    }
}
