internal import VardeCompression
internal import VardeModel

/// Why a function cannot answer; `isUsage` where it was called wrongly.
struct TemplateCallError: Error {
    var message: String
    var isUsage = false

    init(_ message: String, isUsage: Bool = false) {
        self.message = message
        self.isUsage = isUsage
    }
}

/// The functions templates know: Loki's, sprig's and Go's own.
enum TemplateFunctions {
    typealias Body = @Sendable ([TemplateValue]) throws(TemplateCallError) -> TemplateValue

    private struct Function: Sendable {
        var minimum: Int
        /// nil for any number.
        var maximum: Int?
        var body: Body
    }

    /// Names of all functions.
    static let names: Set<String> = Set(table.keys).union(["__line__", "__timestamp__", "and", "or"])

    static func call(_ name: String, _ arguments: [TemplateValue]) throws(TemplateCallError) -> TemplateValue {
        guard let function = table[name] else { throw TemplateCallError("function \"\(name)\" not defined", isUsage: true) }
        if arguments.count < function.minimum || arguments.count > function.maximum ?? Int.max {
            throw TemplateCallError(
                "wrong number of args for \(name): want \(function.minimum) got \(arguments.count)", isUsage: true)
        }
        return try function.body(arguments)
    }

    private static func exactly(_ count: Int, _ body: @escaping Body) -> Function { Function(minimum: count, maximum: count, body: body) }
    private static func atLeast(_ count: Int, _ body: @escaping Body) -> Function { Function(minimum: count, maximum: nil, body: body) }

    private static func text(_ body: @escaping @Sendable (String) -> String) -> Function {
        exactly(1) { arguments throws(TemplateCallError) in .string(body(arguments[0].text)) }
    }

    private static func texts(_ body: @escaping @Sendable (String, String) -> String) -> Function {
        exactly(2) { arguments throws(TemplateCallError) in .string(body(arguments[0].text, arguments[1].text)) }
    }

    private static func fold(_ body: @escaping @Sendable (Int64, Int64) -> Int64?) -> Function {
        atLeast(1) { arguments throws(TemplateCallError) in
            var result = arguments[0].integer
            for argument in arguments.dropFirst() {
                guard let next = body(result, argument.integer) else { throw TemplateCallError("runtime error: integer divide by zero") }
                result = next
            }
            return .integer(result)
        }
    }

    private static func foldFloats(_ body: @escaping @Sendable (Double, Double) -> Double) -> Function {
        atLeast(1) { arguments throws(TemplateCallError) in
            .float(arguments.dropFirst().reduce(arguments[0].number) { body($0, $1.number) })
        }
    }

    private static func compare(_ body: @escaping @Sendable (Int) -> Bool) -> Function {
        exactly(2) { arguments throws(TemplateCallError) in .bool(body(try order(arguments[0], arguments[1]))) }
    }

    /// Order of two values of a kind: negative, 0 or positive.
    private static func order(_ a: TemplateValue, _ b: TemplateValue) throws(TemplateCallError) -> Int {
        switch (a, b) {
        case (.string(let x), .string(let y)): return x.hasSameUTF8(as: y) ? 0 : x.utf8Precedes(y) ? -1 : 1
        case (.integer(let x), .integer(let y)): return x < y ? -1 : x == y ? 0 : 1
        case (.float(let x), .float(let y)): return x < y ? -1 : x == y ? 0 : 1
        case (.time(let x), .time(let y)): return x < y ? -1 : x == y ? 0 : 1
        case (.bool(let x), .bool(let y)): return x == y ? 0 : 1
        case (.none, .none): return 0
        default: throw TemplateCallError("incompatible types for comparison")
        }
    }

