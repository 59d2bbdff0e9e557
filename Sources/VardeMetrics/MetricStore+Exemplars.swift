import Synchronization
package import VardeModel

extension MetricStore {
    /// The labels refs stand for, nil for refs the store no longer knows: what exemplars of a batch belong to.
    package func labels(of refs: [SeriesRef]) -> [Labels?] {
        state.withLock { state in
            refs.map { ref in
                let series = UInt32(truncatingIfNeeded: ref.id)
                guard UInt32(truncatingIfNeeded: ref.id >> 32) == state.generation, Int(series) < state.table.count else { return nil }
                return state.table.labels(series)
            }
        }
    }
}
