package import VardeModel

extension LogLookups {
    /// Pages whose times and metadata are looked at to give exact figures. Of more pages only those at the range's ends and across a
    /// bucket's are read; whole ones count by the size of their lines, which the index has.
    private static let maxPagesRead = 20_000

    /// What one stream holds, bucket by bucket.
    private struct StreamVolume: Sendable {
        var entries = 0
        var pages = 0
        var bytes: [Int]
    }

    /// Streams, pages, lines and bytes of a selection.
    package func indexStats(
        _ matchers: [LabelMatcher], start: Int64, end: Int64, budget: QueryBudget = QueryBudget()
    ) throws(QueryError) -> LogIndexStats {
        var stats = LogIndexStats()
        let (_, volumes) = try volumes(matchers, VolumeBuckets(start: start, end: end, step: nil), budget)
        for volume in volumes where volume.entries > 0 {
            stats.streams += 1
            stats.chunks += volume.pages
            stats.entries += volume.entries
            stats.bytes += volume.bytes.reduce(0, +)
        }
        return stats
    }

    /// Bytes by group of streams, the largest first bucket first.
    ///
    /// - Parameters:
    ///   - targets: labels groups go by; where empty those the matchers name, and all where there are no matchers.
    ///   - step: nanoseconds of a bucket; nil for the whole range in one.
    ///   - limit: groups kept of each bucket, the largest.
    package func volume(
        _ matchers: [LabelMatcher], targets: [String] = [], by grouping: LogVolumeGrouping = .series, start: Int64, end: Int64,
        step: Int64? = nil, limit: Int, budget: QueryBudget = QueryBudget()
    ) throws(QueryError) -> [LogVolume] {
        let buckets = VolumeBuckets(start: start, end: end, step: step)
        if buckets.count > 11_000 {
            throw .badData(
                "exceeded maximum resolution of 11,000 points per time series. Try increasing the value of the step parameter")
        }
        var matchers = matchers
        for target in targets where !matchers.contains(where: { $0.name == target }) {
            matchers.append(LabelMatcher(target, .matches, ".+"))
        }
        let names = targets.isEmpty ? matchers.map(\.name) : targets
        let (streams, volumes) = try volumes(matchers, buckets, budget)
        var index: [Labels: Int] = [:]
        var groups: [(labels: Labels, bytes: [Int])] = []
        func add(_ labels: Labels, _ bytes: [Int]) throws(QueryError) {
            guard let known = index[labels] else {
                try budget.hold(bytes.count)
                index[labels] = groups.count
                groups.append((labels, bytes))
                return
            }
            for bucket in bytes.indices { groups[known].bytes[bucket] += bytes[bucket] }
        }
        for (stream, volume) in zip(streams, volumes) where volume.entries > 0 {
            switch grouping {
            case .series: try add(names.isEmpty ? stream.labels : stream.labels.keeping(names), volume.bytes)
            case .labels:
                for label in stream.labels where targets.isEmpty || targets.contains(label.name) {
                    try add(Labels(sortedUnchecked: [Label(label.name, "")]), volume.bytes)
                }
            }
        }
        return Self.largest(groups, buckets, limit)
    }

    /// The largest groups of each bucket, as series ordered by their first value.
    private static func largest(_ groups: [(labels: Labels, bytes: [Int])], _ buckets: VolumeBuckets, _ limit: Int) -> [LogVolume] {
        let names = groups.map(\.labels.description)
        var series = groups.map { LogVolume(labels: $0.labels, points: []) }
        for bucket in 0..<buckets.count {
            let ranked = groups.indices.filter { groups[$0].bytes[bucket] > 0 }.sorted { a, b in
                let x = groups[a].bytes[bucket]
                let y = groups[b].bytes[bucket]
                return x != y ? x > y : names[a].utf8Precedes(names[b])
            }
            for group in ranked.prefix(limit) { series[group].points.append((buckets.stamp(bucket), groups[group].bytes[bucket])) }
        }
        return groups.indices.filter { !series[$0].points.isEmpty }.sorted { a, b in
            let x = series[a].points[0].bytes
            let y = series[b].points[0].bytes
            return x != y ? x > y : names[a].utf8Precedes(names[b])
        }.map { series[$0] }
    }

    private func volumes(
        _ matchers: [LabelMatcher], _ buckets: VolumeBuckets, _ budget: QueryBudget
    ) throws(QueryError) -> (streams: [LogStream], volumes: [StreamVolume]) {
        if buckets.count == 0 { return ([], []) }
        let selection = try LogScan.select(source, LogRequest(matchers: matchers, start: buckets.start, end: buckets.end))
        let empty = Array(repeating: StreamVolume(bytes: Array(repeating: 0, count: buckets.count)), count: selection.streams.count)
        try budget.hold(empty.count * buckets.count)
        let readsAll = selection.pages.count <= Self.maxPagesRead
        let parts = try PageShares.run(selection.pages.count, threads: threads) { pages throws(QueryError) in
            var volumes = empty
            var columns = LogColumns()
            for index in pages {
                let page = selection.pages[index]
                let isWhole = page.firstTimestamp >= buckets.start && page.lastTimestamp < buckets.end
                if !readsAll, isWhole, buckets.index(of: page.firstTimestamp) == buckets.index(of: page.lastTimestamp) {
                    volumes[page.stream].pages += 1
                    volumes[page.stream].entries += page.entryCount
                    volumes[page.stream].bytes[buckets.index(of: page.firstTimestamp)] += page.byteCount
                    continue
                }
                try budget.check()
                try Self.reading { try selection.readTimes(page, into: &columns) }
                Self.add(columns, buckets, to: &volumes[page.stream])
            }
            return volumes
        }
        var total = empty
        for part in parts {
            for (stream, volume) in part.enumerated() where volume.pages > 0 {
                total[stream].entries += volume.entries
                total[stream].pages += volume.pages
                for bucket in volume.bytes.indices { total[stream].bytes[bucket] += volume.bytes[bucket] }
            }
        }
        return (selection.streams, total)
    }

    private static func add(_ columns: LogColumns, _ buckets: VolumeBuckets, to volume: inout StreamVolume) {
        let entries = columns.entries(from: buckets.start, to: buckets.end)
        if entries.isEmpty { return }
        volume.pages += 1
        volume.entries += entries.count
        var before = entries.lowerBound == 0 ? 0 : Int(columns.lineEnds[entries.lowerBound - 1])
        for entry in entries {
            let end = Int(columns.lineEnds[entry])
            volume.bytes[buckets.index(of: columns.timestamps[entry])] += end - before
            before = end
        }
        if !columns.metadataIndices.isEmpty { addMetadata(columns, entries, buckets, to: &volume) }
    }

    /// Bytes of a metadata pair beside its texts.
    private static let pairBytes = 8

    /// Counts metadata as it is stored: each text once a page, and a pair of numbers wherever it is used.
    private static func addMetadata(_ columns: LogColumns, _ entries: Range<Int>, _ buckets: VolumeBuckets, to volume: inout StreamVolume) {
        var isKnown = Array(repeating: false, count: columns.metadataSets.count)
        var texts: Set<String> = []
        for entry in entries {
            let set = Int(columns.metadataIndices[entry])
            let bucket = buckets.index(of: columns.timestamps[entry])
            volume.bytes[bucket] += columns.metadataSets[set].count * pairBytes
            if isKnown[set] { continue }
            isKnown[set] = true
            for label in columns.metadataSets[set] {
                for text in [label.name, label.value] where texts.insert(text).inserted { volume.bytes[bucket] += text.utf8.count }
            }
        }
    }
}
