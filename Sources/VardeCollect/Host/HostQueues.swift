/// Where packets wait and are dropped: processors, UDP sockets, the table of connections.
enum HostQueues {
    static func add(_ files: HostFiles, to page: inout HostPage) {
        addProcessors(files, to: &page)
        addSockets(files, to: &page)
        addConnections(files, to: &page)
    }

    private static func hex(_ text: Substring) -> Double { UInt64(text, radix: 16).map { Double($0) } ?? 0 }

    private static func addProcessors(_ files: HostFiles, to page: inout HostPage) {
        let rows = files.lines("/proc/net/softnet_stat").map(\.fields).filter { $0.count >= 9 }
        for (column, name, help) in [
            (0, "processed_total", "Number of processed packets"), (1, "dropped_total", "Number of dropped packets"),
            (2, "times_squeezed_total", "Number of times processing packets ran out of quota"),
        ] where !rows.isEmpty {
            page.family("node_softnet_" + name, "counter", help)
            for (index, row) in rows.enumerated() {
                // Newer kernels say which processor a line is of.
                let processor = row.count > 12 ? Int(hex(row[12])) : index
                page.sample("node_softnet_" + name, [("cpu", String(processor))], hex(row[column]))
            }
        }
    }

    private static func addSockets(_ files: HostFiles, to page: inout HostPage) {
        var rows: [(queue: String, ip: String, bytes: Double)] = []
        for (ip, path) in [("v4", "/proc/net/udp"), ("v6", "/proc/net/udp6")] {
            guard let text = files.text(path) else { continue }
            var (sent, received) = (0.0, 0.0)
            for fields in text.split(separator: "\n").dropFirst().map(\.fields) where fields.count > 4 {
                let queues = fields[4].split(separator: ":")
                guard queues.count == 2 else { continue }
                sent += hex(queues[0])
                received += hex(queues[1])
            }
            rows += [("tx", ip, sent), ("rx", ip, received)]
        }
        if rows.isEmpty { return }
        page.family("node_udp_queues", "gauge", "Number of allocated memory in the kernel for UDP datagrams in bytes.")
        for row in rows { page.sample("node_udp_queues", [("queue", row.queue), ("ip", row.ip)], row.bytes) }
    }

    private static let connectionHelp = [
        ("found", "Number of searched entries which were successful"),
        ("invalid", "Number of packets seen which can not be tracked"),
        ("ignore", "Number of packets seen which are already connected to a conntrack entry"),
        ("insert", "Number of entries inserted into the list"),
        ("insert_failed", "Number of entries for which list insertion was attempted but failed"),
        ("drop", "Number of packets dropped due to conntrack failure"),
        ("early_drop", "Number of dropped conntrack entries to make room for new ones, if maximum table size was reached"),
        ("search_restart", "Number of conntrack table lookups which had to be restarted due to hashtable resizes"),
    ]

    private static func addConnections(_ files: HostFiles, to page: inout HostPage) {
        let lines = files.lines("/proc/net/stat/nf_conntrack").map(\.fields)
        guard let names = lines.first else { return }
        for (name, help) in connectionHelp {
            guard let column = names.firstIndex(of: name[...]) else { continue }
            let sum = lines.dropFirst().reduce(0) { $0 + (column < $1.count ? hex($1[column]) : 0) }
            page.single("node_nf_conntrack_stat_" + name, "gauge", help, sum)
        }
    }
}
