/// Memory and swap from `/proc/meminfo`, paging from `/proc/vmstat`.
enum HostMemory {
    static func add(_ files: HostFiles, to page: inout HostPage) {
        for line in files.lines("/proc/meminfo") {
            let fields = line.fields
            guard fields.count >= 2, let value = Double(fields[1]) else { continue }
            var name = fields[0].replacing(":", with: "").replacing("(", with: "_").replacing(")", with: "")
            if fields.count == 3 { name += "_bytes" }
            page.single("node_memory_" + name, "gauge", "Memory information field \(name).", fields.count == 3 ? value * 1024 : value)
        }
        for line in files.lines("/proc/vmstat") {
            let fields = line.fields
            guard let name = fields.first, fields.count == 2 else { continue }
            guard
                name.hasPrefix("oom_kill") || name.hasPrefix("pgpg") || name.hasPrefix("pswp")
                    || name.hasPrefix("pg") && name.contains("fault")
            else { continue }
            page.single("node_vmstat_" + name, "untyped", "/proc/vmstat information field \(name).", fields.number(1))
        }
    }
}
