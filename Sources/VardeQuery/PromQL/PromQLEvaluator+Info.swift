internal import VardeModel

/// What `info()` looks for: which info metrics, and which of their labels.
private struct InfoRequest {
    static let identifying = ["instance", "job"]

    /// Matchers of the info metrics' names, the implied one among them.
    var nameMatchers: [CompiledMatcher] = []
    /// Matchers of other labels by name; the labels to add where there are any.
    var dataMatchers: [String: [CompiledMatcher]] = [:]

    init(_ node: PromQLCall) throws(QueryError) {
        var names: [LabelMatcher] = []
        if node.arguments.count > 1, case .selector(let selector) = node.arguments[1].unwrapped {
            for matcher in selector.matchers {
                if matcher.name == Labels.metricName {
                    names.append(matcher)
                } else {
                    dataMatchers[matcher.name, default: []].append(try Self.compile(matcher))
                }
            }
        }
        if names.isEmpty {
            names = [LabelMatcher(Labels.metricName, .equal, "target_info")]
        } else if !names.contains(where: { $0.operation == .equal || $0.operation == .matches }) {
            names.insert(LabelMatcher(Labels.metricName, .matches, ".+_info"), at: 0)
        }
        for matcher in names { nameMatchers.append(try Self.compile(matcher)) }
    }

    private static func compile(_ matcher: LabelMatcher) throws(QueryError) -> CompiledMatcher {
        do throws {
            return try CompiledMatcher(matcher)
        } catch {
            throw .execution("\(error)")
        }
    }

    /// Whether a series is itself an info series and stays as it is.
    func isInfo(_ labels: Labels) -> Bool { nameMatchers.allSatisfy { $0.matches(labels.name) } }

    /// Whether series without a matching info series are kept.
    var keepsUnmatched: Bool { dataMatchers.values.allSatisfy { $0.allSatisfy { $0.matches("") } } }

    /// The matchers to select info series by, for base series with these values of identifying labels.
    func selection(_ values: [String: Set<String>]) -> [LabelMatcher] {
        var matchers = values.sorted { $0.key < $1.key }.map { name, values in
            LabelMatcher(name, .matches, values.sorted().map(Self.escaped).joined(separator: "|"))
        }
        for (_, own) in dataMatchers.sorted(by: { $0.key < $1.key }) { matchers += own.map(\.matcher) }
        return matchers + nameMatchers.map(\.matcher)
    }

    private static func escaped(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            if "\\.+*?()|[]{}^$".unicodeScalars.contains(scalar) { out += "\\" }
            out.unicodeScalars.append(scalar)
        }
        return out
    }

    /// What joins base and info series of one metric.
    static func signature(_ labels: Labels, infoName: String) -> Labels {
        labels.keeping(identifying).setting(Labels.metricName, to: infoName)
    }
}

extension PromQLEvaluator {
    /// `info()`: adds labels of info series that share `instance` and `job`.
    func info(_ node: PromQLCall, _ grid: StepGrid, _ notes: inout PromQLAnnotations) throws(QueryError) -> StepMatrix {
        let request = try InfoRequest(node)
        let base = try vector(node.arguments[0], grid, &notes)
        let isInfo = base.labels.map(request.isInfo)
        var values: [String: Set<String>] = [:]
        for series in 0..<base.seriesCount where !isInfo[series] {
            for name in InfoRequest.identifying {
                if let value = base.labels[series][name] { values[name, default: []].insert(value) }
            }
        }
        let shift = Self.firstShift(node.arguments[0], offset: 0)
        let infos = values.isEmpty ? StepMatrix(grid: grid) : try infoTimes(request.selection(values), shift, grid)
        return try combine(base, isInfo, infos, request)
    }

    /// `@` and `offset` that govern the first selector of an expression, those of subqueries around it included.
    private static func firstShift(_ expression: PromQLExpression, offset: Int64) -> PromQLTimeShift? {
        switch expression {
        case .selector(let node): return node.shift
        case .range(let node): return node.selector.shift
        case .subquery(let node):
            guard var inner = firstShift(node.expression, offset: 0) else { return nil }
            if inner.at == nil {
                inner.offset += node.shift.offset
                inner.at = node.shift.at
            }
            return inner
        case .paren(let node): return firstShift(node.expression, offset: 0)
        case .unary(let node): return firstShift(node.expression, offset: 0)
        case .aggregate(let node):
            return firstShift(node.expression, offset: 0) ?? node.parameter.flatMap { firstShift($0, offset: 0) }
        case .binary(let node): return firstShift(node.left, offset: 0) ?? firstShift(node.right, offset: 0)
        case .call(let node):
            for argument in node.arguments { if let shift = firstShift(argument, offset: 0) { return shift } }
            return nil
        case .number, .string: return nil
        }
    }

