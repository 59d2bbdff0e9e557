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
        addInterfaces(files, to: &page)
    }

    /// What is one number a file.
    private static let properties: [(name: String, type: String, file: String, help: String)] = [
        ("carrier", "gauge", "carrier", "Whether there is a carrier."), ("mtu_bytes", "gauge", "mtu", "Largest packet in bytes."),
        ("address_assign_type", "gauge", "addr_assign_type", "How the device's address was assigned."),
        ("carrier_changes_total", "counter", "carrier_changes", "Times the carrier came or went."),
        ("carrier_up_changes_total", "counter", "carrier_up_count", "Times the carrier came."),
        ("carrier_down_changes_total", "counter", "carrier_down_count", "Times the carrier went."),
        ("device_id", "gauge", "dev_id", "Number that tells devices of one address apart."),
        ("dormant", "gauge", "dormant", "Whether the device waits for something outside, such as a key."),
        ("flags", "gauge", "flags", "The device's flags."), ("iface_id", "gauge", "ifindex", "The device's index."),
        ("iface_link", "gauge", "iflink", "Index of the device this one is linked to."),
        ("iface_link_mode", "gauge", "link_mode", "How the device's state follows its carrier."),
        ("name_assign_type", "gauge", "name_assign_type", "How the device's name was assigned."),
        ("net_dev_group", "gauge", "netdev_group", "The device's group."),
        ("protocol_type", "gauge", "type", "The protocol of the device's hardware."),
        ("transmit_queue_length", "gauge", "tx_queue_len", "Packets the transmit queue holds."),
        ("receive_nohandler_total", "counter", "statistics/rx_nohandler", "Packets received that nothing handled."),
    ]

    private static func addInterfaces(_ files: HostFiles, to page: inout HostPage) {
        let devices = files.names(in: "/sys/class/net").filter { files.word("/sys/class/net/\($0)/operstate") != nil }
        func family(_ name: String, _ type: String, _ help: String, _ value: (String) -> Double?) {
            let rows = devices.compactMap { device in value(device).map { (device, $0) } }
            if rows.isEmpty { return }
            page.family("node_network_" + name, type, help)
            for (device, value) in rows { page.sample("node_network_" + name, [("device", device)], value) }
        }
        family("up", "gauge", "Value is 1 if operstate is 'up', 0 otherwise.") { device in
            files.word("/sys/class/net/\(device)/operstate") == "up" ? 1 : 0
        }
        for one in properties { family(one.name, one.type, one.help) { files.number("/sys/class/net/\($0)/\(one.file)") } }
        family("speed_bytes", "gauge", "Speed in bytes a second.") { device in
            // The kernel says megabits; −1 where it does not know.
            files.number("/sys/class/net/\(device)/speed").flatMap { $0 >= 0 ? $0 * 1_000_000 / 8 : nil }
        }
        if devices.isEmpty { return }
        page.family("node_network_info", "gauge", "Non-numeric data from /sys/class/net/<iface>, value is always 1.")
        for device in devices {
            let folder = "/sys/class/net/\(device)/"
            let texts = ["address", "broadcast", "duplex", "ifalias", "operstate"].map { ($0, files.line(folder + $0)) }
            page.sample("node_network_info", [("device", device)] + texts, 1)
        }
    }
}
