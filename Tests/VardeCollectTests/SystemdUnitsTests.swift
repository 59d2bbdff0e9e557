import Foundation
import Logging
import Synchronization
import Testing
import VardeEgress
import VardeModel
import VardeWire

@testable import VardeCollect

/// Units of a made-up systemd, and processes of a made-up machine, under node_exporter's names.
@Suite struct SystemdUnitsTests {
    private static let client = EgressClient()

    /// Keeps what is said.
    private struct Listening: LogHandler {
        final class Said: Sendable { let texts = Mutex<[String]>([]) }

        let said: Said
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { nil }
            set {}
        }

        func log(event: LogEvent) { said.texts.withLock { $0.append("\(event.message)") } }
    }

    /// The page of a bus at `socket`, and what was said, asked `times` times.
    private static func page(
        _ socket: String, timeout: Int64 = 60_000, times: Int = 1
    ) async throws -> (page: [String: Double], said: [String]) {
        let said = Listening.Said()
        let units = SystemdUnits(egress: client, logger: Logger(label: "test") { _ in Listening(said: said) })
        var page = HostPage()
        for _ in 0..<times {
            page = HostPage()
            await units.add(socket: socket, timeout: timeout, to: &page)
        }
        return (try HostPageText.samples(page.bytes), said.texts.withLock { $0 })
    }

    private static let manager = "/org/freedesktop/systemd1 org.freedesktop.systemd1.Manager "
    private static let properties: [String: FakeMessageBus.Value] = [
        manager + "Version": .text("252.39-1~deb12u1"), manager + "Virtualization": .text("kvm"),
        manager + "SystemState": .text("degraded"),
        "/nginx.service org.freedesktop.systemd1.Service Type": .text("forking"),
        "/apt.timer org.freedesktop.systemd1.Timer LastTriggerUSec": .long(1_700_000_000_500_000),
        "/ssh.socket org.freedesktop.systemd1.Socket NAccepted": .word(7),
        "/ssh.socket org.freedesktop.systemd1.Socket NConnections": .word(2),
    ]
    private static let units: [FakeMessageBus.Unit] = [
        ("nginx.service", "loaded", "active"), ("broken.service", "loaded", "failed"), ("gone.service", "not-found", "inactive"),
        ("apt.timer", "loaded", "active"), ("ssh.socket", "loaded", "active"), ("home.mount", "loaded", "active"),
        ("user.slice", "loaded", "active"), ("basic.target", "loaded", "reloading"),
    ]

    @Test(arguments: [true, false]) func `Units by state, timers and sockets, in either order of bytes`(_ isLittle: Bool) async throws {
        let bus = try FakeMessageBus(units: Self.units, properties: Self.properties, isLittle: isLittle)
        defer { bus.stop() }
        let (page, said) = try await Self.page(bus.socket)
        #expect(said == [])
        #expect(page["node_systemd_version{version=\"252.39-1~deb12u1\"}"] == 252.39)
        #expect(page["node_systemd_virtualization_info{virtualization_type=\"kvm\"}"] == 1)
        #expect(page["node_systemd_system_running"] == 0)
        #expect(page["node_systemd_units{state=\"active\"}"] == 5)
        #expect(page["node_systemd_units{state=\"reloading\"}"] == 1)
        #expect(page["node_systemd_units{state=\"activating\"}"] == 0)
        #expect(page["node_systemd_unit_state{name=\"nginx.service\", state=\"active\", type=\"forking\"}"] == 1)
        #expect(page["node_systemd_unit_state{name=\"nginx.service\", state=\"failed\", type=\"forking\"}"] == 0)
        #expect(page["node_systemd_unit_state{name=\"broken.service\", state=\"failed\"}"] == 1)
        #expect(page["node_systemd_unit_state{name=\"basic.target\", state=\"active\"}"] == 0)
        #expect(page.keys.count { $0.hasPrefix("node_systemd_unit_state") } == 25)
        #expect(page["node_systemd_timer_last_trigger_seconds{name=\"apt.timer\"}"] == 1_700_000_000.5)
        #expect(page["node_systemd_socket_accepted_connections_total{name=\"ssh.socket\"}"] == 7)
        #expect(page["node_systemd_socket_current_connections{name=\"ssh.socket\"}"] == 2)
        #expect(!page.keys.contains { $0.hasPrefix("node_systemd_socket_refused") })
        #expect(page["node_scrape_collector_success{collector=\"systemd\"}"] == 1)
        #expect(bus.calls.first == "Hello")
    }

    @Test func `Hundreds of units are asked for in turns`() async throws {
        let many = (0..<300).map { (name: "s\($0).service", load: "loaded", active: "active") }
        let bus = try FakeMessageBus(units: many, properties: Self.properties)
        defer { bus.stop() }
        let page = try await Self.page(bus.socket).page
        #expect(page["node_systemd_units{state=\"active\"}"] == 300)
        #expect(page.keys.count { $0.hasPrefix("node_systemd_unit_state") } == 1_500)
    }

    @Test(arguments: [
        (FakeMessageBus.Manner.rejecting, "does not let this user in"), (.silent, "context deadline exceeded"),
        (.garbled, "not a message of version 1"),
    ])
    func `A bus that cannot be asked is named once, and the page says that it failed`(
        _ manner: FakeMessageBus.Manner, _ words: String
    ) async throws {
        let bus = try FakeMessageBus(units: [], properties: [:], manner: manner)
        defer { bus.stop() }
        let (page, said) = try await Self.page(bus.socket, timeout: manner == .silent ? 300 : 60_000, times: 2)
        #expect(page == ["node_scrape_collector_success{collector=\"systemd\"}": 0])
        #expect(said.count == 1)
        #expect(said.first?.contains(words) == true, "\(said)")
    }

    @Test func `Without a socket nothing is collected, which is said once`() async throws {
        let (page, said) = try await Self.page("/nowhere/bus", times: 3)
        #expect(page == [:])
        #expect(said == ["there is no /nowhere/bus: units of systemd are not collected"])
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/dbus-daemon"), "no dbus-daemon here"))
    func `A real bus lets us in, and says that there is no systemd on it`() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("bus-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let socket = folder.appendingPathComponent("s").path
        let configuration = folder.appendingPathComponent("bus.conf")
        try """
        <busconfig><type>session</type><listen>unix:path=\(socket)</listen><auth>EXTERNAL</auth>
        <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
        """.write(to: configuration, atomically: true, encoding: .utf8)
        let daemon = Process()
        daemon.executableURL = URL(fileURLWithPath: "/usr/bin/dbus-daemon")
        daemon.arguments = ["--config-file=\(configuration.path)", "--nofork"]
        daemon.standardError = FileHandle.nullDevice
        try daemon.run()
        defer { kill(daemon.processIdentifier, SIGKILL) }
        for _ in 0..<200 where !FileManager.default.fileExists(atPath: socket) { try await Task.sleep(for: .milliseconds(50)) }
        let said = try await Self.page(socket).said
        #expect(said.count == 1)
        #expect(said.first?.contains("ListUnits was answered with org.freedesktop.DBus.Error.ServiceUnknown") == true, "\(said)")
    }

    @Test func `Processes and threads by state`() throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("varde-host-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        func status(_ number: Int, _ name: String, _ state: String, _ threads: Int) -> String {
            "\(number) (\(name)) \(state) 1 1 1 0 -1 4194560 1 1 1 1 1 1 1 1 20 0 \(threads) 0 5 1 1 1\n"
        }
        for (path, text) in [
            "proc/7/stat": status(7, "a) b (c", "S", 2), "proc/7/task/7/stat": status(7, "a", "S", 2),
            "proc/7/task/8/stat": status(8, "a", "R", 2),
            "proc/9/stat": status(9, "kworker", "I", 1), "proc/9/task/9/stat": status(9, "kworker", "I", 1),
            "proc/12/cmdline": "", "proc/self/stat": status(7, "a", "R", 2),
            "proc/sys/kernel/threads-max": "1000\n", "proc/sys/kernel/pid_max": "32768\n",
        ] {
            let file = root.appendingPathComponent(path)
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        var options = HostOptions()
        options.processes = true
        let page = try HostPageText.samples(HostCollector(root: root.path).page(options)).filter { $0.key.hasPrefix("node_processes") }
        #expect(
            page == [
                "node_processes_threads": 3, "node_processes_max_threads": 1_000, "node_processes_pids": 2,
                "node_processes_max_processes": 32_768, "node_processes_state{state=\"S\"}": 1, "node_processes_state{state=\"I\"}": 1,
                "node_processes_threads_state{thread_state=\"S\"}": 1, "node_processes_threads_state{thread_state=\"R\"}": 1,
                "node_processes_threads_state{thread_state=\"I\"}": 1,
            ])
        #expect(try HostPageText.samples(HostCollector(root: root.path).page()).keys.allSatisfy { !$0.hasPrefix("node_processes") })
    }
}