    /// For each info series and step the time of its sample (ms) as value.
    private func infoTimes(_ matchers: [LabelMatcher], _ shift: PromQLTimeShift?, _ grid: StepGrid) throws(QueryError) -> StepMatrix {
        let shift = shift ?? PromQLTimeShift()
        let times = referenceTimes(shift, grid)
        let selection = try select(matchers, from: times.first - options.lookback + 1, through: times.last)
        var reader = selection.reader(from: times.first - options.lookback + 1, through: times.last)
        var columns = SampleColumns()
        var row = StepRow(stepCount: grid.count)
        var result = StepMatrix(grid: grid)
        for series in 0..<selection.count {
            try budget.check()
            columns.removeAll()
            try reader.samples(at: series, into: &columns)
            budget.noteRead(columns.count)
            row.removeAll()
            var next = 0
            for step in 0..<grid.count {
                let reference = (shift.fixedTime ?? grid.time(step)) - shift.offset
                while next < columns.count, columns.timestamps[next] <= reference { next += 1 }
                if next == 0 || columns.timestamps[next - 1] <= reference - options.lookback { continue }
                if !columns.histograms.isEmpty, let histogram = columns.histograms[next - 1] {
                    if histogram.sum.isStaleMarker { continue }
                    throw .execution("this should be an info metric, with float samples: \(selection.labels(at: series))")
                }
                if !columns.values[next - 1].isStaleMarker { row.set(step, Double(columns.timestamps[next - 1])) }
            }
            if !row.isEmpty { result.append(selection.labels(at: series), row) }
        }
        return result
    }

    private func combine(
        _ base: StepMatrix, _ isInfo: [Bool], _ infos: StepMatrix, _ request: InfoRequest
    ) throws(QueryError)
        -> StepMatrix
    {
        let grid = base.grid
        let names = Set(infos.labels.map(\.name)).sorted()
        var ids: [Labels: Int] = [:]
        func id(_ signature: Labels) -> Int {
            if let id = ids[signature] { return id }
            ids[signature] = ids.count
            return ids.count - 1
        }
        let infoIDs = infos.labels.map { id(InfoRequest.signature($0, infoName: $0.name)) }
        let baseIDs = base.labels.map { own in names.map { id(InfoRequest.signature(own, infoName: $0)) } }
        var result = StepMatrix(grid: grid)
        var rows: [Labels: Int] = [:]
        var newest = [Int](repeating: -1, count: ids.count)
        for step in 0..<grid.count {
            for i in newest.indices { newest[i] = -1 }
            for series in 0..<infos.seriesCount where infos.kind(series, step) == PointKind.float {
                let place = infoIDs[series]
                let time = infos.value(series, step)
                if newest[place] < 0 || infos.value(newest[place], step) < time {
                    newest[place] = series
                } else if infos.value(newest[place], step) == time {
                    throw .execution(
                        "found duplicate series for info metric: existing \(infos.labels[newest[place]].matchText) @ \(Int64(time)), "
                            + "new \(infos.labels[series].matchText) @ \(Int64(time))")
                }
            }
            for series in 0..<base.seriesCount where base.kind(series, step) != PointKind.absent {
                var labels = base.labels[series]
                if !isInfo[series] {
                    let matches = baseIDs[series].map { newest[$0] }.filter { $0 >= 0 }
                    if matches.isEmpty, !request.keepsUnmatched { continue }
                    labels = try enriched(labels, with: matches.map { infos.labels[$0] }, request)
                }
                let row: Int
                if let known = rows[labels] {
                    row = known
                } else {
                    row = result.seriesCount
                    rows[labels] = row
                    result.appendEmpty(labels, dropsName: base.dropsName[series])
                }
                if result.kind(row, step) != PointKind.absent {
                    throw .sameLabels
                }
                result.copy(row, step, from: base, series)
            }
        }
        return result
    }

    private func enriched(_ own: Labels, with infos: [Labels], _ request: InfoRequest) throws(QueryError) -> Labels {
        var added = Labels.empty
        for info in infos {
            for label in info where label.name != Labels.metricName {
                if !request.dataMatchers.isEmpty, request.dataMatchers[label.name] == nil { continue }
                if let before = added[label.name], before != label.value { throw .execution("conflicting label: \(label.name)") }
                if own[label.name] == nil { added.set(label.name, to: label.value) }
            }
        }
        var labels = own
        for label in added { labels.set(label.name, to: label.value) }
        return labels
    }
}
