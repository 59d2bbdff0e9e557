/// What `varde check config` looks at beyond reading: whether the parts a configuration names could be made.
package enum ConfigurationCheck {
    /// - Throws: the first part that could not.
    package static func run(_ configuration: Configuration) throws {
        try listening(configuration)
        _ = try VardeServer.networks(configuration)
        _ = try RetentionSetup.policies(configuration)
        try RedactionControl.check(configuration)
        for hold in configuration.privacy.legalHolds { _ = try LegalHolds.matchers(hold, file: configuration.file ?? "") }
        if let tls = configuration.server.tls { _ = try TLSFilesReader(tls) }
    }

    /// - Throws: where the configuration says to listen where nothing may be served so.
    static func listening(_ configuration: Configuration) throws {
        guard let listen = configuration.server.listen else { return }
        let (host, _) = try VardeServer.address(listen)
        if configuration.server.tokens.isEmpty, !VardeServer.isLoopback(host) {
            throw VardeServer.StartError(
                description: "server.listen: \(listen) without server.auth.tokens: anyone who reaches the address could read everything")
        }
    }

    /// What works and should be thought about.
    package static func warnings(_ configuration: Configuration) -> [String] {
        var warnings: [String] = []
        if !configuration.privacy.enabled { warnings.append("privacy.enabled is false: personal data would be stored as it comes") }
        if !configuration.privacy.rules.contains(where: { ["", "{}"].contains($0.selector.filter { $0 != " " }) && !$0.purpose.isEmpty }) {
            warnings.append(
                "privacy.policies: streams that no policy selects have no purpose (GDPR article 5(1)(b)): end the list with one whose selector is '{}'"
            )
        }
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
