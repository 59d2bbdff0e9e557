import TestSupport
import Testing
import VardeDisk
import VardeModel

@testable import VardeMetrics

/// The n-th call to the disk fails, for every n of a script that does everything a store does; then the machine loses power or the
/// process is killed. What was acknowledged is there, what was not is there or absent, and the store goes on.
@Suite struct CrashMatrixTests {
    private static let now = StoreUnderTest.now
    private static let day: Int64 = 86_400_000

    enum Ending: CaseIterable { case powerCut, kill }
    enum Fault: CaseIterable {
        case error, short, crash

        var failure: InMemoryFileSystem.Failure {
            switch self {
            case .error: .error(5)
            case .short: .short(28)
            case .crash: .crash
            }
        }
    }

    /// What was asked of a store, and what it said was done.
    private struct Ledger {
        var acknowledged: [Labels: [Int64: UInt64]] = [:]
        var attempted: [Labels: [Int64: Set<UInt64>]] = [:]

        /// Every sample that was acknowledged and not overwritten by an attempt since is there, and nothing that was never sent.
        func check(_ found: [Labels: [Int64: UInt64]], from: Int64, _ place: String) {
            for (labels, samples) in acknowledged {
                for (time, bits) in samples where time >= from { #expect(found[labels]?[time] == bits, "\(place): \(labels) at \(time)") }
            }
            for (labels, samples) in found {
                for (time, bits) in samples { #expect(attempted[labels]?[time]?.contains(bits) == true, "\(place): \(labels) at \(time)") }
            }
        }
    }

    private static func write(_ test: StoreUnderTest, _ samples: [(Labels, Int64, Double)], _ ledger: inout Ledger) async {
        for (labels, time, value) in samples {
            ledger.attempted[labels, default: [:]][time, default: []].insert(value.bitPattern)
            // Whether it is overwritten is not known until it is acknowledged.
            if ledger.acknowledged[labels]?[time] != value.bitPattern { ledger.acknowledged[labels]?[time] = nil }
        }
        guard (try? await test.write(samples)) != nil else { return }
        for (labels, time, value) in samples { ledger.acknowledged[labels, default: [:]][time] = value.bitPattern }
    }

    private static func script(_ test: StoreUnderTest, _ ledger: inout Ledger) async {
        func labels(_ i: Int) -> Labels { ["__name__": "m", "i": "\(i)"] }
        for round in 0..<4 as Range<Int64> {
            // Today, yesterday out of order, and what will have expired at the end; one sample is overwritten each round.
            await write(test, (0..<4).map { (labels($0), now - 60_000 + round * 1_000, Double($0) + Double(round) / 8) }, &ledger)
            await write(test, [(labels(0), now - day - round, 1), (labels(1), now - 14 * day + round, 2)], &ledger)
            await write(test, [(labels(2), now - 90_000, Double(round))], &ledger)
            try? test.store.maintain(now: now, force: round > 0)
        }
        try? test.store.maintain(now: now + 2 * day)
        await write(test, [(labels(3), now - 1, 9), (["__name__": "later"], now, 1)], &ledger)
        try? test.store.close()
    }

    @Test(arguments: Fault.allCases, Ending.allCases)
    func `whatever call fails, what was acknowledged is there`(fault: Fault, ending: Ending) async throws {
        var n = 1
        while true {
            let test = try StoreUnderTest { options in
                options.mergeWidth = 2
                options.leastSamplesCut = 1
            }
            var ledger = Ledger()
            test.files.fail(atCall: n, fault.failure)
            await Self.script(test, &ledger)
            let isOver = !test.files.hasFailed
            if ending == .powerCut { test.files.powerCut() } else { test.files.processKill() }
            try test.reopen()
            let place = "call \(n), \(fault), \(ending)"
            ledger.check(try test.dump(), from: Self.now - 13 * Self.day, place)
            #expect(test.store.damage == [], "\(place)")
            // And it goes on.
            await Self.write(test, [(["__name__": "m", "i": "0"], Self.now + 1, 77)], &ledger)
            try test.store.maintain(now: Self.now, force: true)
            try test.reopen()
            ledger.check(try test.dump(), from: Self.now - 13 * Self.day, place + ", afterwards")
            if isOver { break }
            n += 1
        }
        #expect(n > 60)
    }

    @Test func `recovery may fail and be tried again`() async throws {
        var n = 1
        while true {
            let test = try StoreUnderTest()
            var ledger = Ledger()
            await Self.write(test, [(["__name__": "a"], Self.now, 1), (["__name__": "b"], Self.now, 2)], &ledger)
            try test.store.maintain(now: Self.now, force: true)
            await Self.write(test, [(["__name__": "a"], Self.now + 1, 3)], &ledger)
            test.files.powerCut()
            test.files.fail(atCall: n, .error(5))
            let isOpen = (try? test.reopen()) != nil
            let isOver = !test.files.hasFailed
            test.files.processKill()
            // A block that cannot be opened now is not lost: it is damage told, and there at the next start.
            if !isOpen || !test.store.damage.isEmpty { try test.reopen() }
            ledger.check(try test.dump(), from: .min, "call \(n)")
            if isOver { break }
            n += 1
        }
        #expect(n > 10)
    }

    @Test func `a catalog that is lost at any time is made anew from the files`() async throws {
        for cuts in 0..<4 {
            let test = try StoreUnderTest { $0.mergeWidth = 2 }
            var ledger = Ledger()
            for round in 0..<cuts as Range<Int> {
                await Self.write(
                    test, [(["__name__": "m"], Self.now + Int64(round), 1), (["__name__": "m"], Self.now - 5, Double(round))], &ledger)
                try test.store.maintain(now: Self.now, force: true)
            }
            await Self.write(test, [(["__name__": "m"], Self.now + 10, 5)], &ledger)
            test.files.powerCut()
            let catalog = try Catalog(path: nil)
            test.store = try MetricStore.open(directory: "/data", fileSystem: test.files, catalog: catalog, options: test.options) {
                Self.now
            }
            ledger.check(try test.dump(), from: .min, "\(cuts) cuts")
            #expect(try catalog.files(of: "metrics").count == test.store.statistics.blocks)
            #expect(test.store.statistics.blocks == test.files.paths.filter { $0.hasSuffix(".block") }.count)
        }
    }
}
