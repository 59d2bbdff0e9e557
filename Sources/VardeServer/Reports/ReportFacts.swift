import VardeForward
import VardeKernels
import VardeModel
import VardePrivacy

/// The reports there are.
enum ReportKind: String, Sendable, CaseIterable {
    case residency, art30, evidence
}

/// Gathers what reports say, from the running server and the configuration in force.
struct ReportFacts: Sendable {
    typealias Field = ReportSection.Field

    let parts: ServerParts
    let configuration: Configuration
    let stores: Stores
    let now: Int64

    init(_ parts: ServerParts) throws {
        self.parts = parts
        configuration = parts.current()
        stores = try parts.stores()
        now = parts.clock()
    }

    /// Blocks on the disk.
    func report(_ kind: ReportKind) throws -> ReportText {
        let (title, sections) =
            switch kind {
            case .residency:
                (ReportWord("Residency of data", "Hvor data er"), [server(), place(), networks(), recipients(), refusals(), audit()])
            case .art30:
                (
                    ReportWord("Record of processing (GDPR article 30)", "Protokoll over behandling (personvernforordningen artikkel 30)"),
                    [controller(), purposes(), categories(), recipients(), networks(), retention(), measures()]
                )
            case .evidence:
                (
                    ReportWord("Evidence", "Dokumentasjon"),
                    try [
                        server(), purposes(), streamsWithoutPurpose(), exceptions(), retention(), retentionProof(), redacted(), detectors(),
                        keys(), storageKeys(), erasures(), refusals(), audit(),
                    ]
                )
            }
        return ReportText(kind: kind.rawValue, title: title, time: UTCText.milliseconds(now), sections: sections)
    }

    func time(_ milliseconds: Int64?) -> ReportValue { milliseconds.map { .text(UTCText.milliseconds($0)) } ?? .none }

    private func server() -> ReportSection {
        ReportSection(
            key: "server", title: ReportWord("Server", "Tjener"),
            content: .fields([
                Field(key: "version", name: ReportWord("Version", "Versjon"), value: .text(BuildInfo.summary)),
                Field(key: "started", name: ReportWord("Started", "Startet"), value: time(parts.startTime)),
                Field(key: "listen", name: ReportWord("Listens on", "Lytter på"), value: .text(parts.listen)),
                Field(
                    key: "configuration", name: ReportWord("Configuration", "Konfigurasjon"),
                    value: .text(configuration.file ?? "embedded defaults")),
                Field(
                    key: "configuration_sha256", name: ReportWord("Its SHA-256", "SHA-256 av den"),
                    value: .text(ConfigurationDigest.text(configuration.text))),
            ]))
    }

    func recipients() -> ReportSection {
        ReportSection(
            key: "recipients", title: ReportWord("Recipients", "Mottakere"),
            note: ReportWord(
                "Where this server sends stored data by its configuration. Who reads by a token is in the audit log.",
                "Hit sender tjeneren lagrede data etter konfigurasjonen. Hvem som leser med et token, står i revisjonsloggen."),
            content: .table(
                columns: [("name", ReportWord("Name", "Navn")), ("address", ReportWord("Address", "Adresse"))],
                rows: ReportRecipients.of(configuration).map { [.text($0.name), .text($0.address)] }))
    }

    func refusals() -> ReportSection {
        let egress = parts.metrics.counters("varde_egress_refused_total").map { ($0.labels["reason"] ?? "", Int($0.value)) }
        let inbound = Int(parts.metrics.counters("varde_inbound_refused_total").reduce(0) { $0 + $1.value })
        var rows: [[ReportValue]] = egress.sorted { $0.0 < $1.0 }.map {
            [.word("outbound", ReportWord("outbound", "ut")), .text($0.0), .number($0.1)]
        }
        rows.append([.word("inbound", ReportWord("inbound", "inn")), .text("undeclared"), .number(inbound)])
        return ReportSection(
            key: "refused_connections", title: ReportWord("Refused connections", "Avviste forbindelser"),
            note: ReportWord(
                "Since the start. Each is an entry of the audit log, at most one a minute of a kind.",
                "Siden starten. Hver er en innførsel i revisjonsloggen, høyst én i minuttet av hvert slag."),
            content: .table(
                columns: [
                    ("direction", ReportWord("Direction", "Retning")), ("reason", ReportWord("Reason", "Grunn")),
                    ("count", ReportWord("Count", "Antall")),
                ], rows: rows))
    }

    func audit() -> ReportSection {
        let head = parts.audit.log?.head
        return ReportSection(
            key: "audit", title: ReportWord("Audit log", "Revisjonslogg"),
            note: ReportWord(
                "`varde audit verify` reads the whole chain against its signed heads.",
                "`varde audit verify` leser hele kjeden mot de signerte hodene."),
            content: .fields([
                Field(key: "enabled", name: ReportWord("Kept", "Føres"), value: .flag(head != nil)),
                Field(key: "entries", name: ReportWord("Entries", "Innførsler"), value: head.map { .number(Int($0.entries)) } ?? .none),
                Field(
                    key: "signed", name: ReportWord("Of them signed", "Av dem signert"),
                    value: head.map { .number(Int($0.signed)) } ?? .none),
                Field(key: "head", name: ReportWord("Head of the chain", "Kjedens hode"), value: head.map { .text($0.hash) } ?? .none),
                Field(key: "key", name: ReportWord("Public key", "Offentlig nøkkel"), value: .text(parts.audit.signer.publicKeyText)),
                Field(
                    key: "checkpoints", name: ReportWord("Signed heads are kept in", "Signerte hoder ligger i"),
                    value: .text(parts.audit.places.auditCheckpoints)),
            ]))
    }
}

/// Where a configuration has stored data sent to.
enum ReportRecipients {
    static func of(_ configuration: Configuration) -> [(name: String, address: String)] {
        configuration.remoteWrite.map { ("remote_write \($0.target.name)", $0.target.shownURL) }
            + configuration.lokiWrite.map { ("loki_write \($0.target.name)", $0.target.shownURL) }
    }
}
