/// A call of D-Bus' wire format, version 1: whose arguments are texts, which is all that is asked here.
package struct DBusCall: Sendable, Equatable {
    package var destination: String
    package var path: String
    package var interface: String
    package var member: String
    package var arguments: [String]

    package init(_ destination: String, _ path: String, _ interface: String, _ member: String, _ arguments: [String] = []) {
        self.destination = destination
        self.path = path
        self.interface = interface
        self.member = member
        self.arguments = arguments
    }

    /// The whole message, least byte first.
    ///
    /// - Parameters:
    ///   - serial: not 0; the answer carries it.
    package func bytes(serial: UInt32) -> [UInt8] {
        var body = DBusBytes()
        for argument in arguments { body.text(argument) }
        var message = DBusBytes()
        // Little endian, a call, no flags, version 1.
        message.bytes = [UInt8(ascii: "l"), 1, 0, 1]
        message.word(UInt32(body.bytes.count))
        message.word(serial)
        var fields = DBusBytes()
        for (code, type, text) in [(1, "o", path), (2, "s", interface), (3, "s", member), (6, "s", destination)]
            as [(UInt8, String, String)]
        {
            fields.pad(to: 8)
            fields.bytes.append(code)
            fields.signature(type)
            fields.text(text)
        }
        if !arguments.isEmpty {
            fields.pad(to: 8)
            fields.bytes.append(8)
            fields.signature("g")
            fields.signature(String(repeating: "s", count: arguments.count))
        }
        message.word(UInt32(fields.bytes.count))
        // The fields begin at byte 16: what is aligned among them is aligned in the message.
        message.bytes += fields.bytes
        message.pad(to: 8)
        return message.bytes + body.bytes
    }
}

/// Values as D-Bus lays them out.
private struct DBusBytes {
    var bytes: [UInt8] = []

    mutating func pad(to size: Int) { while bytes.count % size != 0 { bytes.append(0) } }

    mutating func word(_ value: UInt32) {
        pad(to: 4)
        for shift in [0, 8, 16, 24] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    mutating func text(_ text: String) {
        word(UInt32(text.utf8.count))
        bytes += text.utf8
        bytes.append(0)
    }

    mutating func signature(_ text: String) {
        bytes.append(UInt8(text.utf8.count))
        bytes += text.utf8
        bytes.append(0)
    }
}
