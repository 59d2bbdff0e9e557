import Foundation

// side-by-side targets [--targets N] [--samples N] [--rounds N] [--gzip] [--varde BINARY]
// side-by-side wide [--series N] [--hours N] [--only NAME] [--varde BINARY]
// side-by-side [metrics|logs|all] [--series N] [--steps N] [--scrapes FOLDER [--copies N]] [--megabytes N] [--connections N] [--rounds N]
//              [--variants 1] [--hold SECONDS] [--only NAME] [--varde BINARY] [--contestant "NAME PORT WRITE-PATH READY-PATH BINARY ARGUMENT…" [--queries FILE]]…
//
// Starts each server alone on loopback, replays the same bytes, prints one table of medians with the ratio to Varde. The corpus is a
// synthetic fleet of N series, or with --scrapes real scrapes multiplied by instance. There may be several contestants. In their arguments
// {data} stands for a fresh folder, whose size on disk is what counts. A contestant without Loki's API is asked what the FILE behind it
// says: a line each of name, a tab, and a path with parameters, in which {start} and {end} stand for nanoseconds; names are those of the
// table.

let arguments = Array(CommandLine.arguments.dropFirst())
@MainActor func option(_ name: String, _ standard: Int) -> Int {
    guard let at = arguments.firstIndex(of: "--\(name)"), at + 1 < arguments.count else { return standard }
    return Int(arguments[at + 1]) ?? standard
}
@MainActor func text(_ name: String) -> String? {
    guard let at = arguments.firstIndex(of: "--\(name)"), at + 1 < arguments.count else { return nil }
    return arguments[at + 1]
}
let what = arguments.first.map { $0.hasPrefix("--") ? "all" : $0 } ?? "all"
let rounds = max(1, option("rounds", 3))
let environment = ProcessInfo.processInfo.environment
let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
let work = FileManager.default.temporaryDirectory.appendingPathComponent("varde-bench-\(ProcessInfo.processInfo.processIdentifier)")
defer { try? FileManager.default.removeItem(at: work) }

@MainActor func peer(_ name: String) -> URL? {
    let places = (environment["VARDE_PEERS"].map { ["\($0)/usr/bin"] } ?? []) + ["/usr/bin", "/usr/local/bin"]
    return places.map { URL(fileURLWithPath: $0).appendingPathComponent(name) }.first {
        FileManager.default.isExecutableFile(atPath: $0.path)
    }
}

/// Makes a fresh contestant; the folder is new for every round.
@MainActor func contestant(_ name: String, round: Int, logs: Bool) throws -> Contestant? {
    if let only = text("only"), only != name { return nil }
    let folder = work.appendingPathComponent("\(name)-\(round)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    switch name {
    case "varde", "varde-unredacted", "varde-sealed":
        let binary = text("varde").map { URL(fileURLWithPath: $0) } ?? root.appendingPathComponent(".build/release/varde")
        let configuration = folder.appendingPathComponent("varde.yaml")
        let privacy = "privacy: {key_file: \(folder.path)/pseudonyms.key, enabled: \(name != "varde-unredacted")}\n"
        let storage = "storage: {encryption: {enabled: \(name == "varde-sealed")}}\n"
        try (privacy + storage).write(to: configuration, atomically: true, encoding: .utf8)
        return Contestant(
            name: name, binary: binary, port: 14_747, folder: folder, writePath: logs ? "/loki/api/v1/push" : "/api/v1/write",
            readyPath: "/-/ready",
            dataFolder: "data",
            arguments: [
                "serve", "--config", configuration.path, "--data-dir", folder.path + "/data", "--listen", "127.0.0.1:14747", "--log-level",
                "warning",
            ])
    case "prometheus":
        guard !logs, let binary = peer("prometheus") else { return nil }
        let configuration = folder.appendingPathComponent("prometheus.yml")
        try "global: {scrape_interval: 1h}\n".write(to: configuration, atomically: true, encoding: .utf8)
        return Contestant(
            name: name, binary: binary, port: 19_090, folder: folder, writePath: "/api/v1/write", readyPath: "/-/ready", dataFolder: "data",
            arguments: [
                "--config.file", configuration.path, "--storage.tsdb.path", folder.path + "/data", "--web.listen-address",
                "127.0.0.1:19090",
                "--web.enable-remote-write-receiver", "--log.level", "warn", "--query.max-samples", "500000000",
            ])
    case "victoria-metrics":
        guard !logs, let binary = peer("victoria-metrics") else { return nil }
        return Contestant(
            name: name, binary: binary, port: 18_428, folder: folder, writePath: "/api/v1/write", readyPath: "/health", dataFolder: "data",
            arguments: [
                "-storageDataPath", folder.path + "/data", "-httpListenAddr", "127.0.0.1:18428", "-loggerLevel", "ERROR",
                "-retentionPeriod", "1y", "-search.maxUniqueTimeseries", "10000000", "-search.latencyOffset", "0s",
            ])
    default: return try other(name, folder: folder)
    }
}

