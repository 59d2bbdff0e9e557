import Synchronization
import VardeDisk
import VardeKernels
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

    /// Enters exemplars in the log beside the samples they belong to, for who passes the log on. Nobody waits for them: a log that does
    /// not take them costs the receivers an exemplar.
    package func pass(on exemplars: [(series: Labels, exemplar: Exemplar)]) {
        let last: WriteAheadLog.Position? = state.withLock { state in
            var pass = AppendPass(bounds: 0...0, state: &state)
            defer { state.recordStorage = pass.record.takeStorage() }
            var record: [UInt8] = []
            for (labels, exemplar) in exemplars {
                guard let series = state.table.find(SeriesIdentity(labels)) else { continue }
                var edge = state.edges[Int(series)]
                if edge.logEpoch != state.epoch {
                    define(series, &edge, &state, &pass)
                    state.edges[Int(series)] = edge
                }
                Varint.append(UInt64(series), to: &record)
                ExemplarLogRecord.append(exemplar, to: &record)
            }
            if record.isEmpty { return nil }
            logDefinitions(&state, &pass)
            guard pass.failure == nil else {
                // What the log did not take is defined anew.
                state.epoch += 1
                return nil
            }
            return try? log.appendBuffered(kind: MetricLogRecord.exemplars, record.span)
        }
        if let last { Task { [log] in try? await log.sync(through: last) } }
    }
}
