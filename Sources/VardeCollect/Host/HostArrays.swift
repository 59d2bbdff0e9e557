/// The kernel's RAID arrays, as `/proc/mdstat` tells of them.
enum HostArrays {
    private struct Array {
        var name: String
        var state: String
        var disks: (active: Double, failed: Double, spare: Double, required: Double)
        var blocks: Double
        var synced: Double
    }

    static func add(_ files: HostFiles, to page: inout HostPage) {
        let arrays = arrays(files)
        if arrays.isEmpty { return }
        func family(_ name: String, _ help: String, _ rows: (Array) -> [(labels: [(String, String)], value: Double)]) {
            page.family("node_md_" + name, "gauge", help)
            for array in arrays {
                for row in rows(array) { page.sample("node_md_" + name, [("device", array.name)] + row.labels, row.value) }
            }
        }
        family("state", "Indicates the state of md-device.") { array in
            // Under the names node_exporter gives what is in progress.
            [("active", "active"), ("inactive", "inactive"), ("recovering", "recovering"), ("resync", "resyncing"), ("check", "checking")]
                .map { ([("state", $0.0)], array.state == $0.1 ? 1 : 0) }
        }
        family("disks", "Number of active/failed/spare disks of device.") { array in
            [("active", array.disks.active), ("failed", array.disks.failed), ("spare", array.disks.spare)].map { ([("state", $0.0)], $0.1) }
        }
        family("disks_required", "Total number of disks of device.") { [([], $0.disks.required)] }
        family("blocks", "Total number of blocks on device.") { [([], $0.blocks)] }
        family("blocks_synced", "Number of blocks synced on device.") { [([], $0.synced)] }
    }

    private static func arrays(_ files: HostFiles) -> [Array] {
        let lines = files.lines("/proc/mdstat")
        return lines.indices.compactMap { at in
            let fields = lines[at].fields
            guard !lines[at].hasPrefix(" "), fields.count >= 3, fields[1] == ":", at + 1 < lines.count else { return nil }
            guard let blocks = lines[at + 1].fields.first.flatMap({ Double($0) }) else { return nil }
            // Lines up to the next array are of this one: the last of them says what is in progress.
            let progress = lines[(at + 2)...].prefix { $0.hasPrefix(" ") }.first { line in
                ["recovery", "reshape", "check", "resync"].contains { line.contains($0) }
            }
            var array = Array(name: String(fields[0]), state: String(fields[2]), disks: (0, 0, 0, 0), blocks: blocks, synced: blocks)
            array.disks.failed = Double(lines[at].matches(of: /\(F\)/).count)
            array.disks.spare = Double(lines[at].matches(of: /\(S\)/).count)
            if fields.contains("raid0") || fields.contains("linear") {
                array.disks.required = Double(lines[at].matches(of: /\[/).count)
                array.disks.active = array.disks.required
            } else if let counts = lines[at + 1].firstMatch(of: /\[(\d+)\/(\d+)\]/) {
                (array.disks.required, array.disks.active) = (Double(counts.1) ?? 0, Double(counts.2) ?? 0)
            }
            if let progress {
                array.state = state(of: progress)
                // Pending or delayed, it has none.
                array.synced = progress.firstMatch(of: /\((\d+)\/\d+\)/).flatMap { Double($0.1) } ?? 0
            }
            return array
        }
    }

    private static func state(of progress: Substring) -> String {
        if progress.contains("recovery") { return "recovering" }
        if progress.contains("reshape") { return "reshaping" }
        return progress.contains("check") ? "checking" : "resyncing"
    }
}
