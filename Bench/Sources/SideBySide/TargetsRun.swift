import Foundation

/// Ten thousand targets on loopback, scraped every 15 s: what that costs, and whether each is asked on time.
struct TargetsRun {
    var targets = 10_000
    var samples = 1_000
    /// Seconds that are measured, after every target was asked twice.
    var seconds = 60
    /// Seconds the targets may take to be asked twice.
    var patience = 150
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
        try warmUp(contestant, farm)
        try measure(contestant, farm)
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

    private func warmUp(_ contestant: Contestant, _ farm: TargetFarm) throws {
        let begin = Clock.seconds()
        while farm.counts.contains(where: { $0 < 2 }) {
            guard Clock.seconds() - begin < Double(patience) else {
                let late = farm.counts.count { $0 < 2 }
                throw Connection.Failure(description: "\(late) targets were not asked twice within \(patience) s")
            }
            usleep(200_000)
        }
        print(
            String(
                format: "every target asked twice after %.1f s, %.1f s of processor, %d MB", Clock.seconds() - begin, contestant.cpuSeconds,
                contestant.memory / 1_000_000))
    }

    private func measure(_ contestant: Contestant, _ farm: TargetFarm) throws {
        // Whatever the start left to be done is done before.
        sleep(UInt32(Self.interval))
        _ = farm.takeAsked()
        let (begin, used, taken) = (Clock.seconds(), contestant.cpuSeconds, try ingested(contestant))
        sleep(UInt32(seconds))
        let asked = farm.takeAsked()
        let elapsed = Clock.seconds() - begin
        let rate = (try ingested(contestant) - taken) / elapsed
        print(String(format: "samples/s                        %12.0f", rate))
        print(String(format: "processor, cores                 %12.2f", (contestant.cpuSeconds - used) / elapsed))
        print(String(format: "processor, s per million samples %12.3f", (contestant.cpuSeconds - used) / (rate * elapsed) * 1e6))
        print(String(format: "memory, MB                       %12d", contestant.memory / 1_000_000))
        print(String(format: "targets up                       %12.0f", try scalar(contestant, "count(up{job=\"fleet\"} == 1)")))
        let deviations = asked.map { max(abs($0.longest - Self.interval), abs(Self.interval - $0.shortest)) }.sorted()
        let missed = asked.count { $0.count < Int(elapsed / Self.interval) }
        print(String(format: "targets asked too seldom         %12d", missed))
        for (name, share) in [("median", 0.5), ("99 %", 0.99), ("most", 1.0)] {
            let title = "off its time, \(name), ms".padding(toLength: 33, withPad: " ", startingAt: 0)
            print(title + String(format: "%12.1f", deviations[Int(Double(deviations.count - 1) * share)] * 1000))
        }
        let longest = try scalar(contestant, "max(max_over_time(scrape_duration_seconds{job=\"fleet\"}[\(seconds)s]))")
        print(String(format: "longest scrape, s                %12.3f", longest))
    }

    private func ingested(_ contestant: Contestant) throws -> Double {
        let page = String(decoding: try Connection(port: contestant.port).request("GET", "/metrics").body, as: UTF8.self)
        let line = page.split(separator: "\n").first { $0.hasPrefix("varde_ingested_samples_total") && $0.contains("\"scrape\"") }
        return line?.split(separator: " ").last.flatMap { Double($0) } ?? .nan
    }

    private func scalar(_ contestant: Contestant, _ query: String) throws -> Double {
        let answer = try Connection(port: contestant.port).request("GET", "/api/v1/query?query=\(MetricsRun.escape(query))")
        let text = String(decoding: answer.body, as: UTF8.self)
        return text.firstMatch(of: #/"value":\[[0-9.]+,"([^"]+)"\]/#).flatMap { Double($0.1) } ?? .nan
    }
}
