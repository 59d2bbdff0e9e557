import TestSupport
import Testing
import VardeDisk
import VardeKernels
import VardeModel

@testable import VardeLogs
@testable import VardeQuery

/// Line filters over the store against a scan of all lines, wherever the lines lie.
@Suite struct LogFilterTests {
    private static let noon: Int64 = 1_780_315_200_000_000_000
    private static let lineCount = 6_000

    /// A filter as LogQL writes it, and what it says of a line.
    private struct Filter {
        var text: String
        var passes: ([UInt8]) -> Bool
    }

    private static func holds(_ line: [UInt8], _ needle: String, from: Int = 0) -> Int? {
        SubstringSearch.firstOffset(of: Array(needle.utf8).span, in: line.span, from: from)
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    private static func escaped(_ text: String) -> String {
        text.map { #".*+?()[]{}^$|\"#.contains($0) ? "\\\($0)" : String($0) }.joined()
    }

    private static func filter(_ lines: inout LogLines, _ all: [String]) -> Filter {
        let one = lines.needle(from: all[lines.number(below: all.count)])
        let line = all[lines.number(below: all.count)]
        let two = lines.needle(from: line)
        switch lines.number(below: 7) {
        case 0, 1, 2: return Filter(text: "|= \(quoted(one))") { holds($0, one) != nil }
        case 3: return Filter(text: "!= \(quoted(one))") { holds($0, one) == nil }
        case 4: return Filter(text: "|= \(quoted(one)) or \(quoted(two))") { holds($0, one) != nil || holds($0, two) != nil }
        case 5:
            // Two literals of one line with anything between.
            return Filter(text: "|~ \(quoted(escaped(one) + ".*" + escaped(two)))") { line in
                guard let at = holds(line, one) else { return false }
                return holds(line, two, from: at + one.utf8.count) != nil
            }
        default:
            return Filter(text: "!~ \(quoted("(" + escaped(one) + "|" + escaped(two) + ")"))") {
                holds($0, one) == nil && holds($0, two) == nil
            }
        }
    }

    /// What the engine says, and a scan of every line.
    private static func compare(_ store: LogStore, _ all: [String], seed: UInt64, rounds: Int) throws {
        var source = LogLines(seed: seed)
        let lines = all.map { Array($0.utf8) }
        let engine = LogQLEngine(source: store)
        for _ in 0..<rounds {
            let filters = (0...source.number(below: 2)).map { _ in filter(&source, all) }
            let query = "{app=~\".+\"} " + filters.map(\.text).joined(separator: " ")
            guard case .log(let parsed) = try LogQLEngine.parse(query) else { continue }
            let found = try engine.lines(parsed, start: noon, end: noon + Int64(all.count), limit: all.count + 1, direction: .forward)
            let times = found.streams.flatMap(\.entries).map { Int($0.timestamp - noon) }.sorted()
            let wanted = lines.indices.filter { i in filters.allSatisfy { $0.passes(lines[i]) } }
            #expect(times == wanted, "\(query)")
        }
    }

    @Test(arguments: [1, 2] as [UInt64])
    func `filters find what a scan of all lines finds, in memory, in fresh segments and in merged ones`(_ seed: UInt64) async throws {
        let files = InMemoryFileSystem()
        var options = LogStoreOptions { Self.noon + 1_000_000_000 }
        options.cutsInBackground = false
        // Pages of a size to have filters and templates of their own, and small streams that share some.
        options.pageSize = 140 << 10
        let store = try LogStore.open(directory: "/logs", fileSystem: files, catalog: try Catalog(path: nil), options: options)
        var lines = LogLines(seed: seed)
        var all: [String] = []
        func add(_ count: Int) async throws {
            var columns = [LogColumns](repeating: LogColumns(), count: 4)
            for _ in 0..<count {
                let line = lines.next()
                let stream = lines.number(below: 40) == 0 ? 2 + all.count % 2 : all.count % 2
                columns[stream].append(Self.noon + Int64(all.count), line: Array(line.utf8).span)
                all.append(line)
            }
            let writes = columns.enumerated().map { LogStreamWrite(labels: ["app": "a\($0.offset)"], entries: $0.element) }
            #expect(try await store.append(writes).accepted == count)
        }
        for part in 0..<4 {
            try await add(Self.lineCount)
            if part == 0 { try Self.compare(store, all, seed: seed + 10, rounds: 30) }
            if part < 3 { try store.flush() }
        }
        // Three segments and lines in memory.
        try Self.compare(store, all, seed: seed + 20, rounds: 20)
        try store.flush()
        try store.maintain(now: Self.noon + 1_000_000_000)
        #expect(store.statistics.compactions == 1 && store.statistics.segments == 1)
        try Self.compare(store, all, seed: seed + 30, rounds: 30)
    }
}
