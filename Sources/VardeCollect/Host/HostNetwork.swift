/// Network devices from `/proc/net/dev` and `/sys/class/net`.
enum HostNetwork {
    private static let received = ["bytes", "packets", "errs", "drop", "fifo", "frame", "compressed", "multicast"]
    private static let sent = ["bytes", "packets", "errs", "drop", "fifo", "colls", "carrier", "compressed"]

    static func add(_ files: HostFiles, to page: inout HostPage) {
        var devices: [(name: String, fields: [Substring])] = []
        for line in files.lines("/proc/net/dev").dropFirst(2) {
            guard let colon = line.lastIndex(of: ":") else { continue }
            let name = line[..<colon].fields.first.map(String.init) ?? ""
            devices.append((name, line[line.index(after: colon)...].fields))
        }
        for (direction, columns, first) in [("receive", received, 0), ("transmit", sent, 8)] {
            for (index, column) in columns.enumerated() where !devices.isEmpty {
                let name = "node_network_\(direction)_\(column)_total"
                page.family(name, "counter", "Network device statistic \(direction)_\(column).")
                for device in devices { page.sample(name, [("device", device.name)], device.fields.number(first + index)) }
            }
        }
        let names = files.names(in: "/sys/class/net")
        func family(_ name: String, _ help: String, _ value: (String) -> Double?) {
            let rows = names.compactMap { device in value(device).map { (device, $0) } }
            if rows.isEmpty { return }
            page.family("node_network_" + name, "gauge", help)
            for (device, value) in rows { page.sample("node_network_" + name, [("device", device)], value) }
        }
        family("up", "Value is 1 if operstate is 'up', 0 otherwise.") { device in
            files.word("/sys/class/net/\(device)/operstate").map { $0 == "up" ? 1 : 0 }
        }
        family("carrier", "Whether there is a carrier.") { files.number("/sys/class/net/\($0)/carrier") }
        family("mtu_bytes", "Largest packet in bytes.") { files.number("/sys/class/net/\($0)/mtu") }
        family("speed_bytes", "Speed in bytes a second.") { device in
            // The kernel says megabits; −1 where it does not know.
            files.number("/sys/class/net/\(device)/speed").flatMap { $0 >= 0 ? $0 * 1_000_000 / 8 : nil }
        }
    }
}