/// The servers the command line describes: their words, and the file of queries that follows.
let others: [(words: [String], queries: String?)] = arguments.indices.dropLast().filter { arguments[$0] == "--contestant" }.map { at in
    let next = arguments[(at + 2)...]
    let queries = next.first == "--queries" ? next.dropFirst().first : nil
    return (arguments[at + 1].split(separator: " ").map(String.init), queries)
}
let otherNames = others.compactMap(\.words.first)

@MainActor func other(_ name: String, folder: URL) throws -> Contestant? {
    guard let words = others.first(where: { $0.words.first == name })?.words, words.count >= 5, let port = Int(words[1]) else { return nil }
    let data = folder.appendingPathComponent("data")
    try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
    return Contestant(
        name: name, binary: URL(fileURLWithPath: words[4]), port: port, folder: folder, writePath: words[2], readyPath: words[3],
        dataFolder: "data", arguments: words[5...].map { $0.replacingOccurrences(of: "{data}", with: data.path) })
}

func padded(_ cell: String) -> String { cell.padding(toLength: 24, withPad: " ", startingAt: 0) }

func row(_ title: String, _ values: [(name: String, value: Double)], _ format: String, higherIsBetter: Bool) {
    let own = values.first { $0.name == "varde" }?.value
    var line = title.padding(toLength: 44, withPad: " ", startingAt: 0)
    for (name, value) in values {
        var cell = String(format: format, value)
        if name != "varde", let own, own > 0, value > 0 { cell += String(format: " (%.2f×)", higherIsBetter ? own / value : value / own) }
        line += padded(cell)
    }
    print(line)
}

@MainActor func header(_ names: [String], rounds: Int = rounds) {
    print(
        "".padding(toLength: 44, withPad: " ", startingAt: 0) + names.map(padded).joined()
    )
    print("(in brackets: how many times better Varde is; medians of \(rounds))")
}

if what == "targets" {
    var run = TargetsRun()
    run.targets = option("targets", run.targets)
    run.samples = option("samples", run.samples)
    run.rounds = max(2, option("rounds", run.rounds))
    run.isGzip = arguments.contains("--gzip")
    try run.run(binary: text("varde").map { URL(fileURLWithPath: $0) } ?? root.appendingPathComponent(".build/release/varde"), folder: work)
    try? FileManager.default.removeItem(at: work)
    exit(0)
}

let now = Int64(Date().timeIntervalSince1970 * 1000) / 60_000 * 60_000

if what == "wide" {
    var run = WideRun()
    run.series = option("series", run.series)
    run.hours = option("hours", run.hours)
    print("wide: \(run.series) series over \(run.hours) h at 15 s")
    var results: [(name: String, result: WideRun.Result)] = []
    for name in ["varde", "victoria-metrics", "prometheus"] + otherNames {
        guard let one = try contestant(name, round: 0, logs: false) else { continue }
        results.append((name, try run.run(one, end: now - 60_000)))
        try? FileManager.default.removeItem(at: one.folder)
    }
    header(results.map(\.name), rounds: 1)
    @MainActor func values(_ key: @MainActor (WideRun.Result) -> Double) -> [(String, Double)] { results.map { ($0.name, key($0.result)) } }
    row("peak memory while samples came in, MB", values { Double($0.ingestPeak) / 1e6 }, "%.0f", higherIsBetter: false)
    for (at, step) in WideRun.steps.enumerated() {
        row("step \(step) s: memory the query added, MB", values { Double($0.added[at]) / 1e6 }, "%.1f", higherIsBetter: false)
        row("step \(step) s: seconds", values { $0.seconds[at] }, "%.2f", higherIsBetter: false)
        row("step \(step) s: points", values { Double($0.points[at]) }, "%.0f", higherIsBetter: true)
    }
    try? FileManager.default.removeItem(at: work)
    exit(0)
}

