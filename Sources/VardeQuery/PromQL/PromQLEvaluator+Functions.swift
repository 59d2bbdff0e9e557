internal import VardeCompression
internal import VardeModel

extension PromQLEvaluator {
    /// Functions that are more than a transform of each series of a leaf.
    func call(_ node: PromQLCall, _ grid: StepGrid, _ notes: inout PromQLAnnotations) throws(QueryError) -> StepMatrix {
        let name = node.function.name
        if let function = RangeFunction(rawValue: name) { return try rangeFunction(function, node, grid, &notes) }
        if let function = DateFunction(rawValue: name), node.arguments.isEmpty {
            return constant((0..<grid.count).map { function(Double(grid.time($0) / 1000)) }, grid)
        }
        if RowTransform.functions.contains(name) {
            var evaluator = self
            if let function = HistogramFunction(rawValue: name), function.needsNoBuckets { evaluator.wantsStats = true }
            let input = try evaluator.vector(node.arguments[0], grid, &notes)
            guard let transform = try transform(node, grid, &notes) else {
                throw .execution("function \"\(name)\" is not implemented")
            }
            return apply([transform], to: input, &notes)
        }
        switch name {
        case "vector": return constant(try scalar(node.arguments[0], grid, &notes), grid)
        case "absent": return try absent(node, grid, &notes)
        case "sort", "sort_desc", "sort_by_label", "sort_by_label_desc": return try sort(node, grid, &notes)
        case "label_replace": return try labelReplace(node, grid, &notes)
        case "label_join": return try labelJoin(node, grid, &notes)
        case "histogram_quantile", "histogram_quantiles", "histogram_fraction":
            return try withBuckets.histogramFunction(node, grid, &notes)
        case "info": return try info(node, grid, &notes)
        case "logql": return try logql(node, grid)
        default: throw .execution("function \"\(name)\" is not implemented")
        }
    }

    private func rangeFunction(
        _ function: RangeFunction, _ node: PromQLCall, _ grid: StepGrid, _ notes: inout PromQLAnnotations
    )
        throws(QueryError) -> StepMatrix
    {
        if function == .absent {
            var present = node
            present.function.name = RangeFunction.present.rawValue
            if case .range(let range) = node.arguments[0].unwrapped { try check(range.selector, function) }
            // Series that differ by their names alone are no error here: nothing of them is left.
            let matrix = try namedVector(.call(present), grid, &notes)
            return absence(of: matrix, labels: Self.absentLabels(node.arguments[0]), dropsName: true)
        }
        guard let place = node.arguments.firstIndex(where: { $0.type == .matrix }),
            case .subquery(let subquery) = node.arguments[place].unwrapped
        else { throw .execution("function \"\(function.rawValue)\" needs a range vector") }
        return try subqueryFunction(function, node, subquery, place, grid, &notes)
    }

    /// One series without labels.
    private func constant(_ values: [Double], _ grid: StepGrid) -> StepMatrix {
        var matrix = StepMatrix(grid: grid)
        matrix.appendEmpty(.empty)
        for step in 0..<grid.count { matrix.set(0, step, values[step]) }
        return matrix
    }

    private func logql(_ node: PromQLCall, _ grid: StepGrid) throws(QueryError) -> StepMatrix {
        guard let evaluate = options.logql else { throw .execution("logql() needs a log store and there is none") }
        do {
            return try evaluate(try text(node.arguments[0]), grid, budget)
        } catch let error as QueryError {
            throw error
        } catch {
            throw .execution("\(error)")
        }
    }

    // MARK: absent

    private func absent(_ node: PromQLCall, _ grid: StepGrid, _ notes: inout PromQLAnnotations) throws(QueryError) -> StepMatrix {
        absence(of: try vector(node.arguments[0], grid, &notes), labels: Self.absentLabels(node.arguments[0]), dropsName: false)
    }

    /// One where a vector is empty.
    private func absence(of matrix: StepMatrix, labels: Labels, dropsName: Bool) -> StepMatrix {
        var row = StepRow(stepCount: matrix.grid.count)
        for step in 0..<matrix.grid.count { row.set(step, 1) }
        for series in 0..<matrix.seriesCount {
            for step in 0..<matrix.grid.count where matrix.kind(series, step) != PointKind.absent { row.remove(step) }
        }
        var result = StepMatrix(grid: matrix.grid)
        if !row.isEmpty { result.append(labels, dropsName: dropsName, row) }
        return result
    }

