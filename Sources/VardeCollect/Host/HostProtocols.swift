/// Counters of the network protocols, sockets, the ARP and connection tables.
enum HostProtocols {
    /// Bytes in a page of memory; `/proc/net/sockstat` counts in pages.
    private static let pageBytes = 4096.0

    static func add(_ files: HostFiles, to page: inout HostPage) {
        for path in ["/proc/net/netstat", "/proc/net/snmp"] {
            // Lines come in pairs: names, then values.
            let lines = files.lines(path).map(\.fields)
            for (names, values) in zip(lines, lines.dropFirst()) where names.first == values.first && names.count == values.count {
                guard let head = names.first, values.count > 1, Double(values[1]) != nil else { continue }
                for index in 1..<names.count { counter("\(head.dropLast())_\(names[index])", values.number(index), to: &page) }
            }
        }
        for fields in files.lines("/proc/net/snmp6").map(\.fields) where fields.count == 2 {
            guard let six = fields[0].firstIndex(of: "6") else { continue }
            counter("\(fields[0][...six])_\(fields[0][fields[0].index(after: six)...])", fields.number(1), to: &page)
        }
        for path in ["/proc/net/sockstat", "/proc/net/sockstat6"] {
            for fields in files.lines(path).map(\.fields) where fields.count >= 3 {
                let head = fields[0].dropLast()
                for index in stride(from: 1, to: fields.count - 1, by: 2) {
                    let name = "node_sockstat_\(head)_\(fields[index])"
                    let value = fields.number(index + 1)
                    page.single(name, "gauge", "Number of \(head) sockets in state \(fields[index]).", value)
                    if fields[index] == "mem" {
                        page.single(name + "_bytes", "gauge", "Bytes of memory of \(head) sockets.", value * pageBytes)
                    }
                }
            }
        }
        var neighbours: [String: Int] = [:]
        for fields in files.lines("/proc/net/arp").dropFirst().map(\.fields) where fields.count >= 6 {
            neighbours[String(fields[5]), default: 0] += 1
        }
        if !neighbours.isEmpty {
            page.family("node_arp_entries", "gauge", "ARP entries by device.")
            for (device, count) in neighbours.sorted(by: { $0.key < $1.key }) {
                page.sample("node_arp_entries", [("device", device)], Double(count))
            }
        }
        if let count = files.number("/proc/sys/net/netfilter/nf_conntrack_count") {
            page.single("node_nf_conntrack_entries", "gauge", "Number of currently allocated flow entries for connection tracking.", count)
        }
        if let limit = files.number("/proc/sys/net/netfilter/nf_conntrack_max") {
            page.single("node_nf_conntrack_entries_limit", "gauge", "Maximum size of connection tracking table.", limit)
        }
    }

    private static func counter(_ name: String, _ value: Double, to page: inout HostPage) {
        if isWanted(name) { page.single("node_netstat_" + name, "untyped", "Statistic \(name).", value) }
    }

    private static let wanted: Set<String> = [
        "Ip_Forwarding", "IpExt_InOctets", "IpExt_OutOctets", "Ip6_InOctets", "Ip6_OutOctets", "Icmp_InMsgs", "Icmp_OutMsgs",
        "Icmp6_InMsgs", "Icmp6_OutMsgs", "TcpExt_TCPSynRetrans", "TcpExt_TCPTimeouts", "Tcp_ActiveOpens", "Tcp_InSegs", "Tcp_OutSegs",
        "Tcp_OutRsts", "Tcp_PassiveOpens", "Tcp_RetransSegs", "Tcp_CurrEstab", "Udp_InDatagrams", "Udp_OutDatagrams", "Udp_NoPorts",
        "Udp_RcvbufErrors", "Udp_SndbufErrors", "Udp6_InDatagrams", "Udp6_OutDatagrams", "Udp6_NoPorts", "Udp6_RcvbufErrors",
        "Udp6_SndbufErrors",
    ]

    /// node_exporter's choice of the several hundred there are.
    private static func isWanted(_ name: String) -> Bool {
        wanted.contains(name) || name.hasSuffix("_InErrors") || name.hasSuffix("_InErrs") || name.hasPrefix("TcpExt_Listen")
            || name.hasPrefix("TcpExt_Syncookies")
    }
}
