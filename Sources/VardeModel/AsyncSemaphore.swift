import Synchronization

/// So many at once, the others in the order they came.
package final class AsyncSemaphore: Sendable {
    private struct State {
        var running = 0
        var waiting: [CheckedContinuation<Bool, Never>] = []
    }

    private let state = Mutex(State())
    private let places: Int

    package init(places: Int) { self.places = places }

    package var load: (running: Int, waiting: Int) { state.withLock { ($0.running, $0.waiting.count) } }

    /// Returns once a place is free; `leave` is to follow. False, and without a place, where so many wait already.
    @discardableResult
    package func enter(mostWaiting: Int = .max) async -> Bool {
        await withCheckedContinuation { continuation in
            let answer = state.withLock { state -> Bool? in
                if state.running < places {
                    state.running += 1
                    return true
                }
                if state.waiting.count >= mostWaiting { return false }
                state.waiting.append(continuation)
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    package func leave() {
        // The place goes to the one who waited longest.
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            if state.waiting.isEmpty {
                state.running -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume(returning: true)
    }
}
