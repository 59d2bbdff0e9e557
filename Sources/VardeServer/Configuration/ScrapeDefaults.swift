import VardeCollect
import VardeModel
package import VardeWire

/// Options a job may have of its own and `global` may set for all.
package struct ScrapeDefaults: Sendable {
    package var bodySizeLimit = 0
    package var sampleLimit = 0
    package var labelLimit = 0
    package var labelNameLengthLimit = 0
    package var labelValueLengthLimit = 0
    package var targetLimit = 0
    package var keepDroppedTargets = 0
    /// nil for what follows from `scrapesNativeHistograms`.
    package var protocols: [ExpositionFormat]?
    package var scrapesNativeHistograms = false
    package var alwaysClassicHistograms = false
    package var convertsClassicHistograms = false
    package var extraScrapeMetrics = false
    package var nameEscaping: String?
    package var classicNamesOnly = false

    package init() {}

    mutating func read(_ keys: YAMLMapping) throws(ConfigurationError) {
        if let v = keys["body_size_limit"] { bodySizeLimit = try v.byteCount(needsUnit: true) }
        if let v = keys["sample_limit"] { sampleLimit = try v.int() }
        if let v = keys["label_limit"] { labelLimit = try v.int() }
        if let v = keys["label_name_length_limit"] { labelNameLengthLimit = try v.int() }
        if let v = keys["label_value_length_limit"] { labelValueLengthLimit = try v.int() }
        if let v = keys["target_limit"] { targetLimit = try v.int() }
        if let v = keys["keep_dropped_targets"] { keepDroppedTargets = try v.int() }
        if let v = keys["scrape_native_histograms"] { scrapesNativeHistograms = try v.bool() }
        // The second is what Prometheus 2 calls it.
        for key in ["always_scrape_classic_histograms", "scrape_classic_histograms"] {
            if let v = keys[key] { alwaysClassicHistograms = try v.bool() }
        }
        if let v = keys["convert_classic_histograms_to_nhcb"] { convertsClassicHistograms = try v.bool() }
        if let v = keys["extra_scrape_metrics"] { extraScrapeMetrics = try v.bool() }
        let scheme = keys["metric_name_validation_scheme"]
        if let scheme {
            let word = try scheme.string()
            classicNamesOnly = try word.isEmpty ? false : scheme.word(of: ["utf8", "legacy"]) == "legacy"
        }
        if let v = keys["metric_name_escaping_scheme"] {
            let word = try v.word(of: ["", "allow-utf-8", "underscores", "dots", "values"])
            if !word.isEmpty { nameEscaping = word }
            if classicNamesOnly, nameEscaping == "allow-utf-8" {
                throw v.error("allow-utf-8 cannot be used with metric_name_validation_scheme legacy")
            }
        }
        if let v = keys["scrape_protocols"] {
            var formats: [ExpositionFormat] = []
            for item in try v.list() {
                let format = try Self.format(item)
                if formats.contains(format) { throw item.error("“\(format.rawValue)” is given twice") }
                formats.append(format)
            }
            if formats.isEmpty { throw v.error("scrape_protocols cannot be empty") }
            protocols = formats
        }
    }

    static func format(_ value: YAMLValue) throws(ConfigurationError) -> ExpositionFormat {
        let word = try value.word(of: ExpositionFormat.allCases.map(\.rawValue))
        guard let format = ExpositionFormat(rawValue: word) else { throw value.error("“\(word)” is not a scrape protocol") }
        return format
    }

    func apply(to config: inout ScrapeConfig) {
        config.bodySizeLimit = bodySizeLimit
        config.sampleLimit = sampleLimit
        config.labelLimit = labelLimit
        config.labelNameLengthLimit = labelNameLengthLimit
        config.labelValueLengthLimit = labelValueLengthLimit
        config.targetLimit = targetLimit
        config.keepDroppedTargets = keepDroppedTargets
        config.scrapesNativeHistograms = scrapesNativeHistograms
        config.protocols = protocols ?? (scrapesNativeHistograms ? ExpositionFormat.withNativeHistograms : ExpositionFormat.usual)
        config.alwaysClassicHistograms = alwaysClassicHistograms
        config.convertsClassicHistograms = convertsClassicHistograms
        config.extraScrapeMetrics = extraScrapeMetrics
        config.classicNamesOnly = classicNamesOnly
        config.nameEscaping = nameEscaping ?? (classicNamesOnly ? "underscores" : "allow-utf-8")
    }
}
