internal import VardeCompression
internal import VardeModel

/// A stage made ready to run on lines.
enum CompiledStage: Sendable {
    case lineFilter(CompiledLineFilter)
    case json
    case jsonExpressions([(name: String, path: JSONPath)])
    case logfmt(strict: Bool, keepEmpty: Bool)
    case logfmtExpressions(strict: Bool, [(name: String, key: String)])
    case pattern(LinePattern)
    case regexp(Regex, names: [Int: String])
    case unpack
    case labelFilter(CompiledLabelFilter)
    case lineFormat(LineTemplate)
    case labelFormat([(name: String, rename: String?, template: LineTemplate?)])
    case decolorize
    case drop([(name: String, matcher: CompiledMatcher?)])
    case keep([(name: String, matcher: CompiledMatcher?)])

    init(_ stage: LogQLStage, resolvePII: (@Sendable (String) -> [String])?) throws(LogQLValueError) {
        switch stage {
        case .lineFilter(let filter): self = .lineFilter(try CompiledLineFilter(filter, resolvePII: resolvePII))
        case .json(let list):
            if list.isEmpty {
                self = .json
            } else {
                var paths: [(name: String, path: JSONPath)] = []
                for item in list { paths.append((item.name, try JSONPath(item.expression))) }
                self = .jsonExpressions(paths)
            }
        case .logfmt(let strict, let keepEmpty, let list):
            if list.isEmpty {
                self = .logfmt(strict: strict, keepEmpty: keepEmpty)
            } else {
                for item in list where item.expression.isEmpty || item.expression.utf8.contains(where: { $0 <= 32 || $0 == 34 || $0 == 61 })
                {
                    throw LogQLValueError("cannot parse expression [\(item.expression)]: unexpected character")
                }
                self = .logfmtExpressions(strict: strict, list.map { ($0.name, $0.expression) })
            }
        case .pattern(let text): self = .pattern(try LinePattern(parser: text))
        case .regexp(let text): self = try Self.regexp(text)
        case .unpack: self = .unpack
        case .labelFilter(let filter): self = .labelFilter(try CompiledLabelFilter(filter, resolvePII: resolvePII))
        case .lineFormat(let text):
            do {
                self = .lineFormat(try LineTemplate(text, name: "line"))
            } catch {
                throw LogQLValueError("invalid line template: \(error.message)")
            }
        case .labelFormat(let list): self = try Self.labelFormat(list)
        case .decolorize: self = .decolorize
        case .drop(let list): self = .drop(try Self.named(list))
        case .keep(let list): self = .keep(try Self.named(list))
        }
    }

    private static func regexp(_ text: String) throws(LogQLValueError) -> CompiledStage {
        let regex: Regex
        do {
            regex = try Regex(text)
        } catch {
            throw LogQLValueError(LogQLChecker.regexText(error))
        }
        var names: [Int: String] = [:]
        for (index, name) in regex.groupNames.enumerated() {
            guard let name else { continue }
            if names.values.contains(name) { throw LogQLValueError("duplicate extracted label name '\(name)'") }
            if !name.isClassicLabelName { throw LogQLValueError("invalid extracted label name '\(name)'") }
            names[index] = name
        }
        if names.isEmpty { throw LogQLValueError("at least one named capture must be supplied") }
        return .regexp(regex, names: names)
    }

    private static func labelFormat(_ list: [LogQLLabelFormat]) throws(LogQLValueError) -> CompiledStage {
        var formats: [(name: String, rename: String?, template: LineTemplate?)] = []
        for item in list {
            if item.name == LineLabels.errorName || item.name == LineLabels.detailsName {
                throw LogQLValueError("\(item.name) cannot be formatted")
            }
            if formats.contains(where: { $0.name == item.name }) {
                throw LogQLValueError("multiple label name '\(item.name)' not allowed for a single label format")
            }
            switch item.source {
            case .rename(let name): formats.append((item.name, name, nil))
            case .template(let text):
                do {
                    formats.append((item.name, nil, try LineTemplate(text, name: "label")))
                } catch {
                    throw LogQLValueError("invalid template for label '\(item.name)': \(error.message)")
                }
            }
        }
        return .labelFormat(formats)
    }

    private static func named(_ list: [LogQLNamed]) throws(LogQLValueError) -> [(name: String, matcher: CompiledMatcher?)] {
        var result: [(name: String, matcher: CompiledMatcher?)] = []
        for item in list {
            do {
                result.append((item.name, try item.matcher.map { matcher throws(Regex.SyntaxError) in try CompiledMatcher(matcher) }))
            } catch {
                throw LogQLValueError(LogQLChecker.regexText(error))
            }
        }
        return result
    }

    /// Names of labels the stage reads from the line's labels.
    func collectNames(into names: inout [String]) {
        switch self {
        case .labelFilter(let filter): filter.collectNames(into: &names)
        case .lineFormat(let template): names += template.fieldNames
        case .labelFormat(let list):
            for item in list {
                if let name = item.rename { names.append(name) }
                if let template = item.template { names += template.fieldNames }
            }
        case .drop(let list), .keep(let list):
            for item in list where item.matcher != nil { names.append(item.name) }
        default: break
        }
    }

    /// Whether the stage leaves labels as they are.
    var keepsLabels: Bool {
        switch self {
        case .lineFilter, .decolorize: true
        default: false
        }
    }
}
