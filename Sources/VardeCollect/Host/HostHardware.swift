/// What the machine is, how fast its processors run, how warm it is, and how long processes wait for it.
enum HostHardware {
    static func add(_ files: HostFiles, to page: inout HostPage) {
        addIdentity(files, to: &page)
        addFrequencies(files, to: &page)
        addZones(files, to: &page)
        addScheduler(files, to: &page)
    }

    private static let identity = [
        "bios_date", "bios_release", "bios_vendor", "bios_version", "board_asset_tag", "board_name", "board_vendor", "board_version",
        "chassis_asset_tag", "chassis_vendor", "chassis_version", "product_family", "product_name", "product_sku", "product_version",
    ]

    private static func addIdentity(_ files: HostFiles, to page: inout HostPage) {
        let folder = "/sys/class/dmi/id"
        var labels = identity.compactMap { name in files.text("\(folder)/\(name)").map { (name, String($0.prefix { $0 != "\n" })) } }
        if labels.isEmpty { return }
        labels.append(("system_vendor", files.line("\(folder)/sys_vendor")))
        page.family("node_dmi_info", "gauge", "A metric with a constant '1' value labeled by what DMI says of the machine.")
        page.sample("node_dmi_info", labels, 1)
    }

    /// Numbers of processors, as folders are named.
    private static func processors(_ files: HostFiles) -> [String] {
        files.names(in: "/sys/devices/system/cpu").filter { $0.hasPrefix("cpu") && $0.count > 3 && $0.dropFirst(3).allSatisfy(\.isNumber) }
            .map { String($0.dropFirst(3)) }
    }

    private static func addFrequencies(_ files: HostFiles, to page: inout HostPage) {
        let all = processors(files)
        for (name, file, help) in [
            ("node_cpu_frequency_hertz", "cpuinfo_cur_freq", "Current CPU thread frequency in hertz."),
            ("node_cpu_frequency_min_hertz", "cpuinfo_min_freq", "Minimum CPU thread frequency in hertz."),
            ("node_cpu_frequency_max_hertz", "cpuinfo_max_freq", "Maximum CPU thread frequency in hertz."),
            ("node_cpu_scaling_frequency_hertz", "scaling_cur_freq", "Current scaled CPU thread frequency in hertz."),
            ("node_cpu_scaling_frequency_min_hertz", "scaling_min_freq", "Minimum scaled CPU thread frequency in hertz."),
            ("node_cpu_scaling_frequency_max_hertz", "scaling_max_freq", "Maximum scaled CPU thread frequency in hertz."),
        ] {
            // The kernel counts in kilohertz.
            let rows = all.compactMap { cpu in files.number("/sys/devices/system/cpu/cpu\(cpu)/cpufreq/\(file)").map { (cpu, $0 * 1_000) } }
            if rows.isEmpty { continue }
            page.family(name, "gauge", help)
            for (cpu, value) in rows { page.sample(name, [("cpu", cpu)], value) }
        }
    }

    private static func addZones(_ files: HostFiles, to page: inout HostPage) {
        let folder = "/sys/class/thermal"
        let names = files.names(in: folder)
        func family(_ name: String, _ prefix: String, _ file: String, _ label: String, _ unit: Double, _ help: String) {
            let rows = names.filter { $0.hasPrefix(prefix) }.compactMap { device in
                files.number("\(folder)/\(device)/\(file)").map { (device, $0 / unit) }
            }
            if rows.isEmpty { return }
            page.family(name, "gauge", help)
            for (device, value) in rows {
                let kind = files.line("\(folder)/\(device)/type")
                page.sample(name, [(label, String(device.dropFirst(prefix.count))), ("type", kind)], value)
            }
        }
        family("node_thermal_zone_temp", "thermal_zone", "temp", "zone", 1_000, "Zone temperature in Celsius")
        family("node_cooling_device_cur_state", "cooling_device", "cur_state", "name", 1, "Current throttle state of the cooling device")
        family("node_cooling_device_max_state", "cooling_device", "max_state", "name", 1, "Maximum throttle state of the cooling device")
    }

    private static func addScheduler(_ files: HostFiles, to page: inout HostPage) {
        // cpuN, six counts, then nanoseconds running and waiting and the time slices.
        let rows = files.lines("/proc/schedstat").map(\.fields).filter { $0.count >= 10 && $0[0].hasPrefix("cpu") }
        for (name, help, field, unit) in [
            ("running_seconds_total", "Number of seconds CPU spent running a process.", 7, 1e9),
            ("waiting_seconds_total", "Number of seconds spent by processing waiting for this CPU.", 8, 1e9),
            ("timeslices_total", "Number of timeslices executed by CPU.", 9, 1),
        ] where !rows.isEmpty {
            page.family("node_schedstat_" + name, "counter", help)
            for row in rows { page.sample("node_schedstat_" + name, [("cpu", String(row[0].dropFirst(3)))], row.number(field) / unit) }
        }
    }
}
