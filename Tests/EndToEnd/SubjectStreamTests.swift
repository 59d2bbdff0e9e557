import Foundation
import Synchronization
import Testing
import VardeEgress

/// What is handed out of a person goes through memory piece by piece, and who gets less than all is told so.
@Suite struct SubjectStreamTests {
    private static let person = "02013299997"
    /// Bytes of a line that are written as six each in JSON.
    private static let padding = String(repeating: "\u{1}", count: 100_000)
    /// Together more than buffers of pipes and sockets hold.
    private static let lines = 60

    private static func filled() async throws -> ServerProcess {
        let server = try ServerProcess(configuration: "collect: {host: {enabled: false}}\n")
        try await server.start()
        let now = ServerProcess.now * 1_000_000
        for first in stride(from: 0, to: lines, by: 10) {
            let some = (first..<first + 10).map { (now - 1_000_000_000 + Int64($0), "line \($0) fnr=\(person) \(padding)") }
            #expect(try await server.push(["app": "big"], some).status == 204)
        }
        // Cut to files.
        #expect(server.stop() == 0)
        try await server.start()
        return server
    }

    private static func audit(_ server: ServerProcess) async throws -> [String] {
        let shown = try await ServerProcess.run(
            ServerProcess.binary, ["audit", "verify", "--data-dir", server.dataDirectory.path])
        #expect(shown.status == 0, "\(shown.errors)")
        let folder = server.dataDirectory.appendingPathComponent("audit")
        return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil).flatMap {
            String(decoding: try Data(contentsOf: $0), as: UTF8.self).split(separator: "\n").map(String.init)
        }
    }

    @Test func `An export whose server is killed ends with an error, after what came`() async throws {
        let server = try await Self.filled()
        let process = Process()
        process.executableURL = ServerProcess.binary
        process.arguments = ["subject", "export"]
        process.environment = ProcessInfo.processInfo.environment.merging(["VARDE_SERVER": server.address]) { $1 }
        let (input, output, errors) = (Pipe(), Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = errors
        try process.startAlone()
        try input.fileHandleForWriting.write(contentsOf: Data("\(Self.person)\n".utf8))
        try input.fileHandleForWriting.close()
        // The first of it comes while most has not been made.
        let first = output.fileHandleForReading.availableData
        #expect(first.starts(with: Data("{\"kind\":\"line\"".utf8)))
        server.killHard()
        let rest = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let said = String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        #expect(process.terminationStatus == 1 && said.contains("what was printed is not whole"), "\(said)")
        #expect(first.count + rest.count < Self.lines * 600_000)
        try await server.start()
        let whole = try await server.run(["subject", "export"], input: Data("\(Self.person)\n".utf8))
        #expect(whole.status == 0 && whole.output.split(separator: "\n").count == Self.lines + 1, "\(whole.errors)")
        // The audit log has the lines that were to leave, of both.
        #expect(server.stop() == 0)
        let entries = try await Self.audit(server).filter { $0.contains("subject/export") }
        #expect(entries.count == 2 && entries.allSatisfy { $0.contains("\(Self.lines)") }, "\(entries)")
    }

    @Test func `A file that turns out damaged half-way breaks the transfer off, counted and audited with the lines that left`() async throws
    {
        let server = try await Self.filled()
        let socket = try RawSocket(.stream, port: server.port, receives: 64 << 10)
        socket.send(
            "POST /api/v1/privacy/subject/export HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 11\r\n\r\n\(Self.person)"
        )
        var received = socket.receive(atLeast: 1_000)
        #expect(String(decoding: received, as: UTF8.self).hasPrefix("HTTP/1.1 200"))
        // The server waits for the reader; meanwhile its files go bad.
        let folder = server.dataDirectory.appendingPathComponent("logs/segments")
        let segments = try FileManager.default.subpathsOfDirectory(atPath: folder.path).map { folder.appendingPathComponent($0) }
            .filter { $0.pathExtension != "" && !$0.hasDirectoryPath }
        #expect(!segments.isEmpty)
        for segment in segments {
            let file = try FileHandle(forWritingTo: segment)
            let size = try file.seekToEnd()
            try file.seek(toOffset: size / 4)
            try file.write(contentsOf: Data(repeating: 0x55, count: Int(size / 2)))
            try file.close()
        }
        received += socket.receive(atLeast: .max)
        #expect(received.count < Self.lines * 600_000 && !received.suffix(5).elementsEqual("0\r\n\r\n".utf8))
        let broken = try await server.get("/metrics").text.split(separator: "\n").filter { $0.hasPrefix("varde_http_answers_broken_total") }
        #expect(broken.count == 1 && broken.first?.hasSuffix(" 1") == true, "\(broken)")
        _ = server.stop()
        let entries = try await Self.audit(server).filter { $0.contains("broken off") }
        #expect(entries.count == 1, "\(entries)")
    }

    @Test func `Parts of an answer are read as they are taken, and one that breaks off is an error`() async throws {
        let total = 256 << 20
        let sent = Atomic(0)
        let isFull = Atomic(false)
        let chunk = Array("100000\r\n".utf8) + [UInt8](repeating: 0x61, count: 1 << 20) + Array("\r\n".utf8)
        let listener = try LoopbackListener { connection in
            guard let path = LoopbackListener.requestedPath(connection) else { return }
            _ = LoopbackListener.send(Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".utf8), to: connection)
            if path == "/short" {
                _ = LoopbackListener.send(chunk, to: connection)
                return
            }
            while sent.load(ordering: .relaxed) < total {
                var one = pollfd(fd: connection, events: Int16(POLLOUT), revents: 0)
                if poll(&one, 1, 300) == 0 { isFull.store(true, ordering: .releasing) }
                if !LoopbackListener.send(chunk, to: connection) { return }
                sent.add(1 << 20, ordering: .relaxed)
            }
            _ = LoopbackListener.send(Array("0\r\n\r\n".utf8), to: connection)
        }
        defer { listener.stop() }
        let client = EgressClient()
        let taken = Atomic(0)
        let address = "http://127.0.0.1:\(listener.port)"
        let response = try await client.receive("GET", address + "/long", timeout: 60_000) { part in
            // The first part is not taken until the sender cannot send, or has sent everything.
            while taken.load(ordering: .relaxed) == 0, !isFull.load(ordering: .acquiring), sent.load(ordering: .relaxed) < total {
                try await Task.sleep(for: .milliseconds(5))
            }
            taken.add(part.count, ordering: .relaxed)
            #expect(sent.load(ordering: .relaxed) - taken.load(ordering: .relaxed) < 32 << 20)
        }
        #expect(response.status == 200 && taken.load(ordering: .relaxed) == total && isFull.load(ordering: .relaxed))
        await #expect(throws: EgressError.self) { _ = try await client.receive("GET", address + "/short", timeout: 60_000) { _ in } }
        await client.shutdown()
    }
}
