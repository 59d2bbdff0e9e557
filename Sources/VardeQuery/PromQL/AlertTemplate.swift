package import VardeModel

/// A Go template in a label or an annotation of an alerting rule, with the functions Prometheus gives it.
package struct AlertTemplate: Sendable {
    /// What the template is about, and what it may ask.
    package struct Context {
        package var labels: Labels
        package var externalLabels: Labels
        package var externalURL: String
        package var value: Double
        /// Milliseconds since the epoch.
        package var time: Int64
        /// Answers `query "…"`.
        package var query: (String) throws(QueryError) -> [(labels: Labels, value: Double)]

        package init(
            labels: Labels, externalLabels: Labels, externalURL: String, value: Double, time: Int64,
            query: @escaping (String) throws(QueryError) -> [(labels: Labels, value: Double)]
        ) {
            self.labels = labels
            self.externalLabels = externalLabels
            self.externalURL = externalURL
            self.value = value
            self.time = time
            self.query = query
        }
    }

    /// A template that cannot be read or does not come to an end, in Go's words.
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    /// What stands before every template, so that `$labels` and the like are known.
    private static let preamble =
        "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}"
    private static let names = TemplateFunctions.names.intersection(goNames).union(AlertTemplateFunctions.names)
    /// Go's own functions.
    private static let goNames: Set<String> = [
        "and", "or", "not", "len", "index", "slice", "print", "printf", "println", "html", "js", "urlquery", "eq", "ne", "lt", "le", "gt",
        "ge",
    ]

    private let nodes: [TemplateNode]
    private let name: String

    /// - Parameter name: of the alert, for errors.
    package init(_ text: String, alert name: String) throws(Failure) {
        self.name = "__alert_" + name
        var parser = TemplateParser(Self.preamble + text, name: self.name, functions: Self.names)
        do throws(LogQLValueError) {
            nodes = try parser.parse()
        } catch {
            throw Failure(description: error.message)
        }
    }

    package func expand(_ context: Context) throws(Failure) -> String {
        func map(_ labels: Labels) -> TemplateValue {
            .map(Dictionary(labels.map { ($0.name, TemplateValue.string($0.value)) }) { $1 })
        }
        let dot = TemplateValue.map([
            "Labels": map(context.labels), "ExternalLabels": map(context.externalLabels), "ExternalURL": .string(context.externalURL),
            "Value": .float(context.value),
        ])
        var run = TemplateRun(name: name, labels: LineLabels(), timestamp: context.time * 1_000_000, missing: .string("")) {
            (function, arguments) throws(TemplateCallError) in
            try AlertTemplateFunctions.call(function, arguments, context)
        }
        do throws(LogQLValueError) {
            try run.execute(nodes, dot, [UInt8]().span)
        } catch {
            throw Failure(description: "error executing template \(name): \(error.message)")
        }
        return String(decoding: run.output, as: UTF8.self)
    }
}

/// Functions of alert templates beside Go's own.
enum AlertTemplateFunctions {
    /// Names, each with the number of its arguments; nil for any.
    private static let arity: [String: Int?] = [
        "query": 1, "first": 1, "label": 2, "value": 1, "strvalue": 1, "args": nil, "reReplaceAll": 3, "safeHtml": 1, "match": 2,
        "title": 1,
        "toUpper": 1, "toLower": 1, "graphLink": 1, "tableLink": 1, "sortByLabel": 2, "stripPort": 1, "stripDomain": 1, "humanize": 1,
        "humanize1024": 1, "humanizeDuration": 1, "humanizePercentage": 1, "humanizeTimestamp": 1, "toTime": 1, "toDuration": 1, "now": 0,
        "pathPrefix": 0, "externalURL": 0, "parseDuration": 1, "urlQueryEscape": 1,
    ]

    static let names = Set(arity.keys)

