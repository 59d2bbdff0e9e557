/// Containers from cgroup v2, with the names cAdvisor gives these values.
enum HostContainers {
    /// Containers reported, folders walked and depth of the walk, at most.
    private static let maxContainers = 1_000
    private static let maxFolders = 5_000
    private static let maxDepth = 6
    private static let root = "/sys/fs/cgroup"

    static func add(_ files: HostFiles, to page: inout HostPage) {
        guard files.text(root + "/cgroup.controllers") != nil else { return }
        let containers = find(files)
        guard !containers.isEmpty else { return }
        func family(_ name: String, _ type: String, _ help: String, _ value: (String) -> Double?) {
            let rows = containers.compactMap { container in value(root + container.path).map { (container, $0) } }
            if rows.isEmpty { return }
            page.family(name, type, help)
            for (container, value) in rows { page.sample(name, [("id", container.path), ("name", container.name)], value) }
        }
        func keyed(_ path: String, _ key: String) -> Double? {
            files.lines(path).first { $0.fields.first.map(String.init) == key }?.fields.number(1)
        }
        for (name, key, help) in [
            ("container_cpu_usage_seconds_total", "usage_usec", "CPU seconds used."),
            ("container_cpu_user_seconds_total", "user_usec", "CPU seconds in user mode."),
            ("container_cpu_system_seconds_total", "system_usec", "CPU seconds in system mode."),
            ("container_cpu_cfs_throttled_seconds_total", "throttled_usec", "Seconds the container was throttled."),
        ] { family(name, "counter", help) { keyed($0 + "/cpu.stat", key).map { $0 / 1e6 } } }
        for (name, key, help) in [
            ("container_cpu_cfs_periods_total", "nr_periods", "Enforcement periods elapsed."),
            ("container_cpu_cfs_throttled_periods_total", "nr_throttled", "Enforcement periods throttled."),
        ] { family(name, "counter", help) { keyed($0 + "/cpu.stat", key) } }
        family("container_memory_usage_bytes", "gauge", "Memory used, cache included.") { files.number($0 + "/memory.current") }
        family("container_memory_working_set_bytes", "gauge", "Memory used less inactive file cache.") { path in
            guard let used = files.number(path + "/memory.current") else { return nil }
            return max(0, used - (keyed(path + "/memory.stat", "inactive_file") ?? 0))
        }
        family("container_memory_rss", "gauge", "Anonymous memory.") { keyed($0 + "/memory.stat", "anon") }
        family("container_memory_cache", "gauge", "File cache.") { keyed($0 + "/memory.stat", "file") }
        family("container_spec_memory_limit_bytes", "gauge", "Memory limit, 0 for none.") { path in
            files.word(path + "/memory.max").map { Double($0) ?? 0 }
        }
        family("container_oom_events_total", "counter", "Kills for want of memory.") { keyed($0 + "/memory.events", "oom_kill") }
        family("container_processes", "gauge", "Processes and threads.") { files.number($0 + "/pids.current") }
        for (name, key, help) in [
            ("container_fs_reads_bytes_total", "rbytes", "Bytes read from disks."),
            ("container_fs_writes_bytes_total", "wbytes", "Bytes written to disks."),
        ] { family(name, "counter", help) { inputOutput(files.lines($0 + "/io.stat"), key) } }
        for resource in ["cpu", "io", "memory"] {
            family("container_pressure_\(resource)_waiting_seconds_total", "counter", "Seconds some tasks waited for \(resource).") {
                HostPressure.totals(files.lines("\($0)/\(resource).pressure"))["some"]
            }
            family("container_pressure_\(resource)_stalled_seconds_total", "counter", "Seconds all tasks waited for \(resource).") {
                HostPressure.totals(files.lines("\($0)/\(resource).pressure"))["full"]
            }
        }
    }

    /// The sum over all devices of lines such as `8:0 rbytes=1 wbytes=2 rios=3 …`.
    private static func inputOutput(_ lines: [Substring], _ key: String) -> Double? {
        if lines.isEmpty { return nil }
        return lines.reduce(0) { sum, line in
            sum + (line.fields.first { $0.hasPrefix(key + "=") }.flatMap { Double($0.dropFirst(key.count + 1)) } ?? 0)
        }
    }

    private static func find(_ files: HostFiles) -> [(path: String, name: String)] {
        var found: [(path: String, name: String)] = []
        var left = [(path: "", depth: 0)]
        var walked = 0
        while let (path, depth) = left.popLast(), walked < maxFolders, found.count < maxContainers {
            walked += 1
            if let name = container(path) {
                found.append((path, name))
                continue
            }
            if depth == maxDepth { continue }
            // Files of a cgroup have a point or none of the names a folder has; only those that hold processes count.
            for name in files.names(in: root + path) where isFolder(name) { left.append((path + "/" + name, depth + 1)) }
        }
        return found.sorted { $0.path < $1.path }
    }

    private static func isFolder(_ name: String) -> Bool {
        name.hasSuffix(".slice") || name.hasSuffix(".scope") || name.hasSuffix(".service") || name == "docker" || name == "kubepods"
            || name == "machine" || name == "lxc" || isHexadecimal(name[...]) || name == "burstable" || name == "besteffort"
            || name.hasPrefix("pod")
    }

    private static func isHexadecimal(_ text: Substring) -> Bool { text.count == 64 && text.allSatisfy(\.isHexDigit) }

    /// The container's number, shortened as `docker ps` does, where the path is one of a container.
    private static func container(_ path: String) -> String? {
        guard var last = path.split(separator: "/").last else { return nil }
        if last.hasSuffix(".scope") {
            last = last.dropLast(6)
            for prefix in ["docker-", "libpod-", "cri-containerd-", "crio-"] where last.hasPrefix(prefix) {
                last = last.dropFirst(prefix.count)
            }
        }
        return isHexadecimal(last) ? String(last.prefix(12)) : nil
    }
}
