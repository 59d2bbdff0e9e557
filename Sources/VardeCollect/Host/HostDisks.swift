/// Disks from `/proc/diskstats`; partitions, loop and memory devices are left out, as node_exporter leaves them out.
enum HostDisks {
    /// Family, what it counts, field of the line, factor to the base unit.
    private static let columns: [(name: String, type: String, help: String, field: Int, factor: Double)] = [
        ("reads_completed_total", "counter", "Reads completed.", 3, 1),
        ("reads_merged_total", "counter", "Reads merged.", 4, 1),
        ("read_bytes_total", "counter", "Bytes read.", 5, 512),
        ("read_time_seconds_total", "counter", "Seconds spent by all reads.", 6, 0.001),
        ("writes_completed_total", "counter", "Writes completed.", 7, 1),
        ("writes_merged_total", "counter", "Writes merged.", 8, 1),
        ("written_bytes_total", "counter", "Bytes written.", 9, 512),
        ("write_time_seconds_total", "counter", "Seconds spent by all writes.", 10, 0.001),
        ("io_now", "gauge", "I/Os in progress.", 11, 1),
        ("io_time_seconds_total", "counter", "Seconds spent doing I/Os.", 12, 0.001),
        ("io_time_weighted_seconds_total", "counter", "Weighted seconds spent doing I/Os.", 13, 0.001),
        ("discards_completed_total", "counter", "Discards completed.", 14, 1),
        ("discards_merged_total", "counter", "Discards merged.", 15, 1),
        ("discarded_sectors_total", "counter", "Sectors discarded.", 16, 1),
        ("discard_time_seconds_total", "counter", "Seconds spent by all discards.", 17, 0.001),
        ("flush_requests_total", "counter", "Flush requests completed.", 18, 1),
        ("flush_requests_time_seconds_total", "counter", "Seconds spent by all flush requests.", 19, 0.001),
    ]

    static func add(_ files: HostFiles, to page: inout HostPage) {
        let disks = files.lines("/proc/diskstats").map(\.fields).filter { $0.count >= 14 && !isLeftOut($0[2]) }
        addInfo(disks, files, to: &page)
        for column in columns where disks.contains(where: { $0.count > column.field }) {
            page.family("node_disk_" + column.name, column.type, column.help)
            for disk in disks where disk.count > column.field {
                let raw = disk.number(column.field)
                page.sample(
                    "node_disk_" + column.name, [("device", String(disk[2]))], column.factor == 0.001 ? raw / 1000 : raw * column.factor)
            }
        }
    }

    /// What udev knows of each disk.
    private static func addInfo(_ disks: [[Substring]], _ files: HostFiles, to page: inout HostPage) {
        if disks.isEmpty { return }
        page.family("node_disk_info", "gauge", "Info of /sys/block/<block_device>.")
        for disk in disks {
            var known: [Substring: String] = [:]
            for line in files.lines("/run/udev/data/b\(disk[0]):\(disk[1])") where line.hasPrefix("E:") {
                guard let equals = line.firstIndex(of: "=") else { continue }
                known[line[line.index(line.startIndex, offsetBy: 2)..<equals]] = String(line[line.index(after: equals)...])
            }
            page.sample(
                "node_disk_info",
                [
                    ("device", String(disk[2])), ("major", String(disk[0])), ("minor", String(disk[1])), ("path", known["ID_PATH"] ?? ""),
                    ("wwn", known["ID_WWN"] ?? ""), ("model", known["ID_MODEL"] ?? ""), ("serial", known["ID_SERIAL_SHORT"] ?? ""),
                    ("revision", known["ID_REVISION"] ?? ""),
                ], 1)
        }
    }

    /// `^(ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$`
    static func isLeftOut(_ name: Substring) -> Bool {
        let stem = name.prefix { !$0.isNumber }
        let isNumbered = !name[stem.endIndex...].isEmpty && name[stem.endIndex...].allSatisfy(\.isNumber)
        if isNumbered {
            if ["ram", "loop", "fd"].contains(String(stem)) { return true }
            for prefix in ["hd", "sd", "vd", "xvd"] where stem.hasPrefix(prefix) && stem.count == prefix.count + 1 { return true }
        }
        // nvme0n1p2: digits, n, digits, p, digits.
        guard name.hasPrefix("nvme") else { return false }
        let parts = name.dropFirst(4).split(omittingEmptySubsequences: false) { $0 == "n" || $0 == "p" }
        return parts.count == 3 && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(\.isNumber) } && name.contains("p")
    }
}
