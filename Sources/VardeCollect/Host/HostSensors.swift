/// What the chips that watch the hardware say: temperatures, fans, voltages, currents and power, as `/sys/class/hwmon` has them.
enum HostSensors {
    private static let kinds: Set<String> = [
        "vrm", "beep_enable", "update_interval", "in", "cpu", "fan", "pwm", "temp", "curr", "power", "energy", "humidity", "intrusion",
        "freq",
    ]

    /// One chip: the label it has and what its sensors say, by sensor (`temp1`) and property (`input`).
    private struct Chip {
        var label: String
        var name: String
        var sensors: [String: (kind: String, properties: [String: String])] = [:]
    }

    /// A family, and its samples in the order they came.
    private struct Family {
        var type: String
        var help: String
        var rows: [(labels: [(String, String)], value: Double)] = []
    }

    static func add(_ files: HostFiles, to page: inout HostPage) {
        var families: [String: Family] = [:]
        for chip in chips(files) { note(chip, in: &families) }
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            page.family(name, family.type, family.help)
            for row in family.rows { page.sample(name, row.labels, row.value) }
        }
    }

    // MARK: What there is

    private static func chips(_ files: HostFiles) -> [Chip] {
        let root = "/sys/class/hwmon"
        var all: [(folder: String, chip: Chip)] = []
        for folder in files.names(in: root) {
            let path = "\(root)/\(folder)"
            let name = clean(files.line("\(path)/name"))
            var chip = Chip(label: label(files, path, name, folder), name: name)
            read(files, path, into: &chip)
            if files.exists("\(path)/device") { read(files, "\(path)/device", into: &chip) }
            all.append((folder, chip))
        }
        // Two of one device are told apart by their names, and where those are the same by their numbers.
        let counts = Dictionary(grouping: all, by: \.chip.label)
        return all.map { folder, chip in
            var chip = chip
            guard let twins = counts[chip.label], twins.count > 1 else { return chip }
            let isTold = !chip.name.isEmpty && twins.count(where: { $0.chip.name == chip.name }) == 1
            chip.label += "_" + (isTold ? chip.name : folder)
            return chip
        }
    }

    /// Of the device's kind and name, which do not depend on the order drivers were loaded in; else the chip's name.
    private static func label(_ files: HostFiles, _ path: String, _ name: String, _ folder: String) -> String {
        let parts = files.realPath("\(path)/device")?.split(separator: "/").suffix(2).map { clean(String($0)) }.filter { !$0.isEmpty } ?? []
        if !parts.isEmpty { return parts.joined(separator: "_") }
        return name.isEmpty ? folder : name
    }

    private static func read(_ files: HostFiles, _ path: String, into chip: inout Chip) {
        for file in files.names(in: path) {
            let parts = file.prefixMatch(of: /([^0-9]+)([0-9]*)(?:_(.+))?$/)
            guard let parts, parts.range.upperBound == file.endIndex, kinds.contains(String(parts.1)) else { continue }
            guard let text = files.text("\(path)/\(file)", limit: 128) else { continue }
            let sensor = "\(parts.1)\(Int(parts.2) ?? 0)"
            let value = text.split(separator: "\n").first.map(String.init) ?? ""
            chip.sensors[sensor, default: (String(parts.1), [:])].properties[parts.3.map(String.init) ?? ""] = value
        }
    }

    private static func clean(_ text: String) -> String {
        let plain = text.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == ":" || $0 == "_") ? $0 : "_" }
        return String(plain.drop { $0 == "_" }.reversed().drop { $0 == "_" }.reversed())
    }

    // MARK: What it is called

    private static func note(_ chip: Chip, in families: inout [String: Family]) {
        func add(_ name: String, _ help: String, _ labels: [(String, String)], _ value: Double, type: String = "gauge") {
            families[name, default: Family(type: type, help: help)].rows.append((labels, value))
        }
        if !chip.name.isEmpty {
            let labels = [("chip", chip.label), ("chip_name", chip.name)]
            add("node_hwmon_chip_names", "Annotation metric for human-readable chip names", labels, 1)
        }
        for (sensor, (kind, properties)) in chip.sensors.sorted(by: { $0.key < $1.key }) {
            let labels = [("chip", chip.label), ("sensor", sensor)]
            if let text = properties["label"] {
                add("node_hwmon_sensor_label", "Label for given chip and sensor", labels + [("label", text)], 1)
            }
            for (property, text) in properties.sorted(by: { $0.key < $1.key }) where property != "label" {
                guard let number = Double(text) else { continue }
                if kind == "freq" {
                    let label = properties["label"].map(clean) ?? ""
                    guard property == "input", !label.isEmpty else { continue }
                    let name = "node_hwmon_freq_freq_mhz"
                    add(name, "Hardware monitor for GPU frequency in MHz", [("chip", chip.label), ("sensor", label)], number / 1e6)
                    continue
                }
                let isNamed = property != "input" || properties[""] != nil
                let series = series(kind, property, suffix: isNamed && !property.isEmpty ? "_" + clean(property) : "")
                add(series.name, series.help, labels, number * series.unit, type: series.type)
            }
        }
    }

    private typealias Series = (name: String, help: String, unit: Double, type: String)

    /// The name of a property with its unit, what one count of it is, and its help.
    private static func series(_ kind: String, _ property: String, suffix: String) -> Series {
        func series(_ name: String, _ help: String, _ unit: Double = 1, _ type: String = "gauge") -> Series {
            ("node_hwmon_" + name, help, unit, type)
        }
        let name = kind + suffix
        switch (kind, property) {
        case ("beep_enable", _): return series("beep_enabled", "Hardware beep enabled")
        case ("vrm", _): return series("voltage_regulator_version", "Hardware voltage regulator")
        case ("update_interval", _): return series("update_interval_seconds", "Hardware monitor update interval", 1e-3)
        case (_, "fault"), (_, "alarm"): return series(name, "Hardware sensor \(property) status (\(kind))")
        case (_, "beep"): return series(name + "_enabled", "Hardware monitor sensor has beeping enabled")
        case ("in", _), ("cpu", _): return series(name + "_volts", "Hardware monitor for voltage (\(property))", 1e-3)
        case ("temp", _) where property != "type":
            return series(name + "_celsius", "Hardware monitor for temperature (\(property.isEmpty ? "input" : property))", 1e-3)
        case ("curr", _): return series(name + "_amps", "Hardware monitor for current (\(property))", 1e-3)
        case ("energy", _): return series(name + "_joule_total", "Hardware monitor for joules used so far (\(property))", 1e-6, "counter")
        case ("power", "accuracy"): return series(name, "Hardware monitor power meter accuracy, as a ratio", 1e-6)
        case ("power", "average_interval"), ("power", "average_interval_min"), ("power", "average_interval_max"):
            return series(name + "_seconds", "Hardware monitor power usage update interval (\(property))", 1e-3)
        case ("power", _): return series(name + "_watt", "Hardware monitor for power usage in watts (\(property))", 1e-6)
        case ("humidity", _):
            let help = "Hardware monitor for humidity, as a ratio (multiply with 100.0 to get the humidity as a percentage) (\(property))"
            return series(name, help, 1e-6)
        case ("fan", "input"), ("fan", "min"), ("fan", "max"), ("fan", "target"):
            return series(name + "_rpm", "Hardware monitor for fan revolutions per minute (\(property))")
        default: return series(name, "Hardware monitor \(kind) element \(property)")
        }
    }
}
