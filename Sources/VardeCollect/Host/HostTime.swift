import VardeKernels

/// Where the machine's time comes from, and how well it is kept.
enum HostTime {
    /// Units of frequencies in the kernel: parts per million, shifted by 16 bits.
    private static let frequencyUnit = 1e6 * 65_536

    static func add(_ files: HostFiles, asksKernel: Bool, to page: inout HostPage) {
        let zone = LocalTimeZone()
        page.family("node_time_zone_offset_seconds", "gauge", "System time zone offset in seconds.")
        page.sample("node_time_zone_offset_seconds", [("time_zone", zone.name)], Double(zone.offset))
        addSources(files, to: &page)
        if asksKernel, let clock = ClockDiscipline() { add(clock, to: &page) }
    }

    private static func addSources(_ files: HostFiles, to page: inout HostPage) {
        let folder = "/sys/devices/system/clocksource"
        let devices = files.names(in: folder).filter { $0.hasPrefix("clocksource") }
        for (word, file, help) in [
            ("available", "available_clocksource", "Available clocksources read from '\(folder)'."),
            ("current", "current_clocksource", "Current clocksource read from '\(folder)'."),
        ] where !devices.isEmpty {
            page.family("node_time_clocksource_\(word)_info", "gauge", help)
            for device in devices {
                for source in files.text("\(folder)/\(device)/\(file)")?.split(whereSeparator: \.isWhitespace) ?? [] {
                    let labels = [("clocksource", String(source)), ("device", String(device.dropFirst("clocksource".count)))]
                    page.sample("node_time_clocksource_\(word)_info", labels, 1)
                }
            }
        }
    }

    private static func add(_ clock: ClockDiscipline, to page: inout HostPage) {
        for (name, help, value) in [
            ("offset_seconds", "Time offset in between local system and reference clock.", clock[.offset] / clock.offsetUnit),
            ("frequency_adjustment_ratio", "Local clock frequency adjustment.", 1 + clock[.frequency] / frequencyUnit),
            ("maxerror_seconds", "Maximum error in seconds.", clock[.maxError] / 1e6),
            ("estimated_error_seconds", "Estimated error in seconds.", clock[.estimatedError] / 1e6),
            ("status", "Value of the status array bits.", clock[.status]),
            ("loop_time_constant", "Phase-locked loop time constant.", clock[.constant]),
            ("tick_seconds", "Seconds between clock ticks.", clock[.tick] / 1e6),
            ("pps_frequency_hertz", "Pulse per second frequency.", clock[.ppsFrequency] / frequencyUnit),
            ("pps_jitter_seconds", "Pulse per second jitter.", clock[.ppsJitter] / clock.offsetUnit),
            ("pps_shift_seconds", "Pulse per second interval duration.", clock[.ppsShift]),
            ("pps_stability_hertz", "Pulse per second stability: the mean of frequency changes.", clock[.ppsStability] / frequencyUnit),
            ("tai_offset_seconds", "International Atomic Time (TAI) offset.", clock[.tai]),
            ("sync_status", "Is clock synchronized to a reliable server (1 = yes, 0 = no).", clock.isUnsynchronised ? 0 : 1),
        ] { page.single("node_timex_" + name, "gauge", help, value) }
        for (name, help, field) in [
            ("pps_jitter_total", "Pulse per second count of jitter limit exceeded events.", ClockDiscipline.Field.ppsJitters),
            ("pps_calibration_total", "Pulse per second count of calibration intervals.", .ppsCalibrations),
            ("pps_error_total", "Pulse per second count of calibration errors.", .ppsErrors),
            ("pps_stability_exceeded_total", "Pulse per second count of stability limit exceeded events.", .ppsStabilityExceeded),
        ] { page.single("node_timex_" + name, "counter", help, clock[field]) }
    }
}
