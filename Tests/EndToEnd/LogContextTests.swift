import Foundation
import Testing

/// `varde logs --around`.
@Suite struct LogContextTests {
    @Test func `Lines around each match are of its stream, shared ones shown once, gaps ruled off`() async throws {
        let server = try ServerProcess()
        try await server.start()
        let start = Int64(Date().timeIntervalSince1970) * 1_000_000_000 - 600_000_000_000
        // Two streams whose lines take turns; one has the other's labels and another.
        for (number, labels) in [["app": "x"], ["app": "x", "host": "h"]].enumerated() {
            let lines = (0..<40).map { (nanoseconds: start + Int64($0 * 10 + number) * 1_000_000, line: "line \($0) of \(number)") }
            #expect(try await server.push(labels, lines).status == 204)
        }
        func logs(_ arguments: [String]) async throws -> [String] {
            let outcome = try await server.run(["logs"] + arguments)
            #expect(outcome.status == 0, "\(outcome.errors)")
            return outcome.output.split(separator: "\n").map(String.init)
        }
        // Lines 10 and 12 share a neighbour, 30 stands alone; of the other stream nothing is shown.
        let raw = try await logs(["{app=\"x\", host=\"\"} |~ \"line (10|12|30) \"", "--around", "2", "-o", "raw"])
        #expect(
            raw == [
                "  line 8 of 0", "  line 9 of 0", "> line 10 of 0", "  line 11 of 0", "> line 12 of 0", "  line 13 of 0", "  line 14 of 0",
                "--",
                "  line 28 of 0", "  line 29 of 0", "> line 30 of 0", "  line 31 of 0", "  line 32 of 0",
            ])
        // At the ends there are fewer; a parser gives labels that no stream has.
        let first = try await logs(["{host=\"h\"} |= \"line 0 \" | pattern \"<word> <_>\"", "--around", "1", "-o", "raw"])
        #expect(first == ["> line 0 of 1", "  line 1 of 1"])
        let json = try await logs(["{host=\"h\"} |= \"line 39 \"", "--around", "1", "-o", "json"])
        #expect(json.count == 2 && json[0].contains("\"match\":false") && json[1].contains("\"match\":true"))
        #expect(try await server.run(["logs", "{app=\"x\"}", "--around", "1", "--follow"]).status != 0)
        #expect(server.stop() == 0)
    }
}
