import Synchronization
import Testing
import VardeModel

@testable import VardeCollect

@Suite struct GatheringSinkTests {
    private static func batch(_ sink: GatheringSink, _ names: [String]) throws -> SampleBatch {
        var batch = SampleBatch()
        for (index, name) in names.enumerated() { batch.append(try sink.resolve(["__name__": name]), 1, Double(index)) }
        return batch
    }

    @Test func `Batches that come together go on as one, each with its own refs that are stale`() async throws {
        let inner = RecordingSink()
        let sink = GatheringSink(inner) { while $0.count < 3 { await Task.yield() } }
        let old = try Self.batch(sink, ["a", "b"])
        inner.state.withLock { $0.generation += 1 }
        let new = try Self.batch(sink, ["c"])
        let stale = try await withThrowingTaskGroup(of: [Int].self) { group in
            for batch in [new, old, new] { group.addTask { try await sink.append(batch).staleRefs } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(stale.sorted { $0.count < $1.count } == [[], [], [0, 1]])
        #expect(inner.state.withLock { $0.appends } == 1)
        #expect(inner.values("c") == [0, 0])
    }

    @Test func `Histograms and exemplars stay with their samples`() async throws {
        let inner = RecordingSink()
        let sink = GatheringSink(inner) { while $0.count < 3 { await Task.yield() } }
        var batch = try Self.batch(sink, ["a", "b"])
        batch.exemplars = [(1, Exemplar(labels: ["t": "1"], value: 2, timestamp: 3))]
        batch.append(try sink.resolve(["__name__": "h"]), 1, NativeHistogram(count: 5))
        let whole = batch
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<3 { group.addTask { _ = try await sink.append(whole) } }
            try await group.waitForAll()
        }
        #expect(inner.state.withLock { $0.exemplars[["__name__": "b"]]?.count } == 3)
        #expect(inner.state.withLock { $0.histograms[["__name__": "h"]]?.map(\.count) } == [5, 5, 5])
        #expect(inner.values("a") == [0, 0, 0])
    }

    @Test func `A refusal reaches all who wait`() async throws {
        let inner = RecordingSink()
        let sink = GatheringSink(inner) { _ in }
        let batch = try Self.batch(sink, ["a"])
        inner.state.withLock { $0.failure = .unavailable("full") }
        await #expect(throws: IngestError.unavailable("full")) { try await sink.append(batch) }
        inner.state.withLock { $0.failure = nil }
        #expect(try await sink.append(batch).accepted == 1)
    }
}
