import VardeModel

/// How OTLP's names become Prometheus': `otlp:` of the configuration.
package struct OTLPTranslation: Sendable, Equatable {
    /// `translation_strategy`.
    package enum Strategy: String, Sendable, CaseIterable {
        case underscoreEscapingWithSuffixes = "UnderscoreEscapingWithSuffixes"
        case noUTF8EscapingWithSuffixes = "NoUTF8EscapingWithSuffixes"
        case underscoreEscapingWithoutSuffixes = "UnderscoreEscapingWithoutSuffixes"
        case noTranslation = "NoTranslation"

        package var escapes: Bool { self == .underscoreEscapingWithSuffixes || self == .underscoreEscapingWithoutSuffixes }
        package var hasSuffixes: Bool { self == .underscoreEscapingWithSuffixes || self == .noUTF8EscapingWithSuffixes }
    }

    package var strategy = Strategy.underscoreEscapingWithSuffixes
    /// `promote_resource_attributes`: resource attributes that become labels of every series.
    package var promotedResourceAttributes: [String] = []
    /// `promote_all_resource_attributes`, but for `ignore_resource_attributes`.
    package var promotesAllResourceAttributes = false
    package var ignoredResourceAttributes: [String] = []
    /// `keep_identifying_resource_attributes`: whether `target_info` has `service.name` and its like too.
    package var keepsIdentifyingAttributes = false
    /// `convert_histograms_to_nhcb`.
    package var convertsHistogramsToCustomBuckets = false
    /// `promote_scope_metadata`.
    package var promotesScopeMetadata = false

    /// `label_name_underscore_sanitization`: whether what would begin with one underscore gets `key` before it.
    package var guardsLeadingUnderscores = true
    /// `label_name_preserve_multiple_underscores`: whether runs of underscores stay.
    package var keepsUnderscoreRuns = true

    package init() {}

    /// A label's name.
    package func labelName(_ name: String) -> String {
        guard strategy.escapes else { return name }
        var escaped = Self.escapedLabel(name, guardsUnderscores: guardsLeadingUnderscores)
        if !keepsUnderscoreRuns {
            while escaped.contains("__") { escaped = escaped.replacing("__", with: "_") }
        }
        return escaped
    }

    /// Other characters than letters, digits and underscores become underscores; what would begin with a digit or one underscore gets
    /// `key` before it.
    static func escapedLabel(_ name: String, guardsUnderscores: Bool = true) -> String {
        var out: [UInt8] = []
        for scalar in NameSigns.withoutPersons(name).unicodeScalars {
            let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
            out.append(isPlain ? UInt8(scalar.value) : UInt8(ascii: "_"))
        }
        guard let first = out.first else { return "" }
        let text = String(decoding: out, as: UTF8.self)
        if first >= UInt8(ascii: "0"), first <= UInt8(ascii: "9") { return "key_" + text }
        if guardsUnderscores, first == UInt8(ascii: "_"), out.count < 2 || out[1] != UInt8(ascii: "_") { return "key" + text }
        return text
    }

    /// What a metric counts, as far as its name shows it.
    package enum MetricType: Sendable { case counter, gauge, other }

    /// A metric's name.
    package func metricName(_ name: String, unit: String, type: MetricType) -> String {
        switch strategy {
        case .noTranslation: return name
        case .underscoreEscapingWithoutSuffixes: return Self.notBeginningWithDigit(Self.tokens(name).joined(separator: "_"))
        case .underscoreEscapingWithSuffixes:
            var tokens = Self.tokens(name)
            let (main, per) = Self.unitTokens(unit)
            if !main.isEmpty, !tokens.contains(main) { tokens.append(main) }
            if !per.isEmpty, !tokens.contains(per) { tokens += ["per", per] }
            if type == .counter { tokens = tokens.filter { $0 != "total" } + ["total"] }
            if type == .gauge, unit == "1" { tokens = tokens.filter { $0 != "ratio" } + ["ratio"] }
            return Self.notBeginningWithDigit(tokens.joined(separator: "_"))
        case .noUTF8EscapingWithSuffixes:
            let (main, per) = Self.unitTokens(unit)
            var suffixes: [String] = []
            if !main.isEmpty { suffixes.append(main) }
            if !per.isEmpty { suffixes.append("per_" + per) }
            if type == .counter { suffixes.append("total") }
            if type == .gauge, unit == "1" { suffixes.append("ratio") }
            var base = name
            for suffix in suffixes.reversed() where base.hasSuffix("_" + suffix) || base.hasSuffix("." + suffix) {
                base.removeLast(suffix.count + 1)
            }
            return ([base] + suffixes).joined(separator: "_")
        }
    }

    /// The unit in Prometheus' words, for metadata.
    package func unitName(_ unit: String) -> String {
        let (main, per) = Self.unitTokens(unit)
        return per.isEmpty ? main : main.isEmpty ? "per_" + per : main + "_per_" + per
    }

    private static func notBeginningWithDigit(_ name: String) -> String {
        name.utf8.first.map { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") } == true ? "_" + name : name
    }

    /// Runs of characters a classic metric name may hold, underscores apart.
    private static func tokens(_ name: String) -> [String] {
        name.unicodeScalars.split { scalar in
            !(scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil || scalar == ":"))
        }.map { String($0) }
    }

    /// Names of the unit and of what it is per, empty where they add nothing.
    private static func unitTokens(_ unit: String) -> (main: String, per: String) {
        let parts = unit.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            .map { String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
        func name(_ part: String, _ names: [String: String]) -> String {
            if part.isEmpty || part.contains("{") || part.contains("}") { return "" }
            return tokens(names[part] ?? part).joined(separator: "_")
        }
        return (name(parts.first ?? "", units), parts.count > 1 ? name(parts[1], perUnits) : "")
    }

    /// UCUM's codes in words (OpenTelemetry's compatibility specification, “Metric Metadata”).
    private static let units = [
        "d": "days", "h": "hours", "min": "minutes", "s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds",
        "By": "bytes", "KiBy": "kibibytes", "MiBy": "mebibytes", "GiBy": "gibibytes", "TiBy": "tibibytes", "KBy": "kilobytes",
        "MBy": "megabytes", "GBy": "gigabytes", "TBy": "terabytes", "B": "bytes", "KB": "kilobytes", "MB": "megabytes", "GB": "gigabytes",
        "TB": "terabytes", "m": "meters", "V": "volts", "A": "amperes", "J": "joules", "W": "watts", "g": "grams", "Cel": "celsius",
        "Hz": "hertz", "1": "", "%": "percent",
    ]
    private static let perUnits = [
        "s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month", "y": "year",
    ]
}