    static func call(
        _ name: String, _ arguments: [TemplateValue], _ context: AlertTemplate.Context
    ) throws(TemplateCallError) -> TemplateValue {
        guard let wanted = arity[name] else { return try TemplateFunctions.call(name, arguments) }
        if let wanted, arguments.count != wanted {
            throw TemplateCallError("wrong number of args for \(name): want \(wanted) got \(arguments.count)", isUsage: true)
        }
        let first = arguments.first ?? .none
        switch name {
        case "query": return try query(first.text, context)
        case "first":
            guard case .list(let list) = first, let sample = list.first else {
                throw TemplateCallError("first() called on vector with no elements")
            }
            return sample
        case "label": return field("Labels", of: arguments[1], arguments[0].text)
        case "value":
            guard case .map(let sample) = first, let value = sample["Value"] else { throw TemplateCallError("value of what is no sample") }
            return value
        case "strvalue": return field("Labels", of: first, "__value__")
        case "args":
            return .map(Dictionary(arguments.enumerated().map { ("arg\($0.offset)", $0.element) }) { $1 })
        case "sortByLabel":
            guard case .list(let list) = arguments[1] else { throw TemplateCallError("sortByLabel of what is no vector") }
            let label = arguments[0].text
            let keyed = list.enumerated().map { (index: $0.offset, key: field("Labels", of: $0.element, label).text, sample: $0.element) }
            return .list(
                keyed.sorted { $0.key == $1.key ? $0.index < $1.index : $0.key.utf8Precedes($1.key) }.map(\.sample))
        case "reReplaceAll":
            return .string(try TemplateText.replaceAll(arguments[0].text, arguments[2].text, arguments[1].text, literal: false))
        case "match": return .bool(try TemplateText.count(arguments[0].text, arguments[1].text) > 0)
        case "safeHtml": return first
        case "title": return .string(TemplateText.title(first.text))
        case "toUpper": return .string(first.text.uppercased())
        case "toLower": return .string(first.text.lowercased())
        case "graphLink": return .string("/graph?g0.expr=\(TemplateText.urlEncode(first.text))&g0.tab=0")
        case "tableLink": return .string("/graph?g0.expr=\(TemplateText.urlEncode(first.text))&g0.tab=1")
        case "urlQueryEscape": return .string(TemplateText.urlEncode(first.text))
        case "externalURL": return .string(context.externalURL)
        case "pathPrefix": return .string(path(of: context.externalURL))
        case "stripPort": return .string(HostPort(first.text)?.host ?? first.text)
        case "stripDomain": return .string(stripDomain(first.text))
        case "now": return .float(Double(context.time) / 1000)
        case "parseDuration":
            let isNegative = first.text.hasPrefix("-")
            let length = String(first.text.dropFirst(isNegative ? 1 : 0))
            let milliseconds: Int64
            do throws(DurationText.Problem) { milliseconds = try DurationText.parse(length) } catch {
                throw TemplateCallError(error.reason)
            }
            return .float(Double(isNegative ? -milliseconds : milliseconds) / 1000)
        default: return try number(name, try float(first))
        }
    }

    private static func number(_ name: String, _ value: Double) throws(TemplateCallError) -> TemplateValue {
        switch name {
        case "humanize": return .string(HumanNumber.decimal(value))
        case "humanize1024": return .string(HumanNumber.binary(value))
        case "humanizePercentage": return .string(HumanNumber.digits(value * 100) + "%")
        case "humanizeDuration": return .string(HumanNumber.duration(value))
        case "toDuration": return .string(HumanNumber.duration(value))
        default:
            if !value.isFinite {
                if name == "humanizeTimestamp" { return .string(HumanNumber.digits(value)) }
                throw TemplateCallError("value is NaN or Inf")
            }
            if (value * 1e9).magnitude >= 0x1p63 {
                throw TemplateCallError(
                    "\(FloatText.general(value)) cannot be represented as a nanoseconds timestamp since it overflows int64")
            }
            // To the millisecond, as Prometheus keeps time.
            let time = TemplateValue.time(Int64((value * 1000).rounded(.down)) * 1_000_000)
            return name == "toTime" ? time : .string(time.text)
        }
    }

    private static func float(_ value: TemplateValue) throws(TemplateCallError) -> Double {
        switch value {
        case .float(let value): return value
        case .integer(let value): return Double(value)
        case .string(let text):
            if let value = LogQLUnits.goFloat(text) { return value }
            throw TemplateCallError("strconv.ParseFloat: parsing \(text.quoted): invalid syntax")
        default: throw TemplateCallError("can't convert \(value.text) to float")
        }
    }

    private static func field(_ name: String, of sample: TemplateValue, _ key: String) -> TemplateValue {
        guard case .map(let fields) = sample, case .map(let own)? = fields[name] else { return .string("") }
        return own[key] ?? .string("")
    }

    private static func query(_ text: String, _ context: AlertTemplate.Context) throws(TemplateCallError) -> TemplateValue {
        do throws(QueryError) {
            return .list(
                try context.query(text).map { sample in
                    .map([
                        "Labels": .map(Dictionary(sample.labels.map { ($0.name, TemplateValue.string($0.value)) }) { $1 }),
                        "Value": .float(sample.value),
                    ])
                })
        } catch {
            throw TemplateCallError(error.message)
        }
    }