if what != "logs" {
    let series = option("series", 10_000)
    let steps = option("steps", 720)
    let corpus =
        if let folder = text("scrapes") {
            try MetricsCorpus.scrapes(
                folder: URL(fileURLWithPath: folder), copies: option("copies", 6), end: now - 60_000, connections: option("connections", 8))
        } else {
            MetricsCorpus.make(
                series: series, steps: steps, interval: 15_000, end: now - 60_000, connections: option("connections", 8), seed: 1)
        }
    let described = text("scrapes").map { "scrapes of \($0), \(corpus.samples) samples" } ?? "\(series) series × \(steps) samples"
    print(
        "metrics: \(described), \(corpus.bodies.joined().joined().map(\.count).reduce(0, +) / 1_000_000) MB of remote write, corpus \(String(corpus.hash, radix: 16))"
    )
    var results: [String: [MetricsResult]] = [:]
    let names = ["varde", "victoria-metrics", "prometheus"] + otherNames
    for round in 0..<rounds {
        for name in names {
            guard let one = try contestant(name, round: round, logs: false) else { continue }
            results[name, default: []].append(try MetricsRun.run(one, corpus, hold: UInt32(max(0, option("hold", 0)))))
            try? FileManager.default.removeItem(at: one.folder)
        }
    }
    // Once more each, killed as soon as all is acknowledged.
    var killed: [String: (ready: Double, lost: Int)] = [:]
    for name in names {
        guard let one = try contestant(name, round: rounds, logs: false) else { continue }
        killed[name] = try MetricsRun.runKilled(one, corpus)
        try? FileManager.default.removeItem(at: one.folder)
    }
    let present = names.filter { results[$0] != nil }
    header(present)
    @MainActor func values(_ key: @MainActor (MetricsResult) -> Double) -> [(String, Double)] {
        present.map { name in (name, median((results[name] ?? []).map { key($0) })) }
    }
    row("samples/s, million", values { $0.samplesPerSecond / 1e6 }, "%.2f", higherIsBetter: true)
    row("CPU-s per million samples", values { $0.cpuPerMillion }, "%.3f", higherIsBetter: false)
    row("of the sender beside it", values { $0.sendingPerMillion }, "%.3f", higherIsBetter: false)
    row("peak memory, MB", values { Double($0.peakMemory) / 1e6 }, "%.0f", higherIsBetter: false)
    row("bytes per sample on disk", values { $0.bytesPerSample }, "%.2f", higherIsBetter: false)
    row("ready after SIGKILL, s", present.map { ($0, killed[$0]?.ready ?? .nan) }, "%.2f", higherIsBetter: false)
    row("acknowledged samples missing after SIGKILL", present.map { ($0, Double(killed[$0]?.lost ?? 0)) }, "%.0f", higherIsBetter: false)
    for (title, times) in [("queries, first run", \MetricsResult.queries), ("queries again, median of five", \.again)] {
        print(title)
        for (index, query) in corpus.queries.enumerated() {
            row(String(query.prefix(42)), values { $0[keyPath: times][index] }, "%.1f ms", higherIsBetter: false)
        }
    }
}

if what != "metrics" {
    let corpus = LogsCorpus.make(
        megabytes: option("megabytes", 500), streams: 30, connections: option("connections", 8), end: Int64(now - 60_000) * 1_000_000,
        seed: 2)
    print("\nlogs: \(corpus.lines) lines, \(corpus.rawBytes / 1_000_000) MB in 30 streams, Loki push, redaction on")
    // What redaction costs, and sealed files.
    let variants = option("variants", 0) > 0 ? ["varde-unredacted", "varde-sealed"] : []
    let names = ["varde"] + variants + otherNames
    var results: [String: [LogsResult]] = [:]
    for round in 0..<rounds {
        for name in names {
            guard let one = try contestant(name, round: 100 + round, logs: true) else { continue }
            let queries = try others.first { $0.words.first == name }?.queries.map(LogsRun.queries(file:)) ?? LogsRun.queries
            results[name, default: []].append(try LogsRun.run(one, corpus, queries))
            try? FileManager.default.removeItem(at: one.folder)
        }
    }
    let present = names.filter { results[$0] != nil }
    header(present)
    @MainActor func values(_ key: @MainActor (LogsResult) -> Double) -> [(String, Double)] {
        present.map { name in (name, median((results[name] ?? []).map { key($0) })) }
    }
    row("MB/s", values { $0.megabytesPerSecond }, "%.0f", higherIsBetter: true)
    row("CPU-s per million lines", values { $0.cpuPerMillionLines }, "%.2f", higherIsBetter: false)
    row("peak memory, MB", values { Double($0.peakMemory) / 1e6 }, "%.0f", higherIsBetter: false)
    row("disk/raw", values { $0.diskShare }, "%.3f", higherIsBetter: false)
    for query in LogsRun.queries { row(query.name, values { $0.queries[query.name] ?? .nan }, "%.1f ms", higherIsBetter: false) }
    print("answered, by the last round:")
    for query in LogsRun.queries {
        let sizes = present.map { padded("\(results[$0]?.last?.answers[query.name] ?? 0) bytes") }
        print(query.name.padding(toLength: 44, withPad: " ", startingAt: 0) + sizes.joined())
    }
}
