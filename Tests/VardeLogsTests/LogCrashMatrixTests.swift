import TestSupport
import Testing
import VardeDisk
import VardeModel

@testable import VardeLogs

/// As the metric store's crash matrix, for lines: none acknowledged is lost or doubled, whatever call fails and however it ends.
@Suite struct LogCrashMatrixTests {
    /// Lines asked for and lines acknowledged, as `lines` shows them.
    private struct Ledger {
        var acknowledged: Set<String> = []
        var attempted: Set<String> = []
    }

    private static func append(_ store: LogStore, _ app: String, _ entries: [(Int64, String)], _ ledger: inout Ledger) async {
        let texts = entries.map { "{app=\"\(app)\"} \($0.0) \($0.1)" }
        ledger.attempted.formUnion(texts)
        guard (try? await store.append([write(["app": app], entries)])) != nil else { return }
        ledger.acknowledged.formUnion(texts)
    }

    private static func script(_ ground: LogStoreGround, _ store: LogStore, _ ledger: inout Ledger) async {
        for round in 0..<5 as Range<Int64> {
            for app in ["a", "b"] {
                await append(store, app, (0..<3).map { (noon + round * second + Int64($0), "line \(round) \($0)") }, &ledger)
            }
            // Out of order, another day, and the same again.
            await append(store, "a", [(noon - 86_400 * second + round, "yesterday \(round)"), (noon, "line 0 0")], &ledger)
            try? store.flush()
        }
        try? store.maintain(now: ground.clock.now)
        await append(store, "b", [(noon + 60 * second, "after the merge")], &ledger)
        try? store.close()
    }

    @Test(arguments: [InMemoryFileSystem.Failure.error(5), .short(28), .crash], [true, false])
    func `whatever call fails, no acknowledged line is lost or doubled`(failure: InMemoryFileSystem.Failure, cutsPower: Bool) async throws {
        var n = 1
        while true {
            let ground = try LogStoreGround()
            let store = try ground.open()
            var ledger = Ledger()
            ground.files.fail(atCall: n, failure)
            await Self.script(ground, store, &ledger)
            let isOver = !ground.files.hasFailed
            if cutsPower { ground.files.powerCut() } else { ground.files.processKill() }
            let place = "call \(n), \(failure), power \(cutsPower)"
            var again = try ground.open()
            var found = try lines(again, everything)
            #expect(
                Set(found).isSuperset(of: ledger.acknowledged), "\(place): \(ledger.acknowledged.subtracting(found).sorted().prefix(3))")
            #expect(Set(found).isSubset(of: ledger.attempted) && Set(found).count == found.count, "\(place)")
            #expect(again.damage == [], "\(place)")
            await Self.append(again, "a", [(noon + 90 * second, "afterwards")], &ledger)
            try again.flush()
            again = try ground.open()
            found = try lines(again, everything)
            #expect(Set(found).isSuperset(of: ledger.acknowledged) && Set(found).count == found.count, "\(place), afterwards")
            if isOver { break }
            n += 1
        }
        #expect(n > 60)
    }
}
