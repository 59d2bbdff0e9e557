import VardeModel

/// Runs of one series' samples, ascending each, as one: of several samples with one timestamp that of the last run stands.
enum SampleMerge {
    static func merge(_ runs: [SampleColumns], into columns: inout SampleColumns) {
        if runs.count == 1 { return append(runs[0], 0..<runs[0].count, to: &columns) }
        var positions = [Int](repeating: 0, count: runs.count)
        while true {
            var time = Int64.max
            var winner = -1
            for run in runs.indices where positions[run] < runs[run].count {
                let candidate = runs[run].timestamps[positions[run]]
                if candidate <= time {
                    time = candidate
                    winner = run
                }
            }
            if winner < 0 { return }
            for run in runs.indices where run != winner && positions[run] < runs[run].count && runs[run].timestamps[positions[run]] == time
            { positions[run] += 1 }
            // As long as no other run has anything as early, the winner's samples go over together.
            var bound = Int64.max
            for run in runs.indices where run != winner && positions[run] < runs[run].count {
                bound = min(bound, runs[run].timestamps[positions[run]])
            }
            let start = positions[winner]
            var end = start + 1
            while end < runs[winner].count, runs[winner].timestamps[end] < bound { end += 1 }
            append(runs[winner], start..<end, to: &columns)
            positions[winner] = end
        }
    }

    private static func append(_ run: SampleColumns, _ range: Range<Int>, to columns: inout SampleColumns) {
        if run.histograms.isEmpty, columns.histograms.isEmpty, columns.startTimestamps.isEmpty {
            columns.timestamps.append(contentsOf: run.timestamps[range])
            columns.values.append(contentsOf: run.values[range])
            return
        }
        for i in range {
            if !run.histograms.isEmpty, let histogram = run.histograms[i] {
                columns.append(run.timestamps[i], histogram)
            } else {
                columns.append(run.timestamps[i], run.values[i])
            }
        }
    }
}

extension SampleColumns {
    /// Forgets the samples behind the first `count`.
    mutating func truncate(to count: Int) {
        timestamps.removeLast(timestamps.count - count)
        values.removeLast(values.count - count)
        if !histograms.isEmpty { histograms.removeLast(histograms.count - count) }
        if !startTimestamps.isEmpty { startTimestamps.removeLast(startTimestamps.count - count) }
    }
}
