import Foundation
import TestSupport
import Testing

/// SIGKILL at random moments under load: what was answered 2xx is there afterwards, once.
@Suite struct SurvivalTests {
    /// What the server acknowledged, and the moment the kill is drawn for.
    private actor Ledger {
        private(set) var samples: [String: Set<Int64>] = [:]
        private(set) var lines: Set<String> = []
        private var acknowledged = 0
        private let killAt: Int
        private var waiter: CheckedContinuation<Void, Never>?

        init(killAt: Int) { self.killAt = killAt }

        private func count() {
            acknowledged += 1
            if acknowledged == killAt, let waiter {
                self.waiter = nil
                waiter.resume()
            }
        }

        func note(series: String, times: [Int64]) {
            samples[series, default: []].formUnion(times)
            count()
        }

        func note(lines: [String]) {
            self.lines.formUnion(lines)
            count()
        }

        /// Returns once so many requests were acknowledged.
        func killMoment() async {
            if acknowledged >= killAt { return }
            await withCheckedContinuation { waiter = $0 }
        }
    }

    /// Sends from one client until the server is gone.
    private static func send(_ server: ServerProcess, client: Int, round: Int, start: Int64, _ ledger: Ledger) async {
        for request in 0..<10_000 {
            do {
                if client.isMultiple(of: 2) {
                    let series = "kill_\(round)_\(client)"
                    let times = (0..<20).map { start + Int64(request * 20 + $0) }
                    let answer = try await server.remoteWrite([
                        (["__name__": series], times.map { (timestamp: $0, value: Double($0 - start)) })
                    ])
                    if answer.status == 204 { await ledger.note(series: series, times: times) }
                } else {
                    let lines = (0..<20).map { "round \(round) client \(client) request \(request) line \($0)" }
                    let answer = try await server.push(
                        ["app": "kill", "client": "\(client)"],
                        lines.enumerated().map { ((start + Int64(request)) * 1_000_000 + Int64($0.offset), $0.element) })
                    if answer.status == 204 { await ledger.note(lines: lines) }
                }
            } catch {
                return
            }
        }
    }

    @Test(arguments: [false, true]) func `What was acknowledged is there after a SIGKILL, once`(isSealed: Bool) async throws {
        let rounds = ProcessInfo.processInfo.environment["VARDE_KILL_ROUNDS"].flatMap { Int($0) } ?? 4
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed), \(rounds) rounds")
        var generator = SeededGenerator(seed: seed)
        let server = try ServerProcess(
            configuration: "collect: {host: {enabled: false}}\nstorage: {encryption: {enabled: \(isSealed)}}\n")
        let start = ServerProcess.now - 600_000
        var samples: [String: Set<Int64>] = [:]
        var lines: Set<String> = []
        for round in 0..<rounds {
            try await server.start()
            let ledger = Ledger(killAt: Int.random(in: 5...150, using: &generator))
            await withTaskGroup { group in
                for client in 0..<4 {
                    group.addTask { await Self.send(server, client: client, round: round, start: start, ledger) }
                }
                await ledger.killMoment()
                server.killHard()
            }
            samples.merge(await ledger.samples) { $0.union($1) }
            lines.formUnion(await ledger.lines)
        }
        try await server.start()
        for (series, times) in samples {
            let answer = try await server.result(
                "/api/v1/query", ["query": "\(series)[20m]", "time": "\(Double(ServerProcess.now) / 1000)"])
            let values = answer.first?["values"] as? [[Any]] ?? []
            let found = values.map { Int64((($0[0] as? Double ?? 0) * 1000).rounded()) }
            #expect(Set(found).isSuperset(of: times), "\(series): \(times.subtracting(found).count) of \(times.count) are lost")
            #expect(found.count == Set(found).count, "\(series) has samples twice")
            #expect(zip(found, values).allSatisfy { Double($1[1] as? String ?? "") == Double($0 - start) }, "\(series) has other values")
        }
        var seen: [String: Int] = [:]
        for client in [1, 3] {
            for round in 0..<rounds {
                let answer = try await server.result(
                    "/loki/api/v1/query_range",
                    [
                        "query": "{app=\"kill\",client=\"\(client)\"} |= \"round \(round) client\"",
                        "start": String((start - 1000) * 1_000_000),
                        "limit": "5000",
                    ])
                for stream in answer {
                    for value in stream["values"] as? [[Any]] ?? [] { seen[value[1] as? String ?? "", default: 0] += 1 }
                }
            }
        }
        #expect(lines.subtracting(seen.keys).count == 0, "\(lines.subtracting(seen.keys).count) of \(lines.count) lines are lost")
        #expect(seen.values.allSatisfy { $0 == 1 }, "lines are there twice")
        #expect(server.stop() == 0)
        let check = try await ServerProcess.run(ServerProcess.binary, ["check", "data", server.dataDirectory.path])
        #expect(check.status == 0, "\(check.errors)")
    }
}
