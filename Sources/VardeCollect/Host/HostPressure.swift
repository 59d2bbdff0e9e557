/// Pressure stall information: seconds in which some, or all, tasks waited for a resource.
enum HostPressure {
    static func add(_ files: HostFiles, to page: inout HostPage) {
        for resource in ["cpu", "io", "memory"] {
            let totals = totals(files.lines("/proc/pressure/" + resource))
            if let some = totals["some"] {
                page.single(
                    "node_pressure_\(resource)_waiting_seconds_total", "counter",
                    "Seconds in which some tasks waited for \(resource).", some)
            }
            // For the processor “full” means nothing on the level of the whole system.
            if resource != "cpu", let full = totals["full"] {
                page.single(
                    "node_pressure_\(resource)_stalled_seconds_total", "counter",
                    "Seconds in which all tasks waited for \(resource).", full)
            }
        }
    }

    /// Seconds by kind from lines such as `some avg10=0.00 avg60=0.00 avg300=0.00 total=123` (microseconds).
    static func totals(_ lines: [Substring]) -> [String: Double] {
        var totals: [String: Double] = [:]
        for line in lines {
            let fields = line.fields
            guard let kind = fields.first, let total = fields.last(where: { $0.hasPrefix("total=") }),
                let microseconds = Double(total.dropFirst(6))
            else { continue }
            totals[String(kind)] = microseconds / 1e6
        }
        return totals
    }
}
