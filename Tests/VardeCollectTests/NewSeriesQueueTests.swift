import Synchronization
import Testing

@testable import VardeCollect

/// Whose turn it is while new series are taken in.
@Suite struct NewSeriesQueueTests {
    private final class Said: Sendable {
        private let texts = Mutex<[String]>([])

        var all: [String] { texts.withLock { $0 } }
        func add(_ text: String) { texts.withLock { $0.append(text) } }
    }

    private static func until(_ holds: () -> Bool) async {
        for _ in 0..<200_000 where !holds() { await Task.yield() }
    }

    @Test func `Bodies are read in the order they came, and nobody asks for more while many bytes wait`() async {
        let queue = NewSeriesQueue(readers: 1)
        let said = Said()
        await queue.waitToRead(bytes: NewSeriesQueue.mostBytes)
        var tasks: [Task<Void, Never>] = []
        for number in 1...2 {
            tasks.append(
                Task {
                    await queue.waitToRead(bytes: 1)
                    said.add("read \(number)")
                    queue.hasRead(bytes: 1)
                })
            await Self.until { queue.waiting == number }
        }
        tasks.append(
            Task {
                await queue.waitToAsk { said.add("waits") }
                said.add("asked")
                queue.hasAsked()
            })
        await Self.until { queue.waiting == 3 && !said.all.isEmpty }
        #expect(said.all == ["waits"])
        queue.hasRead(bytes: NewSeriesQueue.mostBytes)
        for task in tasks { await task.value }
        let all = said.all
        #expect(all.sorted() == ["asked", "read 1", "read 2", "waits"])
        #expect(all.filter { $0.hasPrefix("read") } == ["read 1", "read 2"])
        #expect(queue.waiting == 0)
        // With room nobody waits, and many may read at once where so many may.
        await queue.waitToAsk { said.add("waits again") }
        #expect(said.all.count == 4)
    }
}
