package import VardeModel

/// How series of two vectors find each other in a binary operation.
package struct VectorMatching: Sendable, Equatable {
    package enum Cardinality: String, Sendable {
        case oneToOne = "one-to-one"
        case manyToOne = "many-to-one"
        case oneToMany = "one-to-many"
        case manyToMany = "many-to-many"
    }

    package var cardinality: Cardinality
    /// Labels named by `on` or `ignoring`.
    package var labels: [String]
    /// `on` rather than `ignoring`.
    package var on: Bool
    /// Labels `group_left` or `group_right` takes over from the side of the one.
    package var include: [String]
    /// Value for a series missing on the left.
    package var fillLeft: Double?
    /// Value for a series missing on the right.
    package var fillRight: Double?

    package init(
        cardinality: Cardinality = .oneToOne, labels: [String] = [], on: Bool = false, include: [String] = [], fillLeft: Double? = nil,
        fillRight: Double? = nil
    ) {
        self.cardinality = cardinality
        self.labels = labels
        self.on = on
        self.include = include
        self.fillLeft = fillLeft
        self.fillRight = fillRight
    }

    /// The labels by which a series is matched.
    package func matchLabels(_ own: Labels) -> Labels {
        on ? own.keeping(labels) : own.removing(labels + [Labels.metricName])
    }

    /// For each series of both sides the number of its match group; equal groups have equal numbers.
    package func groups(_ left: [Labels], _ right: [Labels]) -> (left: [Int], right: [Int], count: Int) {
        var ids: [Labels: Int] = [:]
        func id(_ own: Labels) -> Int {
            let key = matchLabels(own)
            if let id = ids[key] { return id }
            ids[key] = ids.count
            return ids.count - 1
        }
        let leftIDs = left.map(id)
        let rightIDs = right.map(id)
        return (leftIDs, rightIDs, ids.count)
    }
}

/// Labels that say what a metric is; they go where an operation makes something else of it.
package let metadataLabels: [String] = [Labels.metricName, "__type__", "__unit__"]

extension Labels {
    /// A copy without the metric's name, type and unit.
    func removingMetadata() -> Labels {
        // All of them begin with an underscore, and hardly anything else does.
        var kept: [Label] = []
        kept.reserveCapacity(count)
        for label in self {
            if label.name.utf8.first == UInt8(ascii: "_"), metadataLabels.contains(label.name) { continue }
            kept.append(label)
        }
        return Labels(sortedUnchecked: kept)
    }
}
