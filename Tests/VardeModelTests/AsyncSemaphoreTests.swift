import Synchronization
import Testing
import VardeModel

/// Places for a few, and a queue for the others.
@Suite struct AsyncSemaphoreTests {
    private final class Entered: Sendable {
        private let numbers = Mutex<[Int]>([])

        var all: [Int] { numbers.withLock { $0 } }
        func add(_ number: Int) { numbers.withLock { $0.append(number) } }
    }

    @Test func `Those who wait are let in in the order they came, and those beyond the queue are sent away`() async {
        let semaphore = AsyncSemaphore(places: 2)
        let entered = Entered()
        for _ in 0..<2 { #expect(await semaphore.enter(mostWaiting: 0)) }
        #expect(await !semaphore.enter(mostWaiting: 0))
        await withTaskGroup(of: Void.self) { group in
            for number in 1...3 {
                group.addTask {
                    await semaphore.enter(mostWaiting: 3)
                    entered.add(number)
                    semaphore.leave()
                }
                while semaphore.load.waiting < number { await Task.yield() }
            }
            #expect(await !semaphore.enter(mostWaiting: 3))
            #expect(semaphore.load == (2, 3))
            semaphore.leave()
            await group.waitForAll()
        }
        #expect(entered.all == [1, 2, 3])
        #expect(semaphore.load == (1, 0))
    }
}
