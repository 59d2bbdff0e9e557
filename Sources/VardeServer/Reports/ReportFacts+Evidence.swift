import VardeDisk
import VardeLogs
import VardeMetrics
import VardeModel
import VardePrivacy
import VardeQuery

/// What shows that it is as the record says.
extension ReportFacts {
    /// Streams told by name; beyond, only their number.
    private static let maxStreams = 200
    private static let maxErasures = 100

    func streamsWithoutPurpose() throws -> ReportSection {
        let selectors = try configuration.privacy.rules.filter { !$0.purpose.isEmpty }.map {
            try StreamSelector(PromQLEngine.matchers(ofStreams: $0.selector))
        }
        let streams = try stores.logs.streams(LogRequest(matchers: [], start: .min, end: .max)).map(\.labels)
        let without = streams.filter { labels in !selectors.contains { $0.matches(labels) } }.sorted()
        return ReportSection(
            key: "streams_without_purpose", title: ReportWord("Streams without a purpose", "Strømmer uten formål"),
            note: ReportWord("\(without.count) of \(streams.count) streams.", "\(without.count) av \(streams.count) strømmer."),
            content: .table(
                columns: [("stream", ReportWord("Stream", "Strøm"))], rows: without.prefix(Self.maxStreams).map { [.text("\($0)")] }))
    }

    func exceptions() -> ReportSection {
        let rules = configuration.privacy.rules.filter { rule in rule.actions.contains { $0.action == "keep" && $0.type != "orgnr" } }
        return ReportSection(
            key: "exceptions", title: ReportWord("Exceptions from redaction", "Unntak fra sladding"),
            note: ReportWord(
                "Each ends by itself after its last day, and is entered in the audit log when it comes into force.",
                "Hvert ender av seg selv etter siste dag, og føres i revisjonsloggen når det trer i kraft."),
            content: .table(
                columns: [
                    ("streams", ReportWord("Streams", "Strømmer")), ("types", ReportWord("Types", "Typer")),
                    ("reason", ReportWord("Reason", "Grunn")), ("until", ReportWord("Until", "Til")),
                ],
                rows: rules.map { rule in
                    [
                        .text(rule.selector), .list(rule.actions.filter { $0.action == "keep" }.map(\.type)), .text(rule.reason),
                        .text(rule.until),
                    ]
                }))
    }

    func retentionProof() -> ReportSection {
        let logs = stores.logs.statistics
        let metrics = stores.metrics.statistics
        let longest = max(configuration.retention.time, configuration.retention.logs.map(\.time).max() ?? 0)
        func row(_ key: String, _ name: ReportWord, oldest: Int64?, limit: Int64, last: Int64?, count: Int) -> [ReportValue] {
            [
                .word(key, name), time(oldest), .text(UTCText.milliseconds(now - limit)),
                // Whole blocks of a day go, so the oldest sample may be a day older than the limit.
                oldest.map { .flag($0 >= now - limit - 86_400_000) } ?? .none, time(last), .number(count),
            ]
        }
        return ReportSection(
            key: "deletion", title: ReportWord("Proof of deletion", "Bevis for sletting"),
            note: ReportWord(
                "The oldest data on disk against the limit; a day's block goes as a whole. Removals are counted since the start: expired log lines, and blocks of metrics.",
                "De eldste dataene på disk mot grensen; en dags blokk går som helhet. Fjerning er talt siden starten: utløpte logglinjer, og blokker av måltall."
            ),
            content: .table(
                columns: [
                    ("store", ReportWord("What", "Hva")), ("oldest", ReportWord("Oldest", "Eldst")),
                    ("limit", ReportWord("Limit", "Grense")),
                    ("within", ReportWord("Within", "Innenfor")), ("last_removal", ReportWord("Last removal", "Sist fjernet")),
                    ("removed", ReportWord("Removed", "Fjernet")),
                ],
                rows: [
                    row(
                        "logs", ReportWord("logs", "logger"), oldest: stores.logs.oldest.map { $0 / 1_000_000 }, limit: longest,
                        last: logs.lastExpiry.map { $0 / 1_000_000 }, count: logs.expiredEntries),
                    row(
                        "metrics", ReportWord("metrics", "måltall"), oldest: metrics.oldest, limit: configuration.retention.time,
                        last: metrics.lastExpiry, count: Int(metrics.expiredBlocks)),
                ]))
    }

    func redacted() -> ReportSection {
        let counts = parts.redaction.counts
        var rows: [[ReportValue]] = PersonalDataType.allCases.filter { counts[$0] > 0 }.map {
            [.text($0.configurationName), .number(counts[$0])]
        }
        rows += counts.own.sorted { $0.key < $1.key }.map { [.text($0.key), .number($0.value)] }
        return ReportSection(
            key: "redacted", title: ReportWord("Redacted", "Sladdet"),
            note: ReportWord(
                "Since the start, by type: \(counts.redactedLines) of \(counts.lines) lines; \(counts.quarantinedLines) could not be judged and were replaced whole.",
                "Siden starten, etter type: \(counts.redactedLines) av \(counts.lines) linjer; \(counts.quarantinedLines) lot seg ikke bedømme og ble erstattet helt."
            ),
            content: .table(columns: [("type", ReportWord("Type", "Type")), ("count", ReportWord("Count", "Antall"))], rows: rows))
    }

