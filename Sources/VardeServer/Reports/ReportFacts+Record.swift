import VardeModel
import VardePrivacy
import VardeQuery

/// What is processed, why, and for how long.
extension ReportFacts {
    func controller() -> ReportSection {
        let who = configuration.privacy.controller
        return ReportSection(
            key: "controller", title: ReportWord("Controller", "Behandlingsansvarlig"),
            note: who.name.isEmpty
                ? ReportWord("Not stated: set privacy.controller.", "Ikke oppgitt: sett privacy.controller.") : ReportWord("", ""),
            content: .fields([
                Field(key: "name", name: ReportWord("Name", "Navn"), value: .given(who.name)),
                Field(key: "contact", name: ReportWord("Contact", "Kontakt"), value: .given(who.contact)),
                Field(key: "officer", name: ReportWord("Data protection officer", "Personvernombud"), value: .given(who.officer)),
            ]))
    }

    func purposes() -> ReportSection {
        ReportSection(
            key: "purposes", title: ReportWord("Purposes and legal basis", "Formål og behandlingsgrunnlag"),
            note: ReportWord(
                "By stream of log lines; the first policy that selects a stream counts.",
                "Etter strøm av logglinjer; den første regelen som velger en strøm, gjelder."),
            content: .table(
                columns: [
                    ("streams", ReportWord("Streams", "Strømmer")), ("purpose", ReportWord("Purpose", "Formål")),
                    ("legal_basis", ReportWord("Legal basis", "Grunnlag")), ("data_subjects", ReportWord("Data subjects", "Registrerte")),
                ],
                rows: configuration.privacy.rules.map {
                    [.text($0.selector), .given($0.purpose), .given($0.legalBasis), .given($0.subjects)]
                }))
    }

    /// Types of personal data and what is done with each, everywhere and where a policy says otherwise.
    func categories() -> ReportSection {
        let privacy = configuration.privacy
        var actions: [String: String] = [:]
        for type in PersonalDataType.allCases where type != .own { actions[type.configurationName] = type.defaultAction.rawValue }
        for (type, action) in privacy.actions { actions[type.lowercased()] = action }
        var rows: [[ReportValue]] = actions.sorted { $0.key < $1.key }.map { type, action in
            [.word("*", ReportWord("all others", "alle andre")), .text(type), Self.word(privacy.enabled ? action : "keep")]
        }
        rows += privacy.detectors.filter { actions[$0.name.lowercased()] == nil }.map {
            [.word("*", ReportWord("all others", "alle andre")), .text($0.name), Self.word("mask")]
        }
        for rule in privacy.rules {
            rows += rule.actions.map { [.text(rule.selector), .text($0.type), Self.word($0.action)] }
        }
        return ReportSection(
            key: "categories", title: ReportWord("Categories of personal data", "Kategorier av personopplysninger"),
            note: ReportWord(
                "What is found of each type before anything is written. Pseudonymised and truncated data is still personal data.",
                "Hva som gjøres med det som finnes av hver type, før noe skrives. Pseudonymiserte og avkortede opplysninger er fortsatt personopplysninger."
            ),
            content: .table(
                columns: [
                    ("streams", ReportWord("Streams", "Strømmer")), ("type", ReportWord("Type", "Type")),
                    ("action", ReportWord("What is done", "Hva som gjøres")),
                ], rows: rows))
    }

    private static func word(_ action: String) -> ReportValue {
        let words: [String: ReportWord] = [
            "mask": ReportWord("masked", "maskeres"), "pseudonymise": ReportWord("pseudonymised", "pseudonymiseres"),
            "truncate": ReportWord("truncated", "avkortes"), "drop": ReportWord("removed", "fjernes"),
            "keep": ReportWord("kept as it is", "beholdes som det er"),
        ]
        return .word(action, words[action] ?? ReportWord(action, action))
    }

    func retention() -> ReportSection {
        var rows: [[ReportValue]] = [
            [
                .word("metrics", ReportWord("metrics", "måltall")), .none,
                .text(DurationText.format(milliseconds: configuration.retention.time)),
            ]
        ]
        rows += configuration.retention.logs.map {
            [.word("logs", ReportWord("logs", "logger")), .text($0.selector), .text(DurationText.format(milliseconds: $0.time))]
        }
        rows.append([
            .word("logs", ReportWord("logs", "logger")), .word("*", ReportWord("all others", "alle andre")),
            .text(DurationText.format(milliseconds: configuration.retention.time)),
        ])
        rows += ((try? stores.erasures.holds.inForce()) ?? []).map {
            [
                .word("hold", ReportWord("legal hold on erasures", "sletting stanset av lov")), .given(parts.audit.text($0.selector)),
                .text(parts.audit.text($0.reason) + ($0.until.isEmpty ? "" : " (\($0.until))")),
            ]
        }
        return ReportSection(
            key: "retention", title: ReportWord("Retention", "Lagringstid"),
            content: .table(
                columns: [
                    ("store", ReportWord("What", "Hva")), ("streams", ReportWord("Streams", "Strømmer")),
                    ("time", ReportWord("Kept for", "Beholdes i")),
                ], rows: rows))
    }

    func measures() -> ReportSection {
        let server = configuration.server
        func row(_ key: String, _ name: ReportWord, _ isOn: Bool) -> Field { Field(key: key, name: name, value: .flag(isOn)) }
        return ReportSection(
            key: "measures", title: ReportWord("Security measures (article 32)", "Sikkerhetstiltak (artikkel 32)"),
            content: .fields([
                row(
                    "redaction",
                    ReportWord("Personal data is taken out before anything is written", "Personopplysninger tas ut før noe skrives"),
                    configuration.privacy.enabled),
                row(
                    "keys_apart",
                    ReportWord("Keys lie outside the data directory, mode 0600", "Nøkler ligger utenfor datamappen, modus 0600"),
                    configuration.privacy.enabled),
                row("tls", ReportWord("TLS", "TLS"), server.tls != nil),
                row("tokens", ReportWord("Tokens with roles", "Token med roller"), !server.tokens.isEmpty),
                row("audit", ReportWord("Reads are audited", "Lesing revideres"), parts.audit.log != nil),
                row("egress", ReportWord("Undeclared addresses are refused", "Uoppgitte adresser avvises"), true),
                row("checksums", ReportWord("Every stored byte has a checksum", "Hver lagrede byte har en kontrollsum"), true),
                row(
                    "encryption_at_rest", ReportWord("Encryption at rest by the server", "Kryptering på disk av tjeneren"),
                    parts.storage.seals),
            ]))
    }
}
