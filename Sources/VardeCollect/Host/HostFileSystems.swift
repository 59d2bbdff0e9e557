import VardeDisk

/// Room on mounted file systems. Those of other machines are left out beside what node_exporter leaves out: one that hangs would hang us.
enum HostFileSystems {
    private static let leftOutTypes: Set<String> = [
        "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "fusectl", "hugetlbfs", "iso9660",
        "mqueue", "nsfs", "overlay", "proc", "procfs", "pstore", "rpc_pipefs", "securityfs", "selinuxfs", "squashfs", "sysfs", "tracefs",
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "lustre", "afs", "fuse.sshfs", "fuse.s3fs", "fuse.rclone",
    ]
    /// Mounts looked at, at most.
    private static let maxMounts = 500

    static func add(_ files: HostFiles, to page: inout HostPage) {
        var rows: [(labels: [(String, String)], space: FileSystemSpace, readOnly: Bool)] = []
        var failed: [[(String, String)]] = []
        var seen: Set<String> = []
        for line in files.lines("/proc/1/mounts") + (files.text("/proc/1/mounts") == nil ? files.lines("/proc/self/mounts") : []) {
            let fields = line.fields
            guard fields.count >= 4, !leftOutTypes.contains(String(fields[2])), rows.count < maxMounts else { continue }
            let point = unescape(fields[1])
            guard !isLeftOut(point), seen.insert("\(fields[0]) \(point)").inserted else { continue }
            let labels = [("device", unescape(fields[0])), ("fstype", String(fields[2])), ("mountpoint", point)]
            guard let space = files.space(at: point) else {
                failed.append(labels)
                continue
            }
            rows.append((labels, space, fields[3].split(separator: ",").contains("ro")))
        }
        guard !rows.isEmpty || !failed.isEmpty else { return }
        func family(_ name: String, _ help: String, _ value: (FileSystemSpace, Bool) -> Double) {
            page.family("node_filesystem_" + name, "gauge", help)
            for row in rows { page.sample("node_filesystem_" + name, row.labels, value(row.space, row.readOnly)) }
        }
        family("size_bytes", "Filesystem size in bytes.") { space, _ in Double(space.size) }
        family("free_bytes", "Filesystem free space in bytes.") { space, _ in Double(space.free) }
        family("avail_bytes", "Filesystem space available to non-root users in bytes.") { space, _ in Double(space.available) }
        family("files", "Filesystem total file nodes.") { space, _ in Double(space.files) }
        family("files_free", "Filesystem total free file nodes.") { space, _ in Double(space.freeFiles) }
        family("readonly", "Filesystem read-only status.") { _, readOnly in readOnly ? 1 : 0 }
        family("device_error", "Whether an error occurred while getting statistics for the device.") { _, _ in 0 }
        for labels in failed { page.sample("node_filesystem_device_error", labels, 1) }
    }

    private static func isLeftOut(_ point: String) -> Bool {
        func isBelow(_ folder: String) -> Bool { point == folder || point.hasPrefix(folder + "/") }
        return isBelow("/dev") || isBelow("/proc") || isBelow("/sys") || point.hasPrefix("/run/credentials/")
            || point.hasPrefix("/var/lib/docker/") || point.hasPrefix("/var/lib/containers/storage/")
    }

    /// Blanks and backslashes stand as octal escapes in the table of mounts.
    private static func unescape(_ text: Substring) -> String {
        String(text).replacing("\\040", with: " ").replacing("\\011", with: "\t").replacing("\\134", with: "\\")
    }
}
