/// What `varde check config` looks at beyond reading: whether the parts a configuration names could be made.
package enum ConfigurationCheck {
    /// - Throws: the first part that could not.
    package static func run(_ configuration: Configuration) throws {
        if let listen = configuration.server.listen { _ = try VardeServer.address(listen) }
        _ = try VardeServer.networks(configuration)
        _ = try RetentionSetup.policies(configuration)
        try RedactionControl.check(configuration)
        for hold in configuration.privacy.legalHolds { _ = try LegalHolds.matchers(hold, file: configuration.file ?? "") }
        if let tls = configuration.server.tls { _ = try TLSFilesReader(tls) }
    }

    /// What works and should be thought about.
    package static func warnings(_ configuration: Configuration) -> [String] {
        var warnings: [String] = []
        if !configuration.privacy.enabled { warnings.append("privacy.enabled is false: personal data would be stored as it comes") }
        for rule in configuration.privacy.rules {
            if rule.purpose.isEmpty { warnings.append("privacy.policies: \(rule.selector) names no purpose (GDPR article 5(1)(b))") }
            if rule.legalBasis.isEmpty { warnings.append("privacy.policies: \(rule.selector) names no legal basis (GDPR article 6)") }
        }
        if case .interval = configuration.storage.sync {
            warnings.append("storage.sync: a power cut may lose what was acknowledged since the last sync")
        }
        return warnings
    }
}
