/// Load, time, open files, entropy, the kernel's name.
enum HostLoad {
    static func add(_ files: HostFiles, now: Double, to page: inout HostPage) {
        if let fields = files.lines("/proc/loadavg").first?.fields, fields.count >= 3 {
            page.single("node_load1", "gauge", "1m load average.", fields.number(0))
            page.single("node_load5", "gauge", "5m load average.", fields.number(1))
            page.single("node_load15", "gauge", "15m load average.", fields.number(2))
        }
        page.single("node_time_seconds", "gauge", "The machine's Unix time.", now)
        if let fields = files.lines("/proc/sys/fs/file-nr").first?.fields, fields.count >= 3 {
            page.single("node_filefd_allocated", "gauge", "File descriptors allocated.", fields.number(0))
            page.single("node_filefd_maximum", "gauge", "File descriptors at most.", fields.number(2))
        }
        if let bits = files.number("/proc/sys/kernel/random/entropy_avail") {
            page.single("node_entropy_available_bits", "gauge", "Bits of available entropy.", bits)
        }
        if let bits = files.number("/proc/sys/kernel/random/poolsize") {
            page.single("node_entropy_pool_size_bits", "gauge", "Bits of the entropy pool.", bits)
        }
        func kernel(_ name: String) -> String { files.line("/proc/sys/kernel/" + name) }
        let labels = [
            ("domainname", kernel("domainname")), ("machine", kernel("arch")), ("nodename", kernel("hostname")),
            ("release", kernel("osrelease")), ("sysname", kernel("ostype")), ("version", kernel("version")),
        ]
        if !labels[4].1.isEmpty {
            page.family("node_uname_info", "gauge", "What uname says of the system.")
            page.sample("node_uname_info", labels, 1)
        }
    }
}
