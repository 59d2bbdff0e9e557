import Foundation

extension MetricsCorpus {
    /// Scrapes of real programs as they answered, replayed as many instances: files `*.xz`, each scrape preceded by
    /// `# SCRAPE <unix ms> <bytes>`.
    ///
    /// - Parameters:
    ///   - copies: instances every program is multiplied by.
    ///   - end: where the last scrape is put, in milliseconds.
    static func scrapes(folder: URL, copies: Int, end: Int64, connections: Int) throws -> MetricsCorpus {
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "xz" }.sorted { $0.path < $1.path }
        var programs: [ScrapedProgram] = []
        for file in files { programs.append(try ScrapedProgram(file)) }
        guard let last = programs.flatMap(\.times).max(), let first = programs.flatMap(\.times).min() else {
            throw Connection.Failure(description: "\(folder.path) holds no scrapes")
        }
        // Every instance of every program is one sender; scrapes of all go out in the order of time.
        var order: [(time: Int64, program: Int, scrape: Int, copy: Int)] = []
        for (program, scraped) in programs.enumerated() {
            for (scrape, time) in scraped.times.enumerated() {
                for copy in 0..<copies { order.append((time - last + end + Int64(copy * 5_000 / copies), program, scrape, copy)) }
            }
        }
        order.sort { $0.time < $1.time }
        var bodies: [[[[UInt8]]]] = []
        var samples = 0
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        let start = first - last + end
        for (time, program, scrape, copy) in order {
            while Int64(bodies.count) <= (time - start) / 1_800_000 { bodies.append(Array(repeating: [], count: connections)) }
            var body = RemoteWriteBody()
            for (series, value) in programs[program].scrapes[scrape] {
                body.append(encodedLabels: programs[program].labels(of: series, copy: copy), [(value, time)])
                samples += 1
            }
            let packed = body.compressed()
            for byte in packed { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            bodies[bodies.count - 1][(program * copies + copy) % connections].append(packed)
        }
        return MetricsCorpus(
            bodies: bodies, samples: samples, start: start, end: end + 5_000, hash: hash, queries: realQueries,
            selector: #"{instance=~"copy-.+"}"#)
    }

    private static let realQueries = [
        #"sum by (mode) (rate(node_cpu_seconds_total{instance=~"copy-.+"}[5m]))"#,
        #"rate(node_interrupts_total{instance=~"copy-.+"}[5m])"#,
        #"histogram_quantile(0.9, sum by (le, handler) (rate(prometheus_http_request_duration_seconds_bucket{instance=~"copy-.+"}[5m])))"#,
        #"avg by (instance) (avg_over_time(node_memory_MemFree_bytes[30m]))"#,
        #"topk(5, rate(vm_cache_requests_total{instance=~"copy-.+"}[5m]))"#,
        #"count by (__name__) ({instance=~"copy-.+"})"#,
    ]
}

/// The scrapes of one program: its series, and what each scrape had of them.
private struct ScrapedProgram {
    var times: [Int64] = []
    var scrapes: [[(series: Int, value: Double)]] = []
    private var names: [String] = []
    private var numbers: [String: Int] = [:]
    private var encoded: [[Int: [UInt8]]] = []
    private let job: String

    init(_ file: URL) throws {
        job = file.deletingPathExtension().lastPathComponent
        let unpack = Process()
        unpack.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        unpack.arguments = ["xz", "-dc", file.path]
        let pipe = Pipe()
        unpack.standardOutput = pipe
        try unpack.run()
        let text = pipe.fileHandleForReading.readDataToEndOfFile()
        unpack.waitUntilExit()
        for line in text.split(separator: 10) {
            if line.starts(with: Array("# SCRAPE ".utf8)) {
                let parts = String(decoding: line, as: UTF8.self).split(separator: " ")
                times.append(Int64(parts[2]) ?? 0)
                scrapes.append([])
            } else if line.first != UInt8(ascii: "#"), let space = line.lastIndex(of: UInt8(ascii: " ")) {
                guard let value = Double(String(decoding: line[line.index(after: space)...], as: UTF8.self)) else { continue }
                let name = String(decoding: line[..<space], as: UTF8.self)
                let number = numbers[name] ?? names.count
                if number == names.count {
                    numbers[name] = number
                    names.append(name)
                }
                scrapes[scrapes.count - 1].append((number, value))
            }
        }
    }

    /// A series' labels as remote write has them, with job and instance.
    mutating func labels(of series: Int, copy: Int) -> [UInt8] {
        while encoded.count <= copy { encoded.append([:]) }
        if let known = encoded[copy][series] { return known }
        var labels = Self.parse(names[series]).filter { $0.0 != "job" && $0.0 != "instance" }
        labels += [("job", job), ("instance", "copy-\(copy)")]
        labels.sort { $0.0 < $1.0 }
        let bytes = RemoteWriteBody.encode(labels)
        encoded[copy][series] = bytes
        return bytes
    }

    /// Name and labels of `name{a="b",…}`.
    private static func parse(_ text: String) -> [(String, String)] {
        guard let open = text.firstIndex(of: "{") else { return [("__name__", text)] }
        var labels = [("__name__", String(text[..<open]))]
        for match in text[open...].matches(of: #/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/#) {
            let value = String(match.2).replacing("\\\"", with: "\"").replacing("\\n", with: "\n").replacing("\\\\", with: "\\")
            if !value.isEmpty { labels.append((String(match.1), value)) }
        }
        return labels
    }
}
