import Foundation

/// Ten thousand targets on loopback, scraped every 15 s: what that costs, and whether each is asked on time.
struct TargetsRun {
    var targets = 10_000
    var samples = 1_000
    /// Intervals from the start on; the first are of series that are all new.
    var rounds = 8
    var isGzip = false
    var bodies = 8

    private static let interval = 15.0

    /// gzip by the system's own program: the farm itself only sends.
    private static func gzip(_ bytes: [UInt8], in folder: URL) throws -> [UInt8] {
        let file = folder.appendingPathComponent("body")
        try Data(bytes).write(to: file)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["gzip", "-fk", file.path]
        try process.run()
        process.waitUntilExit()
        return Array(try Data(contentsOf: file.appendingPathExtension("gz")))
    }

    func run(binary: URL, folder: URL) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var fleet = Fleet(seriesCount: samples, seed: 3)
        let plain = (0..<bodies).map { _ in fleet.page() }
        let served = isGzip ? try plain.map { try Self.gzip($0, in: folder) } : plain
        let farm = try TargetFarm(
            targets: targets, bodies: served, contentType: "text/plain; version=0.0.4; charset=utf-8", encoding: isGzip ? "gzip" : nil)
        farm.start()
        defer { farm.stop() }
        let contestant = try contestant(binary, folder, farm)
        print("\(targets) targets × \(samples) samples at 15 s, bodies of \(plain[0].count / 1000) kB\(isGzip ? ", gzip" : "")")
        try contestant.start()
        defer { contestant.kill(SIGKILL) }
        try measure(contestant, farm)
    }

    /// What was used and done until the end of a round.
    private struct Reading {
        var time = 0.0
        var used = 0.0
        var farmUsed = 0.0
        var taken = 0.0
        var failed = 0.0
        var memory = 0
    }

    private func contestant(_ binary: URL, _ folder: URL, _ farm: TargetFarm) throws -> Contestant {
        let list = folder.appendingPathComponent("targets.json")
        let addresses = (0..<targets).map { "\"\(farm.address($0))\"" }.joined(separator: ",")
        try "[{\"targets\": [\(addresses)]}]".write(to: list, atomically: true, encoding: .utf8)
        let most = targets * (samples + 10) + 100_000
        let configuration = folder.appendingPathComponent("varde.yaml")
        let jobs = "scrape_configs: [{job_name: fleet, scrape_interval: 15s, file_sd_configs: [{files: [\"\(list.path)\"]}]}]\n"
        let rest = "collect: {host: {enabled: false}}\nlimits: {series: \(most), series_per_name: \(most)}\n"
        try (jobs + rest + "privacy: {key_file: \(folder.path)/pseudonyms.key}\n").write(
            to: configuration, atomically: true, encoding: .utf8)
        return Contestant(
            name: "varde", binary: binary, port: 14_748, folder: folder, writePath: "", readyPath: "/-/ready", dataFolder: "data",
            arguments: [
                "serve", "--config", configuration.path, "--data-dir", folder.path + "/data", "--listen", "127.0.0.1:14748", "--log-level",
                "warning",
            ])
    }

    private func measure(_ contestant: Contestant, _ farm: TargetFarm) throws {
        var times = farm.times
        while times.allSatisfy(\.isEmpty) {
            usleep(1_000)
            times = farm.times
        }
        let begin = times.compactMap(\.first).min() ?? 0
        var readings = [try reading(contestant)]
        for round in 1...rounds {
            usleep(UInt32(max(0, begin + Double(round) * Self.interval - Clock.seconds()) * 1e6))
            readings.append(try reading(contestant))
        }
        // What is due at the end of the last round may yet come.
        sleep(3)
        let asked = TargetRounds(farm.times, interval: Self.interval, begin: begin, count: rounds).rounds
        print("round  samples/s   cores  of the targets    asked   missed   failed  late: median, 99 %, most (ms)     memory, MB")
        for (round, (before, after)) in zip(readings, readings.dropFirst()).enumerated() {
            let elapsed = after.time - before.time
            let late = [0.5, 0.99, 1].map { asked[round].late($0) * 1000 }
            let use = [after.used - before.used, after.farmUsed - before.farmUsed].map { $0 / elapsed }
            print(
                String(format: "%5d %10.0f %7.2f %15.2f", round + 1, (after.taken - before.taken) / elapsed, use[0], use[1])
                    + String(format: " %8d %8d %8.0f", asked[round].late.count, asked[round].missed, after.failed - before.failed)
                    + String(format: " %12.1f %9.1f %9.1f %14d", late[0], late[1], late[2], after.memory / 1_000_000))
        }
        print("targets up: \(try scalar(contestant, "count(up{job=\"fleet\"} == 1)"))")
        let longest = try scalar(contestant, "max(max_over_time(scrape_duration_seconds{job=\"fleet\"}[30s]))")
        print(String(format: "longest scrape of the last two rounds, s: %.3f", longest))
    }

    private func reading(_ contestant: Contestant) throws -> Reading {
        let page = String(decoding: try Connection(port: contestant.port).request("GET", "/metrics").body, as: UTF8.self)
        func value(_ start: String, _ part: String = "") -> Double {
            let line = page.split(separator: "\n").first { $0.hasPrefix(start) && (part.isEmpty || $0.contains(part)) }
            return line?.split(separator: " ").last.flatMap { Double($0) } ?? 0
        }
        return Reading(
            time: Clock.seconds(), used: contestant.cpuSeconds, farmUsed: Clock.ownCPU(),
            taken: value("varde_ingested_samples_total", "\"scrape\""), failed: value("varde_scrape_failures_total"),
            memory: contestant.memory)
    }

    private func scalar(_ contestant: Contestant, _ query: String) throws -> Double {
        let answer = try Connection(port: contestant.port).request("GET", "/api/v1/query?query=\(MetricsRun.escape(query))")
        let text = String(decoding: answer.body, as: UTF8.self)
        return text.firstMatch(of: #/"value":\[[0-9.]+,"([^"]+)"\]/#).flatMap { Double($0.1) } ?? .nan
    }
}
