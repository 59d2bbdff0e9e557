import Logging
import Synchronization
import VardeDisk
import VardeEgress
import VardeWire

/// systemd's units and their states, asked over the system's D-Bus, under node_exporter's names.
final class SystemdUnits: Sendable {
    private struct Unit {
        var name: String
        var load: String
        var active: String
        var path: String
    }

    /// Units told of, at most; the summary counts all.
    private static let maxUnits = 10_000
    /// Milliseconds everything may take.
    static let longestWait: Int64 = 5_000
    private static let states = ["active", "activating", "deactivating", "inactive", "failed"]
    /// Kinds node_exporter leaves out as well.
    private static let leftOut = [".automount", ".device", ".mount", ".scope", ".slice"]
    private static let service = "org.freedesktop.systemd1"
    private static let manager = "/org/freedesktop/systemd1"

    private let egress: EgressClient
    private let logger: Logger
    /// What was said last, so that it is said once.
    private let said = Mutex("")

    init(egress: EgressClient, logger: Logger) {
        self.egress = egress
        self.logger = logger
    }

    /// Adds the units as they are now. Where there is no socket nothing is collected, which is said once; where systemd does not answer,
    /// `node_scrape_collector_success` is 0.
    func add(socket: String, timeout: Int64, to page: inout HostPage) async {
        guard PosixFileSystem().exists(socket) else {
            return say("there is no \(socket): units of systemd are not collected", .info)
        }
        var own = HostPage()
        var succeeded = true
        do {
            own = try await egress.talk(unixSocket: socket, timeout: timeout) { stream in
                var bus = try await MessageBus(stream)
                return try await Self.page(&bus)
            }
            said.withLock { $0 = "" }
        } catch {
            succeeded = false
            if !Task.isCancelled { say("units of systemd cannot be asked for at \(socket): \(error)", .warning) }
        }
        page.append(own)
        page.family("node_scrape_collector_success", "gauge", "Whether a collector succeeded.")
        page.sample("node_scrape_collector_success", [("collector", "systemd")], succeeded ? 1 : 0)
    }

    private func say(_ text: String, _ level: Logger.Level) {
        let isNew = said.withLock { said in
            defer { said = text }
            return said != text
        }
        if isNew { logger.log(level: level, "\(text)") }
    }

    private static func property(_ interface: String, _ name: String, at path: String) -> DBusCall {
        DBusCall(service, path, "org.freedesktop.DBus.Properties", "Get", ["\(service).\(interface)", name])
    }

    /// The value of a property; nil where it cannot be had, as of one that this systemd does not know.
    private static func value(_ answer: DBusMessage?) throws(WireError) -> DBusReader.Value? {
        guard var answer, answer.kind == .answer, answer.signature == "v" else { return nil }
        return try answer.body.variant()
    }

    private static func page(_ bus: inout MessageBus) async throws -> HostPage {
        var page = HostPage()
        let answers = try await bus.call(
            ["Version", "Virtualization", "SystemState"].map { property("Manager", $0, at: manager) }
                + [DBusCall(service, manager, service + ".Manager", "ListUnits")])
        guard let last = answers.last, let list = last, list.kind == .answer else {
            throw MessageBus.Fault(description: "ListUnits was answered with \(answers.last??.faultName ?? "nothing")")
        }
        if case .text(let version)? = try value(answers[0]), let number = Self.number(of: version) {
            page.family("node_systemd_version", "gauge", "Detected systemd version.")
            page.sample("node_systemd_version", [("version", version)], number)
        }
        var machine = "unknown"
        if case .text(let text)? = try value(answers[1]) { machine = text.isEmpty ? "none" : text }
        page.family("node_systemd_virtualization_info", "gauge", "Detected virtualization technology.")
        page.sample("node_systemd_virtualization_info", [("virtualization_type", machine)], 1)
        if case .text(let state)? = try value(answers[2]) {
            page.single(
                "node_systemd_system_running", "gauge", "Whether the system is operational (see 'systemctl is-system-running').",
                state == "running" ? 1 : 0)
        }
        let all = try units(list)
        add(summary: all, to: &page)
        let told = all.filter { unit in unit.load == "loaded" && !leftOut.contains { unit.name.hasSuffix($0) } }
            .sorted { $0.name < $1.name }.prefix(maxUnits)
        try await add(states: Array(told), asking: &bus, to: &page)
        try await add(told.filter { $0.name.hasSuffix(".timer") }, "Timer", timerFamilies, asking: &bus, to: &page)
        try await add(told.filter { $0.name.hasSuffix(".socket") }, "Socket", socketFamilies, asking: &bus, to: &page)
        return page
    }