    /// The labels a selector asks for by equality, each once: what the missing series would have had.
    private static func absentLabels(_ expression: PromQLExpression) -> Labels {
        let matchers: [LabelMatcher]
        switch expression.unwrapped {
        case .selector(let node): matchers = node.matchers
        case .range(let node): matchers = node.selector.matchers
        default: return .empty
        }
        var labels = Labels.empty
        var seen: Set<String> = []
        // Prometheus' index puts those behind that only take series away.
        let predicates = matchers.compactMap { try? LabelPredicate($0) }
        let required = Set(predicates.filter { !$0.matchesEmpty }.map(\.matcher.name))
        let subtracts = { (predicate: LabelPredicate) in
            !required.contains(predicate.matcher.name) || predicate.isNegated && predicate.matchesEmpty
        }
        let sorted = predicates.filter { !subtracts($0) } + predicates.filter(subtracts)
        for matcher in sorted.map(\.matcher) where matcher.name != Labels.metricName {
            if matcher.operation == .equal, seen.insert(matcher.name).inserted {
                labels.set(matcher.name, to: matcher.value)
            } else {
                labels.set(matcher.name, to: "")
            }
        }
        return labels
    }

    // MARK: Sorting

    private func sort(_ node: PromQLCall, _ grid: StepGrid, _ notes: inout PromQLAnnotations) throws(QueryError) -> StepMatrix {
        let input = try vector(node.arguments[0], grid, &notes)
        if grid.spansTime { notes.sortInRangeQuery(node.range) }
        let name = node.function.name
        if name == "sort" || name == "sort_desc" {
            var floats = input
            for series in 0..<input.seriesCount where !input.histograms[series].isEmpty {
                for step in 0..<grid.count where input.kind(series, step) == PointKind.histogram { floats.remove(series, step) }
            }
            floats = floats.removingEmptySeries()
            if !grid.isInstant { return floats }
            let descends = name == "sort_desc"
            let order = (0..<floats.seriesCount).sorted { a, b in
                let x = floats.value(a, 0)
                let y = floats.value(b, 0)
                if x.isNaN || y.isNaN { return x.isNaN == y.isNaN ? a < b : y.isNaN }
                return x == y ? a < b : descends ? x > y : x < y
            }
            return floats.reordered(order)
        }
        var names: [String] = []
        for argument in node.arguments.dropFirst() { names.append(try text(argument)) }
        let descends = name == "sort_by_label_desc"
        let order = (0..<input.seriesCount).sorted { a, b in
            let (first, second) = descends ? (b, a) : (a, b)
            for name in names {
                let x = input.labels[first][name] ?? ""
                let y = input.labels[second][name] ?? ""
                if x != y { return NaturalOrder.precedes(x, y) }
            }
            return input.labels[first] < input.labels[second]
        }
        return input.reordered(order)
    }

    // MARK: Labels

    func text(_ expression: PromQLExpression) throws(QueryError) -> String {
        guard case .string(let node) = expression.unwrapped else { throw .execution("string expression expected") }
        return node.value
    }

    /// Whether a string literal may name a label: anything in UTF-8 but nothing.
    private func isLabelName(_ expression: PromQLExpression) -> Bool {
        guard case .string(let node) = expression.unwrapped else { return false }
        return !node.value.isEmpty && node.invalidBytes == nil
    }

    private func labelReplace(_ node: PromQLCall, _ grid: StepGrid, _ notes: inout PromQLAnnotations) throws(QueryError) -> StepMatrix {
        let target = try text(node.arguments[1])
        let replacement = Array(try text(node.arguments[2]).utf8)
        let source = try text(node.arguments[3])
        let pattern = try text(node.arguments[4])
        guard let regex = try? Regex(pattern) else {
            throw .execution("invalid regular expression in label_replace(): \(pattern)")
        }
        if !isLabelName(node.arguments[1]) { throw .execution("invalid destination label name in label_replace(): \(target)") }
        var matrix = try vector(node.arguments[0], grid, &notes)
        let names = regex.groupNames
        for series in 0..<matrix.seriesCount {
            let value = Array((matrix.labels[series][source] ?? "").utf8)
            guard let match = regex.firstMatch(in: value.span, whole: true) else { continue }
            let text = RegexTemplate.expand(replacement, value, match, names)
            matrix.labels[series].set(target, to: text)
            if target == Labels.metricName { matrix.dropsName[series] = false }
        }
        return try matrix.mergingEqualLabels()
    }

