import VardeModel
import VardeWire

/// A page of metrics in the text format, written family by family.
struct HostPage {
    private(set) var bytes: [UInt8] = []

    /// Adds the families of another page behind those there are.
    mutating func append(_ other: HostPage) { bytes += other.bytes }

    /// Adds families written elsewhere.
    mutating func append(text: [UInt8]) { bytes += text }

    /// Begins a family.
    mutating func family(_ name: String, _ type: String, _ help: String) {
        let help = help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
        for (word, text) in [("HELP", help), ("TYPE", type)] {
            bytes += "# \(word) ".utf8
            if name.isClassicMetricName { bytes += name.utf8 } else { quote(name) }
            bytes += " \(text)\n".utf8
        }
    }

    /// A sample of the family begun last; names beyond the classic ones stand in quotes.
    mutating func sample(_ name: String, _ labels: [(String, String)] = [], _ value: Double) {
        let isClassic = name.isClassicMetricName
        var separator = UInt8(ascii: "{")
        if isClassic {
            bytes += name.utf8
        } else {
            bytes.append(separator)
            quote(name)
            separator = UInt8(ascii: ",")
        }
        for (label, text) in labels {
            bytes.append(separator)
            if label.isClassicLabelName { bytes += label.utf8 } else { quote(label) }
            bytes.append(UInt8(ascii: "="))
            quote(text)
            separator = UInt8(ascii: ",")
        }
        if !isClassic || !labels.isEmpty { bytes.append(UInt8(ascii: "}")) }
        bytes.append(32)
        SampleText.append(value, to: &bytes)
        bytes.append(10)
    }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"), UInt8(ascii: "\""): bytes += [UInt8(ascii: "\\"), byte]
            case 10: bytes += "\\n".utf8
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// A family of one sample.
    mutating func single(_ name: String, _ type: String, _ help: String, _ value: Double) {
        family(name, type, help)
        sample(name, [], value)
    }
}
