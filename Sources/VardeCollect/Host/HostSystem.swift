/// The distribution and its security module.
enum HostSystem {
    private static let keys = [
        "build_id", "id", "id_like", "image_id", "image_version", "name", "pretty_name", "variant", "variant_id", "version",
        "version_codename", "version_id",
    ]

    static func add(_ files: HostFiles, to page: inout HostPage) {
        let release = files.text("/etc/os-release") ?? files.text("/usr/lib/os-release")
        if let release { addRelease(release, to: &page) }
        let mode = files.number("/sys/fs/selinux/enforce")
        page.single("node_selinux_enabled", "gauge", "SELinux is enabled, 1 is true, 0 is false.", mode == nil ? 0 : 1)
        guard let mode else { return }
        page.single("node_selinux_current_mode", "gauge", "Current SELinux enforcement mode.", mode)
        let wanted = files.lines("/etc/selinux/config").first { $0.hasPrefix("SELINUX=") }?.dropFirst(8)
        let modes: [Substring: Double] = ["enforcing": 1, "permissive": 0]
        page.single("node_selinux_config_mode", "gauge", "Configured SELinux enforcement mode.", wanted.flatMap { modes[$0] } ?? -1)
    }

    private static func addRelease(_ text: String, to page: inout HostPage) {
        var values: [String: String] = [:]
        for line in text.split(separator: "\n") {
            guard let equals = line.firstIndex(of: "="), !line.hasPrefix("#") else { continue }
            values[line[..<equals].lowercased()] = unquoted(line[line.index(after: equals)...])
        }
        page.family("node_os_info", "gauge", "A metric with a constant '1' value labeled by what os-release says.")
        page.sample("node_os_info", keys.map { ($0, values[$0] ?? "") }, 1)
        let number = (values["version_id"] ?? "").prefix { $0.isNumber || $0 == "." }
        let short = number.split(separator: ".").prefix(2).joined(separator: ".")
        guard let version = Double(short) else { return }
        page.family("node_os_version", "gauge", "Metric containing the major.minor part of the OS version.")
        page.sample("node_os_version", ["id", "id_like", "name"].map { ($0, values[$0] ?? "") }, version)
    }

    /// A value as a shell reads it: in quotes or not, with backslashes before what they keep.
    private static func unquoted(_ text: Substring) -> String {
        var text = text
        if let quote = text.first, quote == "\"" || quote == "'", text.count > 1, text.last == quote {
            text = text.dropFirst().dropLast()
            if quote == "'" { return String(text) }
        }
        var out = ""
        var escaped = false
        for character in text {
            if !escaped, character == "\\" {
                escaped = true
                continue
            }
            out.append(character)
            escaped = false
        }
        return out
    }
}