    private func labelJoin(_ node: PromQLCall, _ grid: StepGrid, _ notes: inout PromQLAnnotations) throws(QueryError) -> StepMatrix {
        let target = try text(node.arguments[1])
        let separator = try text(node.arguments[2])
        var sources: [String] = []
        for argument in node.arguments.dropFirst(3) {
            let name = try text(argument)
            if !isLabelName(argument) { throw .execution("invalid source label name in label_join(): \(name)") }
            sources.append(name)
        }
        if !isLabelName(node.arguments[1]) { throw .execution("invalid destination label name in label_join(): \(target)") }
        var matrix = try vector(node.arguments[0], grid, &notes)
        for series in 0..<matrix.seriesCount {
            let own = matrix.labels[series]
            matrix.labels[series].set(target, to: sources.map { own[$0] ?? "" }.joined(separator: separator))
            if target == Labels.metricName { matrix.dropsName[series] = false }
        }
        return try matrix.mergingEqualLabels()
    }
}

/// Replacement texts with `$1`, `${name}` and `$$`, as Go's regular expressions expand them.
enum RegexTemplate {
    static func expand(_ template: [UInt8], _ text: [UInt8], _ match: [Range<Int>?], _ names: [String?]) -> String {
        var out: [UInt8] = []
        var i = 0
        while i < template.count {
            guard template[i] == UInt8(ascii: "$") else {
                out.append(template[i])
                i += 1
                continue
            }
            i += 1
            if i < template.count, template[i] == UInt8(ascii: "$") {
                out.append(template[i])
                i += 1
                continue
            }
            guard let (name, next) = reference(template, i) else {
                out.append(UInt8(ascii: "$"))
                continue
            }
            i = next
            // A number does not begin with 0, unless it is 0.
            let number = name.hasPrefix("0") && name != "0" ? nil : Int(name)
            let group = number ?? names.firstIndex(of: name)
            if let group, group >= 0, group < match.count, let range = match[group] { out += text[range] }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The name after a dollar sign, in braces or as long as letters, digits and underscores go, and where the text goes on.
    private static func reference(_ template: [UInt8], _ start: Int) -> (name: String, next: Int)? {
        let braced = start < template.count && template[start] == UInt8(ascii: "{")
        let begin = braced ? start + 1 : start
        let rest = String(decoding: template[begin...], as: UTF8.self).unicodeScalars
        let name = String(String.UnicodeScalarView(rest.prefix(while: isWord)))
        let end = begin + name.utf8.count
        if name.isEmpty { return nil }
        if !braced { return (name, end) }
        return end < template.count && template[end] == UInt8(ascii: "}") ? (name, end + 1) : nil
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber: true
        default: scalar == "_"
        }
    }
}

/// The order of texts in which runs of digits count as numbers.
enum NaturalOrder {
    private static func chunks(_ text: String) -> [[UInt8]] {
        var chunks: [[UInt8]] = []
        var wasDigit: Bool?
        for byte in text.utf8 {
            let isDigit = (48...57).contains(byte)
            if wasDigit == isDigit { chunks[chunks.count - 1].append(byte) } else { chunks.append([byte]) }
            wasDigit = isDigit
        }
        return chunks
    }

    static func precedes(_ a: String, _ b: String) -> Bool {
        let left = chunks(a)
        let right = chunks(b)
        for i in left.indices {
            if i >= right.count { return false }
            let x = Int(String(decoding: left[i], as: UTF8.self))
            let y = Int(String(decoding: right[i], as: UTF8.self))
            if let x, let y, x != y { return x < y }
            if (x != nil && x == y) || left[i] == right[i] {
                if i == left.count - 1 { return true }
                if i == right.count - 1 { return false }
                continue
            }
            return left[i].lexicographicallyPrecedes(right[i])
        }
        return false
    }
}
