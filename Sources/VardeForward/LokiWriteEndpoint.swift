package import VardeCollect
package import VardeModel

/// One of `loki_write`: a store that takes Loki's push API.
package struct LokiWriteEndpoint: ForwardEndpoint, Equatable {
    package var target: ForwardTarget
    package var queue = LokiWriteEndpoint.usualQueue
    /// Of stream labels.
    package var relabelRules: [RelabelRule] = []
    /// Labels of this server, where a stream has none of the name.
    package var externalLabels = Labels.empty

    /// Sizes are bytes of lines here.
    package static var usualQueue: ForwardQueue {
        var queue = ForwardQueue()
        queue.capacity = 4 << 20
        queue.mostPerSend = 1 << 20
        queue.maxShards = 4
        queue.deadline = 1_000
        queue.minBackoff = 500
        return queue
    }

    package init(target: ForwardTarget) { self.target = target }
}
