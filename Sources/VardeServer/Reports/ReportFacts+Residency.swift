import VardePrivacy

/// Where data is.
extension ReportFacts {
    func place() -> ReportSection {
        let places = parts.audit.places
        var all: [(String, ReportWord, String)] = [
            ("data", ReportWord("data", "data"), parts.dataDirectory),
            ("pseudonym_keys", ReportWord("keys of pseudonyms", "pseudonymnøkler"), places.pseudonymKeys),
            ("audit_key", ReportWord("signing key", "signeringsnøkkel"), places.auditKey),
            ("audit_checkpoints", ReportWord("signed heads", "signerte hoder"), places.auditCheckpoints),
        ]
        if parts.storage.keys != nil {
            all.append(("storage_key", ReportWord("master key of sealed files", "hovednøkkel til forseglede filer"), parts.storage.keyPath))
        }
        return ReportSection(
            key: "places", title: ReportWord("Places", "Steder"),
            note: ReportWord(
                "A program cannot show where on earth a device stands; it can show which device, and that nothing undeclared was contacted.",
                "Et program kan ikke vise hvor på jorden en enhet står; det kan vise hvilken enhet, og at ingenting uoppgitt ble kontaktet."
            ),
            content: .table(
                columns: [
                    ("what", ReportWord("What", "Hva")), ("path", ReportWord("Path", "Sti")), ("device", ReportWord("Device", "Enhet")),
                    ("mount", ReportWord("Mounted at", "Montert på")), ("file_system", ReportWord("File system", "Filsystem")),
                    ("options", ReportWord("Options", "Valg")),
                ],
                rows: all.map { key, name, path in
                    let mount = MountPoint.of(path)
                    return [
                        .word(key, name), .text(path), mount.map { .text($0.device) } ?? .none, mount.map { .text($0.mount) } ?? .none,
                        mount.map { .text($0.type) } ?? .none, mount.map { .text($0.options) } ?? .none,
                    ]
                }))
    }

    func networks() -> ReportSection {
        let residency = configuration.residency
        var rows: [[ReportValue]] = [
            [
                .word("own", ReportWord("loopback and private networks", "sløyfe og private nett")), .none,
                .word("self", ReportWord("the operator's own", "egne")), .none, .none,
            ]
        ]
        rows += residency.networks.map {
            [.text($0.cidr), .text($0.country), .text($0.operator), .given($0.contract), .given($0.validUntil)]
        }
        return ReportSection(
            key: "networks", title: ReportWord("Declared networks", "Oppgitte nett"),
            note: ReportWord(
                "Countries allowed: \(residency.countries.isEmpty ? "not limited" : residency.countries.joined(separator: ", ")). "
                    + "Requests to read are held against these networks: \(residency.inbound ? "yes" : "no"). "
                    + "Every outbound connection is, and is refused where its address is in none.",
                "Tillatte land: \(residency.countries.isEmpty ? "ikke begrenset" : residency.countries.joined(separator: ", ")). "
                    + "Forespørsler om lesing holdes mot disse nettene: \(residency.inbound ? "ja" : "nei"). "
                    + "Hver utgående forbindelse gjør det, og avvises der adressen ikke er i noe av dem."),
            content: .table(
                columns: [
                    ("cidr", ReportWord("Network", "Nett")), ("country", ReportWord("Country", "Land")),
                    ("operator", ReportWord("Operator", "Driver")), ("contract", ReportWord("Contract", "Avtale")),
                    ("valid_until", ReportWord("Valid until", "Gjelder til")),
                ], rows: rows))
    }
}
