import VardeWire

extension OTLPTranslation {
    /// `otlp:` as Prometheus takes it.
    init(reading value: YAMLValue, classicNamesOnly: Bool) throws(ConfigurationError) {
        self.init()
        let keys = try value.mapping()
        let promoteAll = try keys["promote_all_resource_attributes"]?.bool() ?? false
        promotesAllResourceAttributes = promoteAll
        if let v = keys["promote_resource_attributes"] {
            promotedResourceAttributes = try Self.names(v)
            if promoteAll, !promotedResourceAttributes.isEmpty {
                throw v.error("cannot be given together with promote_all_resource_attributes")
            }
        }
        if let v = keys["ignore_resource_attributes"] {
            ignoredResourceAttributes = try Self.names(v)
            if !promoteAll, !ignoredResourceAttributes.isEmpty { throw v.error("needs promote_all_resource_attributes: true") }
        }
        if let v = keys["translation_strategy"] {
            let word = try v.word(of: [""] + Strategy.allCases.map(\.rawValue))
            if let known = Strategy(rawValue: word) { strategy = known }
            if classicNamesOnly, !strategy.escapes {
                throw v.error("“\(word)” keeps names that metric_name_validation_scheme legacy does not allow")
            }
        }
        if let v = keys["keep_identifying_resource_attributes"] { keepsIdentifyingAttributes = try v.bool() }
        if let v = keys["convert_histograms_to_nhcb"] { convertsHistogramsToCustomBuckets = try v.bool() }
        if let v = keys["promote_scope_metadata"] { promotesScopeMetadata = try v.bool() }
        if let v = keys["label_name_underscore_sanitization"] { guardsLeadingUnderscores = try v.bool() }
        if let v = keys["label_name_preserve_multiple_underscores"] { keepsUnderscoreRuns = try v.bool() }
        try keys.rejectUnknown()
    }

    private static func names(_ value: YAMLValue) throws(ConfigurationError) -> [String] {
        var names: [String] = []
        for item in try value.list() {
            let name = try item.nonEmptyString()
            if names.contains(name) { throw item.error("“\(name)” is given twice") }
            names.append(name)
        }
        return names
    }
}