    func detectors() -> ReportSection {
        func percent(_ value: Double) -> ReportValue { .text("\(value) %") }
        return ReportSection(
            key: "detectors", title: ReportWord("Detectors", "Detektorer"),
            note: ReportWord(
                "The score is that of the developers' last recorded run over synthetic lines, not of this server's own data.",
                "Resultatet er fra utviklernes siste førte kjøring over syntetiske linjer, ikke fra denne tjenerens egne data."),
            content: .fields([
                Field(key: "version", name: ReportWord("Version", "Versjon"), value: .text(DetectorRecord.version)),
                Field(key: "corpus", name: ReportWord("Corpus", "Prøvesamling"), value: .text(DetectorRecord.corpus)),
                Field(key: "corpus_sha256", name: ReportWord("Its SHA-256", "SHA-256 av den"), value: .text(DetectorRecord.corpusDigest)),
                Field(key: "lines", name: ReportWord("Lines", "Linjer"), value: .number(DetectorRecord.lines)),
                Field(key: "day", name: ReportWord("Day of the run", "Dag for kjøringen"), value: .text(DetectorRecord.day)),
                Field(
                    key: "recall_certain", name: ReportWord("Found, certain from the value", "Funnet, sikre av verdien"),
                    value: percent(DetectorRecord.recallCertain)),
                Field(
                    key: "recall_in_context",
                    name: ReportWord("Found, with a key or word beside", "Funnet, med nøkkel eller ord ved siden av"),
                    value: percent(DetectorRecord.recallInContext)),
                Field(
                    key: "altered", name: ReportWord("Other characters altered", "Andre tegn endret"),
                    value: percent(DetectorRecord.altered)),
                Field(
                    key: "names_in_free_text", name: ReportWord("Names in free text are looked for", "Navn i fri tekst letes etter"),
                    value: .flag(false)),
            ]))
    }

    func keys() -> ReportSection {
        ReportSection(
            key: "keys", title: ReportWord("Keys of pseudonyms", "Pseudonymnøkler"),
            content: .table(
                columns: [
                    ("epoch", ReportWord("Epoch", "Epoke")), ("from", ReportWord("From", "Fra")),
                    ("destroyed", ReportWord("Destroyed", "Ødelagt")),
                ],
                rows: parts.redaction.keyEpochs.map {
                    [.number($0.number), time($0.start * 1000), time($0.destroyed.map { $0 * 1000 })]
                }))
    }

    /// The keys files are sealed under, by day.
    func storageKeys() throws -> ReportSection {
        let files = try parts.days.files()
        let note =
            parts.storage.seals
            ? ReportWord(
                "Every file that holds data is sealed with AES-256-GCM as it is written. Destroying a day's keys destroys the day, also in copies.",
                "Hver fil som holder data, forsegles med AES-256-GCM idet den skrives. Ødelegges nøklene til en dag, er dagen ødelagt, også i kopier."
            )
            : ReportWord("Encryption at rest by the server is off.", "Kryptering på disk av tjeneren er av.")
        return ReportSection(
            key: "storage_keys", title: ReportWord("Keys of sealed files", "Nøkler til forseglede filer"), note: note,
            content: .table(
                columns: [
                    ("day", ReportWord("Day", "Dag")), ("files", ReportWord("Files", "Filer")),
                    ("destroyed", ReportWord("Destroyed", "Ødelagt")),
                ],
                rows: parts.days.entries.map {
                    [.text($0.name.dayText), .number(files[$0.name]?.count ?? 0), time($0.destroyed.map { $0 * 1000 })]
                }))
    }

    func erasures() throws -> ReportSection {
        let saga = stores.erasures.saga
        let done = try saga.receiptNames().compactMap { name in
            try saga.receipt(name).flatMap { ErasureRequest(receipt: String(decoding: $0, as: UTF8.self)) }
        }.sorted { $0.requested > $1.requested }
        func row(_ request: ErasureRequest, _ state: ReportValue) -> [ReportValue] {
            [
                .text(request.id), state, time(request.requested), request.finished > 0 ? time(request.finished) : .none,
                .number(request.lines), .number(request.series),
            ]
        }
        let open = saga.open.map { row($0, .text(PrivacyRoutes.state(of: $0))) }
        return ReportSection(
            key: "erasures", title: ReportWord("Erasures", "Slettinger"),
            note: ReportWord(
                "\(done.count) done, \(open.count) open. Each that is done has a signed receipt.",
                "\(done.count) utført, \(open.count) åpne. Hver utført har en signert kvittering."),
            content: .table(
                columns: [
                    ("id", ReportWord("Name", "Navn")), ("state", ReportWord("State", "Tilstand")),
                    ("requested", ReportWord("Requested", "Bedt om")), ("finished", ReportWord("Finished", "Ferdig")),
                    ("lines", ReportWord("Lines", "Linjer")), ("series", ReportWord("Series", "Serier")),
                ],
                rows: open + done.prefix(Self.maxErasures).map { row($0, .word("done", ReportWord("done", "utført"))) }))
    }
}
