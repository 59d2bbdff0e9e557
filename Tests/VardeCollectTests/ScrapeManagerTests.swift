import Logging
import Testing
import VardeModel

@testable import VardeCollect

/// Which targets run, and when.
@Suite struct ScrapeManagerTests {
    private static func manager(
        _ fetching: any ScrapeFetching, _ clock: HandClock, _ sink: RecordingSink = RecordingSink()
    ) -> ScrapeManager {
        ScrapeManager(
            sink: sink, fetching: fetching, asking: NoAsking(), readFile: { _ in [] },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            clock: clock)
    }

    private static func job(_ addresses: [String], _ change: (inout ScrapeConfig) -> Void = { _ in }) -> ScrapeConfig {
        .job {
            $0.staticGroups = [TargetGroup(addresses: addresses, labels: .empty, source: "0")]
            change(&$0)
        }
    }

    /// Gives other tasks their turn until something holds.
    private static func until(_ holds: () -> Bool) async -> Bool {
        for _ in 0..<200_000 {
            if holds() { return true }
            await Task.yield()
        }
        return holds()
    }

    @Test func `Parameters, scheme, path and port make the address that is asked`() throws {
        let config = ScrapeConfig.job {
            $0.parameters = [("module", ["http 2xx", "b&c"]), ("a", ["1"])]
            $0.metricsPath = "/probe"
        }
        let group = TargetGroup(addresses: ["x:9"], labels: ["env": "p"], source: "0")
        let found = try #require(try TargetResolution.target(TargetResolution.discovered("x:9", group, config), config))
        #expect(found.0.url == "http://x:9/probe?a=1&module=http+2xx&module=b%26c")
        #expect(found.0.labels == ["job": "j", "instance": "x:9", "env": "p"])
    }

    @Test func `Relabelling may change interval and timeout, but not to what cannot be`() throws {
        var rule = RelabelRule()
        rule.targetLabel = "__scrape_interval__"
        rule.replacement = "5s"
        var config = ScrapeConfig.job { $0.relabelRules = [rule] }
        let group = TargetGroup(addresses: ["x:9"], labels: .empty, source: "0")
        #expect(throws: ScrapeFault.self) { try TargetResolution.target(TargetResolution.discovered("x:9", group, config), config) }
        config.timeout = 5_000
        #expect(try TargetResolution.target(TargetResolution.discovered("x:9", group, config), config)?.1.interval == 5_000)
    }

    @Test func `Slots are one interval apart, the same for a target at every start, and spread over the interval`() {
        #expect(TargetRun.slot(after: 100, interval: 15, offset: 4) == 109)
        #expect(TargetRun.slot(after: 109, interval: 15, offset: 4) == 124)
        #expect(TargetRun.slot(after: 3, interval: 15, offset: 14) == 14)
        var buckets = [Int](repeating: 0, count: 15)
        for index in 0..<1_500 {
            let identity = TargetIdentity(job: "j", url: "http://t\(index)/", labels: ["instance": "t\(index)"])
            let offset = TargetResolution.offset(of: identity, interval: 15_000)
            #expect(offset == TargetResolution.offset(of: identity, interval: 15_000))
            buckets[Int(offset / 1_000)] += 1
        }
        #expect(buckets.allSatisfy { (50...150).contains($0) })
    }

    @Test func `A slow target delays no other`() async {
        let clock = HandClock(0)
        let sink = RecordingSink()
        let manager = Self.manager(HangingFetching(hung: "http://slow/metrics"), clock, sink)
        manager.apply([Self.job(["slow", "quick"])])
        #expect(await Self.until { clock.sleepers == 2 })
        for slot in 1...3 {
            clock.advance(to: Int64(slot) * 15_000 + 14_999)
            #expect(await Self.until { sink.values("a{instance=\"quick\", job=\"j\"}").count >= slot })
        }
        #expect(sink.values("a{instance=\"slow\", job=\"j\"}").isEmpty)
        manager.apply([])
    }

    @Test func `A target that leaves the configuration ends with stale markers, one that stays goes on`() async {
        let clock = HandClock(0)
        let sink = RecordingSink()
        let manager = Self.manager(FakeFetching(text: "a 1\n"), clock, sink)
        manager.apply([Self.job(["x", "y"])])
        #expect(await Self.until { clock.sleepers == 2 })
        clock.advance(to: 29_999)
        #expect(
            await Self.until {
                sink.values("a{instance=\"y\", job=\"j\"}").count >= 1 && sink.values("a{instance=\"x\", job=\"j\"}").count >= 1
            })
        manager.apply([Self.job(["x"]) { $0.sampleLimit = 9 }])
        #expect(await Self.until { sink.values("up{instance=\"y\", job=\"j\"}").last == .some(nil) })
        #expect(!sink.values("a{instance=\"x\", job=\"j\"}").contains(nil))
        #expect(manager.targets().active.map(\.url) == ["http://x/metrics"])
        manager.apply([])
    }

    @Test func `Dropped targets are counted, and kept as many as asked for`() throws {
        var rule = RelabelRule()
        rule.action = .drop
        rule.sourceLabels = ["__address__"]
        try rule.setPattern("d.*")
        let manager = Self.manager(FakeFetching(text: ""), HandClock(0))
        manager.apply([
            Self.job(["d1", "d2", "d3", "x"]) {
                $0.relabelRules = [rule]
                $0.keepDroppedTargets = 2
            }
        ])
        #expect(manager.targets().dropped.count == 2)
        #expect(manager.targets().droppedCounts == ["j": 3])
        manager.apply([])
    }
}

/// Answers all but one target, which hangs until it is cancelled.
private struct HangingFetching: ScrapeFetching {
    let hung: String

    func fetch(_ request: ScrapeRequest) async throws -> ScrapeAnswer {
        if request.url == hung { try await Task.sleep(for: .seconds(3_600)) }
        return ScrapeAnswer(contentType: "text/plain", body: Array("a 1\n".utf8))
    }
}
