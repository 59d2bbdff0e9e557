/// Seconds by processor and mode from `/proc/stat`.
///
/// The kernel lets idle and iowait step back a little now and then; a counter that does so would read as a restart, so the highest value
/// seen stands until it is passed. A larger step is a processor that was taken away and came back: all its counters begin anew.
struct ProcessorTimes {
    private var highest: [String: [Double]] = [:]

    private static let modes = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"]
    /// Kernel ticks a second, as `/proc` shows them on Linux (USER_HZ).
    private static let ticks = 100.0
    /// Seconds a counter may step back and be held.
    private static let heldStep = 3.0

    mutating func add(_ files: HostFiles, to page: inout HostPage) {
        var rows: [(processor: String, times: [Double])] = []
        var counters: [String: Double] = [:]
        for line in files.lines("/proc/stat") {
            let fields = line.fields
            guard let name = fields.first else { continue }
            if name.hasPrefix("cpu"), name.utf8.count > 3 {
                let processor = String(name.dropFirst(3))
                rows.append((processor, steadied(processor, (1...10).map { fields.number($0) / Self.ticks })))
            } else {
                counters[String(name)] = fields.number(1)
            }
        }
        if !rows.isEmpty {
            page.family("node_cpu_seconds_total", "counter", "Seconds the CPUs spent in each mode.")
            for row in rows {
                for (mode, seconds) in zip(Self.modes, row.times) {
                    page.sample("node_cpu_seconds_total", [("cpu", row.processor), ("mode", mode)], seconds)
                }
            }
            page.family("node_cpu_guest_seconds_total", "counter", "Seconds the CPUs spent in guests (VMs) for each mode.")
            for row in rows {
                page.sample("node_cpu_guest_seconds_total", [("cpu", row.processor), ("mode", "user")], row.times[8])
                page.sample("node_cpu_guest_seconds_total", [("cpu", row.processor), ("mode", "nice")], row.times[9])
            }
        }
        for (key, name, type, help) in [
            ("intr", "node_intr_total", "counter", "Interrupts serviced."),
            ("ctxt", "node_context_switches_total", "counter", "Context switches."),
            ("processes", "node_forks_total", "counter", "Forks."),
            ("procs_running", "node_procs_running", "gauge", "Processes in runnable state."),
            ("procs_blocked", "node_procs_blocked", "gauge", "Processes blocked waiting for I/O to complete."),
            ("btime", "node_boot_time_seconds", "gauge", "Unix time the machine was started at."),
        ] {
            if let value = counters[key] { page.single(name, type, help, value) }
        }
    }

    private mutating func steadied(_ processor: String, _ times: [Double]) -> [Double] {
        guard let before = highest[processor], before[3] - times[3] <= Self.heldStep else {
            highest[processor] = times
            return times
        }
        let steady = zip(before, times).map { max($0, $1) }
        highest[processor] = steady
        return steady
    }
}
