import Testing
import VardeModel
import VardePrivacy

@testable import VardeServer

/// What `privacy:` may say, and what is refused.
@Suite struct PrivacyConfigurationTests {
    private func read(_ yaml: String) throws -> Configuration {
        let configuration = try Configuration(parsing: yaml, file: "t.yaml")
        try ConfigurationCheck.run(configuration)
        return configuration
    }

    private func redacted(_ configuration: Configuration, _ labels: Labels, _ line: String) throws -> String {
        let redactor = try RedactionPolicies.preview(configuration)
        var session = redactor.session(for: labels)
        var state = StreamState()
        var out: [UInt8] = []
        let bytes = Array(line.utf8)
        if session.redact(bytes.span, into: &out, state: &state) == .unchanged { return line }
        return String(decoding: out, as: UTF8.self)
    }

    @Test func `Actions, own detectors and keys go by stream, and '{}' selects all that are left`() throws {
        let configuration = try read(
            """
            privacy:
              actions: {email: mask, KUNDENUMMER: mask}
              keys: {saksbehandler: user, kundenavn: name}
              detectors:
                - {name: kundenummer, pattern: '\\bK([0-9]{8})\\b'}
              policies:
                - {selector: '{app="betaling"}', purpose: drift, legal_basis: art. 6(1)(f), actions: {email: drop, kundenummer: drop}}
                - {selector: '{}', purpose: drift, legal_basis: art. 6(1)(f), subjects: ansatte, actions: {card: truncate}}
            """)
        #expect(try redacted(configuration, ["app": "betaling"], "to a.b@example.no K12345678 x") == "to  K x")
        #expect(try redacted(configuration, ["app": "web"], "to a.b@example.no K12345678 x") == "to <EMAIL> K<KUNDENUMMER> x")
        #expect(try redacted(configuration, ["app": "web"], "card 4111111111111111").hasPrefix("card <CARD:1111>"))
        #expect(try redacted(configuration, ["app": "web"], "saksbehandler=olanor kundenavn=\"Ola Nordmann\"").contains("<USER:k1:"))
        #expect(ConfigurationCheck.warnings(configuration).isEmpty)
    }

    @Test func `What is kept raw needs a reason and an end, and streams without a purpose are told`() throws {
        for bad in [
            "privacy: {actions: {fnr: keep}}",
            "privacy: {policies: [{selector: '{app=\"a\"}', actions: {fnr: keep}}]}",
            "privacy: {policies: [{selector: '{app=\"a\"}', actions: {fnr: keep}, reason: x}]}",
            "privacy: {policies: [{selector: '{app=\"a\"}', actions: {fnr: keep}, reason: x, until: soon}]}",
            "privacy: {policies: [{selector: 'app', purpose: x}]}", "privacy: {actions: {nothing: mask}}",
            "privacy: {keys: {a: nothing}}", "privacy: {detectors: [{name: a, pattern: '('}]}",
            "privacy: {detectors: [{name: a, pattern: a, checksum: mod12}]}", "privacy: {legal_hold: [{selector: '{app=\"a\"}'}]}",
            "privacy: {legal_hold: [{reason: x, until: soon}]}", "privacy: {legal_hold: [{reason: x, selector: '{'}]}",
        ] { #expect(throws: ConfigurationError.self, "\(bad)") { _ = try read(bad) } }
        let none = ConfigurationCheck.warnings(try read("privacy: {policies: [{selector: '{app=\"a\"}'}]}"))
        #expect(none.contains { $0.contains("end the list") } && none.contains { $0.contains("names no purpose") })
        let kept = try read(
            "privacy: {policies: [{selector: '{app=\"a\"}', purpose: p, actions: {fnr: keep}, reason: x, until: 2199-01-01}]}")
        #expect(try redacted(kept, ["app": "a"], "fnr=02013299997") == "fnr=02013299997")
        let over = try read(
            "privacy: {policies: [{selector: '{app=\"a\"}', purpose: p, actions: {fnr: keep}, reason: x, until: 2020-01-01}]}")
        #expect(try redacted(over, ["app": "a"], "fnr=02013299997") != "fnr=02013299997")
    }

    @Test func `The mount a path lies on is the innermost, and the last of those on one place`() {
        let table = """
            22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
            23 22 0:21 / /proc rw,nosuid - proc proc rw
            30 22 8:17 / /srv/log\\040data rw,noatime shared:2 - xfs /dev/sdb1 rw
            31 22 8:33 / /srv rw - ext4 /dev/sdc1 rw
            """
        #expect(MountPoint.of("/srv/log data/x", table: table)?.device == "/dev/sdb1 (8:17)")
        #expect(MountPoint.of("/srv/other", table: table)?.mount == "/srv")
        let root = MountPoint(device: "/dev/sda1 (8:1)", mount: "/", type: "ext4", options: "rw,relatime")
        #expect(MountPoint.of("/home", table: table) == root)
        #expect(MountPoint.of("/home", table: nil) == nil)
    }
}
