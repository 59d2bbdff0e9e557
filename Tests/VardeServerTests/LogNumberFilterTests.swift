import TestSupport
import Testing
import VardeDisk
import VardeModel

@testable import VardeLogs
@testable import VardeQuery

/// Filters on numbers of JSON lines: what is left out unread is what a scan of every line leaves out.
@Suite struct LogNumberFilterTests {
    private static let noon: Int64 = 1_780_315_200_000_000_000
    private static let lineCount = 4_000

    /// Lines of one shape, `#` for a number and `$` for an identifier.
    private static let shapes = [
        ##"{"status":#,"ms":#,"id":"$"}"##,
        ##"{"level":"info","a":{"b":#,"c":"x"},"status":#}"##,
        ##"{"a_b":#,"status":"#"}"##,
        ##"{ "status" : # , "a.b" : # }"##,
        ##"{"a-b":#,"a_b":#,"status":-#}"##,
        ##"{"st\u0061tus":#,"status":#}"##,
        ##"{"status":null,"status":#,"a":[{"b":#}]}"##,
        ##"{"status":[#],"ms":#.5,"a_b":#e1}"##,
        ##"{"status":#"##,
        ##"{"status":#,"a_b" #}"##,
        ##"{"statusæ":#,"status":#}"##,
        ##"{"status_extracted":#,"x":#}"##,
        ##"[{"status":#}]"##,
        ##"status=# a_b=#"##,
        ##"{"":{"status":#},"s":#}"##,
        ##"{"a":{"a":{"b":#}},"a_a_b":#,"status":true}"##,
        ##"{"status":,"a_b":#}"##,
        ##"{"x":"{\"status\":#}","status":#}"##,
        ##"{"$":#,"status":#,"ms":#}"##,
        ##"  {"status":200,"ms":#}"##,
        ##"{"status":0#,"ms":007}"##,
        ##"{"status":#,"ms":"","a_b":""}"##,
        ##"{"msg":"took # of #","1st":#,"status":4#}"##,
        ##"{"status":#}{"status":#}"##,
        ##"{"status":"#x","a_b":"x"}"##,
    ]

    private static func line(_ lines: inout LogLines, _ shape: String) -> String {
        var text = ""
        for character in shape {
            switch character {
            case "#": text += String(lines.number(below: lines.number(below: 8) == 0 ? 100_000 : 600))
            case "$": text += String(lines.number(below: 1 << 40), radix: 16)
            default: text.append(character)
            }
        }
        return text
    }

    private static func filter(_ lines: inout LogLines) -> String {
        let name = ["status", "ms", "a_b", "status_extracted", "_1st", "a_a_b", "msg"][lines.number(below: 7)]
        let operation = [">=", ">", "<", "<=", "==", "!="][lines.number(below: 6)]
        return "\(name) \(operation) \(lines.number(below: 600))"
    }

    private static func query(_ lines: inout LogLines) -> String {
        let one = filter(&lines)
        let two = filter(&lines)
        switch lines.number(below: 6) {
        case 0: return "| json | \(one) | \(two)"
        case 1: return "| json | \(one) and \(two)"
        case 2: return "| json | \(one) or \(two)"
        case 3: return "|= \"status\" | json | \(one)"
        case 4: return "| json | level = \"info\" | \(one)"
        default: return "| json | \(one)"
        }
    }

    private static func store(pageSize: Int) throws -> LogStore {
        var options = LogStoreOptions { noon + 1_000_000_000 }
        options.cutsInBackground = false
        options.pageSize = pageSize
        options.maxOpenBytes = 256 << 20
        return try LogStore.open(directory: "/logs", fileSystem: InMemoryFileSystem(), catalog: try Catalog(path: nil), options: options)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `lines are found by numbers of their JSON in segments as in memory`(_ seed: UInt64) async throws {
        // Open pages are read line by line; pages of this size have blocks of their own, in which templates are asked.
        let plain = try Self.store(pageSize: 64 << 20)
        let packed = try Self.store(pageSize: 140 << 10)
        var lines = LogLines(seed: seed)
        var streams = [LogColumns](repeating: LogColumns(), count: 3)
        for index in 0..<(Self.lineCount * 3) {
            let stream = index % 3
            // Each stream has a few shapes; one has metadata of a name that is asked for.
            let shape = Self.shapes[(stream * 9 + lines.number(below: 9)) % Self.shapes.count]
            let metadata = stream == 2 && index % 5 == 0 ? streams[2].metadataIndex(for: ["status": "\(400 + index % 200)"]) : 0
            // Text that repeats, so that templates pay.
            let line = Self.line(&lines, shape) + (stream == 2 ? "" : " of no.example.ordre.Service, which writes much of what is alike")
            streams[stream].append(Self.noon + Int64(index), line: Array(line.utf8).span, metadataIndex: metadata)
        }
        let labels: [Labels] = [["app": "a"], ["app": "b"], ["app": "c", "ms": "7"]]
        for store in [plain, packed] {
            let writes = zip(labels, streams).map { LogStreamWrite(labels: $0, entries: $1) }
            #expect(try await store.append(writes).accepted == Self.lineCount * 3)
        }
        try packed.flush()
        var spared = 0
        for _ in 0..<20 {
            let query = "{app=~\".+\"} " + Self.query(&lines)
            guard case .log(let parsed) = try LogQLEngine.parse(query) else { continue }
            let answers = try [plain, packed].map {
                try LogQLEngine(source: $0).lines(
                    parsed, start: Self.noon, end: Self.noon + 1_000_000, limit: 1_000_000, direction: .forward)
            }
            let found = answers.map { answer in
                Set(answer.streams.flatMap { stream in stream.entries.map { "\(stream.labels) \($0.timestamp)" } })
            }
            #expect(found[0] == found[1], "\(query)")
            spared += answers[0].statistics.lines - answers[1].statistics.lines
        }
        #expect(spared > Self.lineCount)
    }
}
