import Foundation
import VardeKernels
import VardeModel
import VardeWire

@testable import VardeCollect

/// How fast scraped text is read on one core: by itself, and as a target's scrapes up to the batch that goes to the store.
enum ParseBench {
    /// A store that numbers series and keeps nothing.
    private final class NumberingSink: SampleSink, @unchecked Sendable {  // Used by one thread.
        private var next: UInt64 = 0

        func resolve(_ all: [Labels], isOwn: Bool) throws(IngestError) -> [SeriesRef] {
            next += UInt64(all.count)
            return (0..<UInt64(all.count)).map { SeriesRef(id: next - $0) }
        }

        func append(_ batch: SampleBatch) async throws(IngestError) -> AppendReport { AppendReport() }
    }

    private static let samples = 1_000
    private static let targets = 64

    static func run() throws {
        let bodies = pages()
        let bytes = bodies[0].count
        print("a body of \(samples) samples, \(bytes / 1000) kB                       MB/s     M samples/s")
        report("new: lines", bytes, best { try lines(bodies[0]) })
        report("new: lines and labels", bytes, best { try labels(bodies[0]) })
        report(
            "new: a target's first scrape", bytes,
            best {
                var scraper = scraper(); try scrape(&scraper, bodies[0])
            })
        var still = scraper()
        try scrape(&still, bodies[0])
        report("the same body again", bytes, best { try scrape(&still, bodies[0]) })
        var moving = scraper()
        var turn = 0
        report(
            "the same series, other values", bytes,
            best {
                turn += 1
                try scrape(&moving, bodies[turn % bodies.count])
            })
        // As in life: between two scrapes of a target come those of all others.
        var fleet = (0..<targets).map { _ in scraper() }
        for index in fleet.indices { try scrape(&fleet[index], bodies[0]) }
        report(
            "the same, \(targets) targets in turn", bytes,
            best {
                turn += 1
                for index in fleet.indices { try scrape(&fleet[index], bodies[turn % bodies.count]) }
            }, bodies: targets)
    }

    private static func scraper() -> TargetScraper {
        TargetScraper(
            config: ScrapeConfig(jobName: "j", interval: 15_000, timeout: 10_000),
            identity: TargetIdentity(job: "j", url: "http://a/metrics", labels: ["job": "j", "instance": "a:1"]), sink: NumberingSink())
    }

    private static func scrape(_ scraper: inout TargetScraper, _ body: [UInt8]) throws {
        var batch = SampleBatch()
        var outcome = TargetScraper.Outcome()
        try scraper.read(body, .text0, at: 1_000, into: &batch, &outcome)
        precondition(batch.count == samples)
    }

    private static func lines(_ body: [UInt8]) throws {
        var parser = ExpositionParser(.text0)
        while try parser.next(body.span) != nil {}
    }

    private static func labels(_ body: [UInt8]) throws {
        var parser = ExpositionParser(.text0)
        var decoder = SeriesDecoder()
        while let line = try parser.next(body.span) {
            if case .sample(let sample) = line { _ = try parser.labels(of: sample, body.span, &decoder) }
        }
    }

    /// One target's pages, some of whose numbers move.
    private static func pages() -> [[UInt8]] {
        var fleet = Fleet(seriesCount: samples, seed: 3)
        return (0..<8).map { _ in fleet.page() }
    }

    private static func report(_ title: String, _ bytes: Int, _ seconds: Double, bodies: Int = 1) {
        let name = title.padding(toLength: 44, withPad: " ", startingAt: 0)
        MicroBench.say("\(name)%12.0f %12.1f", Double(bytes * bodies) / seconds / 1e6, Double(samples * bodies) / seconds / 1e6)
    }

    /// Seconds of one run, the best of many in half a second.
    private static func best(_ body: () throws -> Void) -> Double {
        var best = Double.infinity
        let end = MicroBench.seconds() + 0.5
        while MicroBench.seconds() < end {
            let began = MicroBench.seconds()
            do { try body() } catch { fatalError("\(error)") }
            best = min(best, MicroBench.seconds() - began)
        }
        return best
    }
}
