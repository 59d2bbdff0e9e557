package import VardeCollect
package import VardeModel

/// One of `loki_write`: a store that takes Loki's push API.
package struct LokiWriteEndpoint: Sendable, Equatable {
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

    /// What a stream is sent as: with the server's labels, then relabelled; nil where it is not sent.
    func labels(_ labels: Labels) -> Labels? {
        var all = labels
        for label in externalLabels where all[label.name] == nil { all.set(label.name, to: label.value) }
        guard let relabelled = RelabelRule.apply(relabelRules, to: all), !relabelled.isEmpty else { return nil }
        return relabelled
    }
}
