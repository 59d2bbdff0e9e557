internal import VardeCompression
internal import VardeKernels
internal import VardeModel

/// The stages of a query, run on one line after the other.
struct LogQLPipeline: Sendable {
    let stages: [CompiledStage]

    init(_ stages: [LogQLStage], resolvePII: (@Sendable (String) -> [String])?) throws(QueryError) {
        var compiled: [CompiledStage] = []
        for stage in stages {
            do {
                compiled.append(try CompiledStage(stage, resolvePII: resolvePII))
            } catch {
                throw .badData("parse error : \(error.message)")
            }
        }
        self.stages = compiled
    }

    init(stages: [CompiledStage]) { self.stages = stages }

    /// What the store is asked for.
    func request(_ matchers: [LabelMatcher], start: Int64, end: Int64) -> LogRequest {
        LogRequest(
            matchers: matchers, start: start, end: end, requiredSubstrings: requiredSubstrings, requiredNumbers: requiredNumbers)
    }

    /// Whether lines leave with the labels they came with.
    var keepsLabels: Bool { stages.allSatisfy(\.keepsLabels) }

    /// Substrings that pages must hold: those of line filters before anything rewrites the line.
    var requiredSubstrings: [[[UInt8]]] {
        var groups: [[[UInt8]]] = []
        for stage in stages {
            switch stage {
            case .lineFilter(let filter): groups += filter.required
            case .lineFormat, .decolorize, .unpack: return groups
            default: break
            }
        }
        return groups
    }

    /// Labels that filters compare with a value taken from the line as it stands, which must therefore hold that value or an escape.
    var requiredValues: [(name: String, values: [String])] {
        var list: [(name: String, values: [String])] = []
        var parsed = false
        for stage in stages {
            switch stage {
            case .json, .logfmt, .pattern, .regexp: parsed = true
            case .labelFilter(let filter): if parsed { filter.requiredValues(into: &list) }
            case .lineFilter: break
            default: return list
            }
        }
        return list
    }

    /// Numbers that filters want of labels the json parser alone makes.
    var requiredNumbers: [RequiredNumber] {
        var list: [RequiredNumber] = []
        var parsed = false
        for stage in stages {
            switch stage {
            case .lineFilter: break
            case .json where !parsed: parsed = true
            case .labelFilter(let filter): if parsed { filter.requiredNumbers(into: &list) }
            default: return list
            }
        }
        return list
    }

    /// Runs all stages on a line; gives whether the line stays. Where a stage rewrote it, `output` holds what it became.
    func run(_ line: Span<UInt8>, timestamp: Int64, _ labels: inout LineLabels, output: inout LineOutput) -> Bool {
        output.isRewritten = false
        return run(from: 0, line, timestamp, false, &labels, &output)
    }

    private func run(
        from first: Int, _ line: Span<UInt8>, _ timestamp: Int64, _ rewritten: Bool, _ labels: inout LineLabels, _ output: inout LineOutput
    ) -> Bool {
        var index = first
        while index < stages.count {
            var replacement: [UInt8]?
            switch stages[index] {
            case .lineFilter(let filter): if !filter.passes(line) { return false }
            case .labelFilter(let filter): if !filter.passes(&labels) { return false }
            case .json: LineParsers.json(line, &labels)
            case .jsonExpressions(let paths): LineParsers.json(line, paths, &labels)
            case .logfmt(let strict, let keepEmpty): LineParsers.logfmt(line, strict: strict, keepEmpty: keepEmpty, &labels)
            case .logfmtExpressions(let strict, let keys): LineParsers.logfmt(line, strict: strict, keys, &labels)
            case .pattern(let pattern): LineParsers.pattern(line, pattern, &labels)
            case .regexp(let regex, let names): LineParsers.regexp(line, regex, names, &labels)
            case .unpack: replacement = LineParsers.unpack(line, &labels)
            case .decolorize: replacement = LineParsers.decolorize(line)
            case .lineFormat(let template):
                do {
                    replacement = try template.execute(labels, line: line, timestamp: timestamp)
                } catch {
                    labels.setError("TemplateFormatErr", error.message)
                }
            case .labelFormat(let formats): Self.format(formats, line, timestamp, &labels)
            case .drop(let list): Self.drop(list, &labels)
            case .keep(let list): Self.keep(list, &labels)
            }
            index += 1
            if let replacement { return run(from: index, replacement.span, timestamp, true, &labels, &output) }
        }
        output.length = line.count
        if rewritten {
            output.isRewritten = true
            output.bytes.removeAll(keepingCapacity: true)
            Bytes.append(line, to: &output.bytes)
        }
        return true
    }

    private static func format(
        _ formats: [(name: String, rename: String?, template: LineTemplate?)], _ line: Span<UInt8>, _ timestamp: Int64,
        _ labels: inout LineLabels
    ) {
        for item in formats {
            if let source = item.rename {
                guard let found = labels.find(source) else { continue }
                labels.set(item.name, found.value, origin: found.origin)
                labels.delete(source)
            } else if let template = item.template {
                do {
                    labels.set(item.name, String(decoding: try template.execute(labels, line: line, timestamp: timestamp), as: UTF8.self))
                } catch {
                    labels.setError("TemplateFormatErr", error.message)
                }
            }
        }
    }

    private static func drop(_ list: [(name: String, matcher: CompiledMatcher?)], _ labels: inout LineLabels) {
        for item in list {
            let value = labels.text(item.name)
            if let matcher = item.matcher, !matcher.matches(value) { continue }
            switch item.name {
            case LineLabels.errorName: labels.clearError()
            case LineLabels.detailsName: labels.clearErrorDetails()
            default: labels.delete(item.name)
            }
        }
    }

    private static func keep(_ list: [(name: String, matcher: CompiledMatcher?)], _ labels: inout LineLabels) {
        var gone: [String] = []
        labels.forEach { name, value, _ in
            if name == LineLabels.errorName || name == LineLabels.detailsName { return }
            for item in list where item.name == name {
                if item.matcher?.matches(value) ?? true { return }
            }
            gone.append(name)
        }
        for name in gone { labels.delete(name) }
    }
}

/// What a line became. Reused from line to line.
struct LineOutput: Sendable {
    var isRewritten = false
    /// The line where it was rewritten.
    var bytes: [UInt8] = []
    /// Bytes of the line as it left the pipeline.
    var length = 0
}
