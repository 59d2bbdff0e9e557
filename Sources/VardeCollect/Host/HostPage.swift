import VardeWire

/// A page of metrics in the text format, written family by family.
struct HostPage {
    private(set) var bytes: [UInt8] = []

    /// Begins a family.
    mutating func family(_ name: String, _ type: String, _ help: String) {
        bytes += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n".utf8
    }

    /// A sample of the family begun last.
    mutating func sample(_ name: String, _ labels: [(String, String)] = [], _ value: Double) {
        bytes += name.utf8
        if !labels.isEmpty {
            var separator = UInt8(ascii: "{")
            for (label, text) in labels {
                bytes.append(separator)
                bytes += label.utf8
                bytes += "=\"".utf8
                for byte in text.utf8 {
                    switch byte {
                    case UInt8(ascii: "\\"), UInt8(ascii: "\""): bytes += [UInt8(ascii: "\\"), byte]
                    case 10: bytes += "\\n".utf8
                    default: bytes.append(byte)
                    }
                }
                bytes.append(UInt8(ascii: "\""))
                separator = UInt8(ascii: ",")
            }
            bytes.append(UInt8(ascii: "}"))
        }
        bytes.append(32)
        SampleText.append(value, to: &bytes)
        bytes.append(10)
    }

    /// A family of one sample.
    mutating func single(_ name: String, _ type: String, _ help: String, _ value: Double) {
        family(name, type, help)
        sample(name, [], value)
    }
}
