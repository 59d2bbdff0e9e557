package import VardeCollect
package import VardeModel

/// Whom samples or lines are sent on to.
package protocol ForwardEndpoint: Sendable {
    var target: ForwardTarget { get set }
    /// Of the labels of what is sent.
    var relabelRules: [RelabelRule] { get }
    /// Labels of this server, where what is sent has none of the name.
    var externalLabels: Labels { get }
}

extension ForwardEndpoint {
    /// What a series or stream is sent as: with the server's labels, then relabelled; nil where it is not sent.
    func labels(_ labels: Labels) -> Labels? {
        var all = labels
        for label in externalLabels where all[label.name] == nil { all.set(label.name, to: label.value) }
        guard let relabelled = RelabelRule.apply(relabelRules, to: all), !relabelled.isEmpty else { return nil }
        return relabelled
    }
}

extension Array where Element: ForwardEndpoint {
    /// Appends an endpoint, named by its address where it has no name; whether the name is its own.
    package mutating func append(named endpoint: Element) -> Bool {
        var endpoint = endpoint
        if endpoint.target.name.isEmpty {
            // As the place in the log goes by it, it is the same after every start.
            let same = count { $0.target.shownURL == endpoint.target.shownURL }
            endpoint.target.name = endpoint.target.shownURL + (same == 0 ? "" : "#\(same + 1)")
        }
        let isNew = !contains { $0.target.name == endpoint.target.name }
        append(endpoint)
        return isNew
    }
}