    /// The path of a URL, without the slash at its end.
    private static func path(of url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return url }
        let rest = url[scheme.upperBound...]
        return rest.firstIndex(of: "/").map { String(rest[$0...]) } ?? ""
    }

    private static func stripDomain(_ text: String) -> String {
        let parts = HostPort(text)
        let host = parts?.host ?? text
        if IPAddress(Array(host.utf8).span) != nil { return text }
        let short = host.split(separator: ".", omittingEmptySubsequences: false).first.map(String.init) ?? ""
        return parts.map { $0.port.isEmpty ? short : "\(short):\($0.port)" } ?? short
    }

    /// `host:port` and `[host]:port`; nil for anything else.
    private struct HostPort {
        var host: String
        var port: String

        init?(_ text: String) {
            guard let colon = text.lastIndex(of: ":") else { return nil }
            port = String(text[text.index(after: colon)...])
            host = String(text[..<colon])
            if host.hasPrefix("["), host.hasSuffix("]") {
                host = String(host.dropFirst().dropLast())
            } else if host.contains(":") {
                return nil
            }
        }
    }
}

/// Numbers for people, with four digits.
enum HumanNumber {
    /// `%.4g` of Go.
    static func digits(_ value: Double) -> String {
        if !value.isFinite { return value.isNaN ? "NaN" : value < 0 ? "-Inf" : "+Inf" }
        if value == 0 { return value.sign == .minus ? "-0" : "0" }
        // Rounded to four digits by the decimal form, then written in the shortest way.
        var exponent = 0
        var scaled = value.magnitude
        while scaled >= 10 { (scaled, exponent) = (scaled / 10, exponent + 1) }
        while scaled < 1 { (scaled, exponent) = (scaled * 10, exponent - 1) }
        let text = TemplateFormat.fixed(value.magnitude, Swift.max(0, Swift.min(3 - exponent, 320)))
        var all = Array(text.utf8)
        var point = all.firstIndex(of: UInt8(ascii: ".")) ?? all.count
        all.removeAll { $0 == UInt8(ascii: ".") }
        let zeros = all.prefix { $0 == UInt8(ascii: "0") }.count
        all.removeFirst(zeros)
        point -= zeros
        if all.count > 4 {
            // More digits before the point than are shown.
            let up = all[4] >= UInt8(ascii: "5")
            all.removeLast(all.count - 4)
            if up {
                var at = 3
                while at >= 0, all[at] == UInt8(ascii: "9") {
                    all[at] = UInt8(ascii: "0")
                    at -= 1
                }
                if at >= 0 {
                    all[at] += 1
                } else {
                    all = [UInt8(ascii: "1")]
                    point += 1
                }
            }
        }
        while all.last == UInt8(ascii: "0") { all.removeLast() }
        let sign = value < 0 ? "-" : ""
        let shown = String(decoding: all, as: UTF8.self)
        if point - 1 < -4 || point - 1 >= 4 {
            let power = point - 1
            let digits = String(power.magnitude)
            return sign + shown.prefix(1) + (shown.count > 1 ? "." + shown.dropFirst() : "") + (power < 0 ? "e-" : "e+")
                + (digits.count < 2 ? "0" : "") + digits
        }
        if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + shown }
        if shown.count <= point { return sign + shown + String(repeating: "0", count: point - shown.count) }
        return sign + shown.prefix(point) + "." + shown.dropFirst(point)
    }

    private static let small = ["m", "u", "n", "p", "f", "a", "z", "y"]

    static func decimal(_ value: Double) -> String {
        if value == 0 || !value.isFinite { return digits(value) }
        return value.magnitude >= 1 ? grown(value, 1000, ["k", "M", "G", "T", "P", "E", "Z", "Y"]) : shrunk(value)
    }

    static func binary(_ value: Double) -> String {
        if value.magnitude <= 1 || !value.isFinite { return digits(value) }
        return grown(value, 1024, ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"])
    }

    private static func grown(_ value: Double, _ step: Double, _ prefixes: [String]) -> String {
        var value = value
        var prefix = ""
        for next in prefixes where value.magnitude >= step {
            prefix = next
            value /= step
        }
        return digits(value) + prefix
    }

    private static func shrunk(_ value: Double) -> String {
        var value = value
        var prefix = ""
        for next in small where value.magnitude < 1 {
            prefix = next
            value *= 1000
        }
        return digits(value) + prefix
    }

    /// Seconds as days, hours, minutes and seconds.
    static func duration(_ value: Double) -> String {
        if !value.isFinite { return digits(value) }
        if value == 0 { return "0s" }
        if value.magnitude < 1 { return shrunk(value) + "s" }
        let sign = value < 0 ? "-" : ""
        let whole = Int64(clamping: value.magnitude)
        let (days, hours, minutes, seconds) = (whole / 86_400, whole / 3_600 % 24, whole / 60 % 60, whole % 60)
        if days != 0 { return "\(sign)\(days)d \(hours)h \(minutes)m \(seconds)s" }
        if hours != 0 { return "\(sign)\(hours)h \(minutes)m \(seconds)s" }
        if minutes != 0 { return "\(sign)\(minutes)m \(seconds)s" }
        return sign + digits(value.magnitude) + "s"
    }
}
