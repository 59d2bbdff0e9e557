import Synchronization
import VardeModel

/// Keeps bodies whose series are all new from taking the machine: to read one costs a hundred times what one of known series costs, and
/// after a start every target's series are new.
///
/// A few bodies are read at a time, in the order they came. Once many bytes wait for that, targets wait before they are asked, so that
/// what is asked for can soon be read, and no target times out because others stand before it. An answer that is slow to come takes
/// nobody's turn.
final class NewSeriesQueue: Sendable {
    private struct State {
        /// Bytes of bodies that wait or are being read.
        var bytes = 0
        var askersWaiting: [CheckedContinuation<Void, Never>] = []
    }

    /// Bytes of bodies that wait, beyond which nobody asks for more.
    static let mostBytes = 64 << 20
    /// Bytes of room that let one asker in more.
    static let roomOfOne = 1 << 20

    private let state = Mutex(State())
    private let readers: AsyncSemaphore

    /// - Parameter readers: bodies read at once.
    init(readers: Int) { self.readers = AsyncSemaphore(places: readers) }

    /// Targets that wait to be asked or read.
    var waiting: Int { state.withLock { $0.askersWaiting.count } + readers.load.waiting }

    /// Returns once a target may be asked. `hasAsked` is to follow when its answer is there, or fails to come.
    ///
    /// - Parameter onWait: is told where it has to wait.
    func waitToAsk(_ onWait: () -> Void = {}) async {
        await withCheckedContinuation { continuation in
            let mayAsk = state.withLock { state in
                if state.askersWaiting.isEmpty, state.bytes < Self.mostBytes { return true }
                state.askersWaiting.append(continuation)
                return false
            }
            if mayAsk { return continuation.resume() }
            onWait()
            letAskersIn()
        }
    }

    func hasAsked() { letAskersIn() }

    /// Returns once a body may be read. `hasRead` is to follow.
    func waitToRead(bytes: Int) async {
        state.withLock { $0.bytes += bytes }
        await readers.enter()
    }

    func hasRead(bytes: Int) {
        state.withLock { $0.bytes -= bytes }
        readers.leave()
        letAskersIn()
    }

    /// Lets in those who waited longest, more where there is more room: who was let in may be slow.
    private func letAskersIn() {
        let due = state.withLock { state in
            let room = Self.mostBytes - state.bytes
            let due = room <= 0 ? 0 : min(state.askersWaiting.count, 1 + room / Self.roomOfOne)
            defer { state.askersWaiting.removeFirst(due) }
            return Array(state.askersWaiting.prefix(due))
        }
        for one in due { one.resume() }
    }
}
