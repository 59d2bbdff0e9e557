import NIOCore
import Synchronization
import VardeEgress

/// Ends work whose client hangs up.
struct HangUp: Sendable {
    private let slot: HangUpSlot?

    init(of channel: any Channel) {
        slot = HangUpSlots.all.withLock { $0[ObjectIdentifier(channel)] }
    }

    /// Runs `body` and cancels it once the client has closed its side of the connection.
    func cancelling<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let task = Task { try await body() }
        slot?.set { task.cancel() }
        defer { slot?.clear() }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}

/// Slots of the open connections, by their channel: how a request finds its connection's.
private enum HangUpSlots {
    static let all = Mutex<[ObjectIdentifier: HangUpSlot]>([:])
}

/// What to do when a connection's client hangs up; of its requests one runs at a time.
private final class HangUpSlot: Sendable {
    private let state = Mutex((hungUp: false, action: (@Sendable () -> Void)?.none))

    func set(_ action: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            state.action = action
            return state.hungUp
        }
        if isLate { action() }
    }

    func clear() { state.withLock { $0.action = nil } }

    func fire() {
        let action = state.withLock { state in
            state.hungUp = true
            return state.action
        }
        action?()
    }
}

/// Put behind the HTTP codec of a connection, it puts an eye before it, where the end of the client's bytes is seen at once: the codec
/// tells of it only when the answer is out; and the rules of HTTP/1 that the codec does not keep.
final class HangUpWatch: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Never

    private let slot = HangUpSlot()
    private let metrics: SelfMetrics

    init(_ metrics: SelfMetrics) { self.metrics = metrics }

    func handlerAdded(context: ChannelHandlerContext) {
        HangUpSlots.all.withLock { $0[ObjectIdentifier(context.channel)] = slot }
        // Without the eye, queries of clients that are gone run to their end.
        try? context.pipeline.syncOperations.addHandler(Eye(slot), position: .first)
        try? HTTP1Rules.add(to: context.pipeline.syncOperations, metrics)
        try? ReceiveWipe.add(to: context.pipeline.syncOperations)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        _ = HangUpSlots.all.withLock { $0.removeValue(forKey: ObjectIdentifier(context.channel)) }
    }

    private final class Eye: ChannelInboundHandler {
        typealias InboundIn = Never

        private let slot: HangUpSlot

        init(_ slot: HangUpSlot) {
            self.slot = slot
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if let event = event as? ChannelEvent, event == .inputClosed { slot.fire() }
            context.fireUserInboundEventTriggered(event)
        }

        func channelInactive(context: ChannelHandlerContext) {
            slot.fire()
            context.fireChannelInactive()
        }
    }
}