    /// The first number of three digits or more, with what stands behind its point.
    static func number(of version: String) -> Double? {
        version.firstMatch(of: #/[0-9]{3,}(?:\.[0-9]+)?/#).flatMap { Double($0.output) }
    }

    private static func units(_ answer: DBusMessage) throws -> [Unit] {
        guard answer.signature == "a(ssssssouso)" else {
            throw MessageBus.Fault(description: "ListUnits was answered with values of type “\(answer.signature)”")
        }
        var units: [Unit] = []
        var body = answer.body
        try body.array(alignedTo: 8) { reader throws(WireError) in
            let name = try reader.text()
            _ = try reader.text()
            let (load, active) = (try reader.text(), try reader.text())
            for _ in 0..<2 { _ = try reader.text() }
            let path = try reader.text()
            _ = try reader.word()
            for _ in 0..<2 { _ = try reader.text() }
            units.append(Unit(name: name, load: load, active: active, path: path))
        }
        return units
    }

    private static func add(summary units: [Unit], to page: inout HostPage) {
        var counts = Dictionary(uniqueKeysWithValues: states.map { ($0, 0) })
        for unit in units { counts[unit.active, default: 0] += 1 }
        page.family("node_systemd_units", "gauge", "Summary of systemd unit states.")
        for (state, count) in counts.sorted(by: { $0.key < $1.key }) {
            page.sample("node_systemd_units", [("state", state)], Double(count))
        }
    }

    private static func add(states units: [Unit], asking bus: inout MessageBus, to page: inout HostPage) async throws {
        let services = units.filter { $0.name.hasSuffix(".service") }
        let answers = try await bus.call(services.map { property("Service", "Type", at: $0.path) })
        var types: [String: String] = [:]
        for (unit, answer) in zip(services, answers) {
            if case .text(let type)? = try value(answer) { types[unit.name] = type }
        }
        page.family("node_systemd_unit_state", "gauge", "Systemd unit.")
        for unit in units {
            for state in states {
                page.sample(
                    "node_systemd_unit_state", [("name", unit.name), ("state", state), ("type", types[unit.name] ?? "")],
                    state == unit.active ? 1 : 0)
            }
        }
    }

    private typealias Family = (property: String, name: String, type: String, help: String, factor: Double)
    private static let timerFamilies: [Family] = [
        ("LastTriggerUSec", "node_systemd_timer_last_trigger_seconds", "gauge", "Seconds since epoch of last trigger.", 1e6)
    ]
    private static let socketFamilies: [Family] = [
        ("NAccepted", "node_systemd_socket_accepted_connections_total", "counter", "Total number of accepted socket connections.", 1),
        ("NConnections", "node_systemd_socket_current_connections", "gauge", "Current number of socket connections.", 1),
        ("NRefused", "node_systemd_socket_refused_connections_total", "gauge", "Total number of refused socket connections.", 1),
    ]

    private static func add(
        _ units: [Unit], _ interface: String, _ families: [Family], asking bus: inout MessageBus, to page: inout HostPage
    ) async throws {
        if units.isEmpty { return }
        for family in families {
            let answers = try await bus.call(units.map { property(interface, family.property, at: $0.path) })
            page.family(family.name, family.type, family.help)
            for (unit, answer) in zip(units, answers) {
                guard case .number(let number)? = try value(answer) else { continue }
                page.sample(family.name, [("name", unit.name)], Double(number) / family.factor)
            }
        }
    }
}