    private static let table: [String: Function] = [
        // Texts.
        "ToLower": text { $0.lowercased() }, "lower": text { $0.lowercased() }, "ToUpper": text { $0.uppercased() },
        "upper": text { $0.uppercased() }, "title": text(TemplateText.title), "TrimSpace": text { $0.trimmingSpaces },
        "trim": text { $0.trimmingSpaces },
        "Trim": texts { TemplateText.trim($0, $1, left: true, right: true) },
        "TrimLeft": texts { TemplateText.trim($0, $1, left: true, right: false) },
        "TrimRight": texts { TemplateText.trim($0, $1, left: false, right: true) },
        "trimAll": texts { TemplateText.trim($1, $0, left: true, right: true) },
        "TrimPrefix": texts { TemplateText.withoutPrefix($0, $1) }, "trimPrefix": texts { TemplateText.withoutPrefix($1, $0) },
        "TrimSuffix": texts { TemplateText.withoutSuffix($0, $1) }, "trimSuffix": texts { TemplateText.withoutSuffix($1, $0) },
        "Replace": exactly(4) { a throws(TemplateCallError) in
            .string(TemplateText.replace(a[0].text, a[1].text, a[2].text, limit: Int(clamping: a[3].integer)))
        },
        "replace": exactly(3) { a throws(TemplateCallError) in .string(TemplateText.replace(a[2].text, a[0].text, a[1].text, limit: -1)) },
        "repeat": exactly(2) { a throws(TemplateCallError) in
            let count = max(0, Int(clamping: a[0].integer))
            if count * a[1].text.utf8.count > LogQLLimits.maxTemplateOutput || count > LogQLLimits.maxTemplateOutput {
                throw TemplateCallError("result is too long")
            }
            return .string(String(repeating: a[1].text, count: count))
        },
        "trunc": exactly(2) { a throws(TemplateCallError) in
            let scalars = Array(a[1].text.utf8)
            let count = Int(clamping: a[0].integer)
            if count >= 0, count < scalars.count { return .string(String(decoding: scalars[..<count], as: UTF8.self)) }
            if count < 0, scalars.count + count > 0 { return .string(String(decoding: scalars[(scalars.count + count)...], as: UTF8.self)) }
            return a[1]
        },
        "substr": exactly(3) { a throws(TemplateCallError) in
            let bytes = Array(a[2].text.utf8)
            let start = max(0, Int(clamping: a[0].integer))
            let wanted = Int(clamping: a[1].integer)
            let end = wanted < 0 || wanted > bytes.count ? bytes.count : wanted
            return .string(start < end ? String(decoding: bytes[start..<end], as: UTF8.self) : "")
        },
        "contains": exactly(2) { a throws(TemplateCallError) in .bool(TemplateText.offset(of: a[0].text, in: a[1].text) != nil) },
        "hasPrefix": exactly(2) { a throws(TemplateCallError) in .bool(a[1].text.utf8.starts(with: a[0].text.utf8)) },
        "hasSuffix": exactly(2) { a throws(TemplateCallError) in .bool(a[1].text.utf8.reversed().starts(with: a[0].text.utf8.reversed())) },
        "indent": exactly(2) { a throws(TemplateCallError) in .string(try TemplateText.indent(a[0].integer, a[1].text)) },
        "nindent": exactly(2) { a throws(TemplateCallError) in .string("\n" + (try TemplateText.indent(a[0].integer, a[1].text))) },
        "alignLeft": exactly(2) { a throws(TemplateCallError) in .string(try TemplateText.align(a[0].integer, a[1].text, left: true)) },
        "alignRight": exactly(2) { a throws(TemplateCallError) in .string(try TemplateText.align(a[0].integer, a[1].text, left: false)) },
        "urlencode": text(TemplateText.urlEncode), "urlquery": text(TemplateText.urlEncode),
        "urldecode": exactly(1) { a throws(TemplateCallError) in .string(try TemplateText.urlDecode(a[0].text)) },
        "b64enc": text(TemplateText.base64), "b64dec": text { TemplateText.fromBase64($0) },
        "default": exactly(2) { a throws(TemplateCallError) in a[1].isTrue ? a[1] : a[0] },
        "html": text(TemplateText.html), "js": text(TemplateText.javaScript),
        "fromJson": exactly(1) { a throws(TemplateCallError) in try TemplateText.json(a[0].text) },
        "print": atLeast(0) { a throws(TemplateCallError) in .string(TemplateText.print(a)) },
        "println": atLeast(0) { a throws(TemplateCallError) in .string(a.map(\.text).joined(separator: " ") + "\n") },
        "printf": atLeast(1) { a throws(TemplateCallError) in .string(TemplateFormat.printf(a[0].text, Array(a.dropFirst()))) },
        "len": exactly(1) { a throws(TemplateCallError) in
            switch a[0] {
            case .string(let text): return .integer(Int64(text.utf8.count))
            case .list(let list): return .integer(Int64(list.count))
            case .map(let map): return .integer(Int64(map.count))
            default: throw TemplateCallError("len of type \(a[0].text)")
            }
        },
        "index": atLeast(1) { a throws(TemplateCallError) in
            var value = a[0]
            for key in a.dropFirst() {
                switch value {
                case .list(let list):
                    let at = key.integer
                    guard at >= 0, at < list.count else { throw TemplateCallError("index out of range: \(at)") }
                    value = list[Int(at)]
                case .map(let map): value = map[key.text] ?? .none
                case .string(let text):
                    let bytes = Array(text.utf8)
                    let at = key.integer
                    guard at >= 0, at < bytes.count else { throw TemplateCallError("index out of range: \(at)") }
                    value = .integer(Int64(bytes[Int(at)]))
                default: throw TemplateCallError("can't index item of type \(value.text)")
                }
            }
            return value
        },
        "slice": atLeast(1) { a throws(TemplateCallError) in
            let count: Int
            switch a[0] {
            case .string(let text): count = text.utf8.count
            case .list(let list): count = list.count
            default: throw TemplateCallError("can't slice item of type \(a[0].text)")
            }
            let from = a.count > 1 ? a[1].integer : 0
            let to = a.count > 2 ? a[2].integer : Int64(count)
            guard from >= 0, to <= count, from <= to else { throw TemplateCallError("index out of range: \(from)") }
            if case .list(let list) = a[0] { return .list(Array(list[Int(from)..<Int(to)])) }
            return .string(String(decoding: Array(a[0].text.utf8)[Int(from)..<Int(to)], as: UTF8.self))
        },
        // Patterns.
        "regexReplaceAll": exactly(3) { a throws(TemplateCallError) in
            .string(try TemplateText.replaceAll(a[0].text, a[1].text, a[2].text, literal: false))
        },
        "regexReplaceAllLiteral": exactly(3) { a throws(TemplateCallError) in
            .string(try TemplateText.replaceAll(a[0].text, a[1].text, a[2].text, literal: true))
        },
        "count": exactly(2) { a throws(TemplateCallError) in .integer(try TemplateText.count(a[0].text, a[1].text)) },
        // Numbers.
        "int": exactly(1) { a throws(TemplateCallError) in .integer(a[0].integer) },
        "float64": exactly(1) { a throws(TemplateCallError) in .float(a[0].number) },
        "add": fold { $0 &+ $1 }, "sub": fold { $0 &- $1 }, "mul": fold { $0 &* $1 },
        "div": fold { $1 == 0 ? nil : $1 == -1 ? 0 &- $0 : $0 / $1 }, "mod": fold { $1 == 0 ? nil : $1 == -1 ? 0 : $0 % $1 },
        "max": fold { Swift.max($0, $1) }, "min": fold { Swift.min($0, $1) }, "addf": foldFloats { $0 + $1 },
        "subf": foldFloats { $0 - $1 }, "mulf": foldFloats { $0 * $1 }, "divf": foldFloats { $0 / $1 },
        "maxf": foldFloats { Swift.max($0, $1) }, "minf": foldFloats { Swift.min($0, $1) },
        "ceil": exactly(1) { a throws(TemplateCallError) in .float(a[0].number.rounded(.up)) },
        "floor": exactly(1) { a throws(TemplateCallError) in .float(a[0].number.rounded(.down)) },
        "round": Function(minimum: 2, maximum: 3) { a throws(TemplateCallError) in
            .float(TemplateFormat.round(a[0].number, a[1].integer, a.count > 2 ? a[2].number : 0.5))
        },
        // Conditions.
        "not": exactly(1) { a throws(TemplateCallError) in .bool(!a[0].isTrue) },
        "eq": atLeast(2) { a throws(TemplateCallError) in
            for other in a.dropFirst() where try order(a[0], other) == 0 { return .bool(true) }
            return .bool(false)
        },
        "ne": compare { $0 != 0 }, "lt": compare { $0 < 0 }, "le": compare { $0 <= 0 }, "gt": compare { $0 > 0 }, "ge": compare { $0 >= 0 },
        // Units and time.
        "bytes": exactly(1) { a throws(TemplateCallError) in
            switch LogQLUnits.byteSize(Array(a[0].text.utf8)) {
            case .success(let value): return .float(Double(value))
            case .failure(let error): throw TemplateCallError(error.message)
            }
        },
        "duration": exactly(1) { a throws(TemplateCallError) in .float(try seconds(a[0].text)) },
        "duration_seconds": exactly(1) { a throws(TemplateCallError) in .float(try seconds(a[0].text)) },
        "now": exactly(0) { _ throws(TemplateCallError) in .time(TemplateTime.now()) },
        "unixEpoch": exactly(1) { a throws(TemplateCallError) in .string("\(try time(a[0]) / 1_000_000_000)") },
        "unixEpochMillis": exactly(1) { a throws(TemplateCallError) in .string("\(try time(a[0]) / 1_000_000)") },
        "unixEpochNanos": exactly(1) { a throws(TemplateCallError) in .string("\(try time(a[0]))") },
        "date": exactly(2) { a throws(TemplateCallError) in .string(TemplateTime.format(try time(a[1]), layout: a[0].text)) },
        "toDate": exactly(2) { a throws(TemplateCallError) in .time(try TemplateTime.parse(a[1].text, layout: a[0].text)) },
        "toDateInZone": exactly(3) { a throws(TemplateCallError) in
            guard ["UTC", "", "GMT"].contains(a[1].text) else { throw TemplateCallError("unknown time zone \(a[1].text)") }
            return .time(try TemplateTime.parse(a[2].text, layout: a[0].text))
        },
        "unixToTime": exactly(1) { a throws(TemplateCallError) in
            let text = a[0].text
            guard let value = Int64(text) else { throw TemplateCallError("unable to parse time '\(text)'") }
            let scale: Int64
            switch text.utf8.count {
            case 5:
                scale = 86_400_000_000_000
            case 10: scale = 1_000_000_000
            case 13: scale = 1_000_000
            case 16: scale = 1_000
            case 19: scale = 1
            default: throw TemplateCallError("unable to parse time '\(text)': unsupported number of digits")
            }
            let (result, overflow) = value.multipliedReportingOverflow(by: scale)
            if overflow { throw TemplateCallError("unable to parse time '\(text)'") }
            return .time(result)
        },
    ]

    private static func seconds(_ text: String) throws(TemplateCallError) -> Double {
        switch LogQLUnits.goDuration(Array(text.utf8)) {
        case .success(let value): return Double(value) / 1e9
        case .failure(let error): throw TemplateCallError(error.message)
        }
    }

    private static func time(_ value: TemplateValue) throws(TemplateCallError) -> Int64 {
        switch value {
        case .time(let own): return own
        case .integer(let seconds):
            let (result, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
            if overflow { throw TemplateCallError("time out of range") }
            return result
        default: throw TemplateCallError("wrong type for value; expected time.Time; got string")
        }
    }
}
