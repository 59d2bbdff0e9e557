/// A message of D-Bus' wire format, version 1, as it comes: what it answers, and its body to be read.
package struct DBusMessage: Sendable {
    package enum Kind: UInt8, Sendable { case call = 1, answer, fault, signal }

    /// Bytes at the front of a message that tell how long it is.
    package static let headBytes = 16

    package var kind: Kind
    /// The serial of the call this answers, 0 where it answers none.
    package var answered: UInt32 = 0
    /// The name of a fault, such as `org.freedesktop.DBus.Error.ServiceUnknown`.
    package var faultName = ""
    /// Types of the body's values.
    package var signature = ""
    /// Stands at the first value of the body.
    package var body: DBusReader

    /// Bytes of a whole message by its first sixteen.
    ///
    /// - Throws: also where it is longer than `limit`.
    package static func length(of head: [UInt8], limit: Int) throws(WireError) -> Int {
        var reader = try reader(head)
        let body = Int(try reader.word())
        reader.at = 12
        let fields = Int(try reader.word())
        let length = headBytes + (fields + 7) / 8 * 8 + body
        guard length <= limit else { throw WireError("D-Bus: a message of \(length) bytes, more than \(limit)") }
        return length
    }

    package init(_ bytes: [UInt8]) throws(WireError) {
        var reader = try Self.reader(bytes)
        // Kinds yet unknown are to be passed over, as signals are.
        kind = Kind(rawValue: bytes[1]) ?? .signal
        let bodyBytes = Int(try reader.word())
        reader.at = 12
        let end = Self.headBytes + Int(try reader.word())
        guard end <= bytes.count, (end + 7) / 8 * 8 + bodyBytes == bytes.count else {
            throw WireError("D-Bus: lengths beyond the message's end", at: 4)
        }
        body = reader
        body.at = (end + 7) / 8 * 8
        reader.end = end
        while reader.at < end {
            try reader.align(8)
            let code = try reader.byte()
            let value = try reader.variant()
            switch (code, value) {
            case (4, .text(let name)): faultName = name
            case (5, .number(let serial)): answered = UInt32(truncatingIfNeeded: serial)
            case (8, .text(let types)): signature = types
            default: break
            }
        }
    }

    private static func reader(_ bytes: [UInt8]) throws(WireError) -> DBusReader {
        guard bytes.count >= headBytes else { throw WireError("D-Bus: a message of \(bytes.count) bytes is none") }
        guard bytes[0] == UInt8(ascii: "l") || bytes[0] == UInt8(ascii: "B"), bytes[3] == 1 else {
            throw WireError("D-Bus: not a message of version 1", at: 0)
        }
        return DBusReader(bytes, at: 4, isLittle: bytes[0] == UInt8(ascii: "l"))
    }
}

/// Reads values of a message, each at its alignment; every length is held against the bytes that are there.
package struct DBusReader: Sendable {
    package enum Value: Sendable, Equatable {
        case text(String)
        case number(UInt64)
    }

    private let bytes: [UInt8]
    private let isLittle: Bool
    /// Offset of the next byte in the message, and where reading ends.
    package var at: Int
    package var end: Int

    init(_ bytes: [UInt8], at: Int, isLittle: Bool) {
        self.bytes = bytes
        self.at = at
        self.isLittle = isLittle
        end = bytes.count
    }

    package mutating func align(_ size: Int) throws(WireError) {
        let next = (at + size - 1) / size * size
        guard next <= end else { throw WireError("D-Bus: a value reaches beyond the end", at: at) }
        at = next
    }

    package mutating func byte() throws(WireError) -> UInt8 { UInt8(truncatingIfNeeded: try number(1)) }
    package mutating func word() throws(WireError) -> UInt32 { UInt32(truncatingIfNeeded: try number(4)) }

    /// An unsigned number of 1, 2, 4 or 8 bytes.
    package mutating func number(_ size: Int) throws(WireError) -> UInt64 {
        try align(size)
        guard end - at >= size else { throw WireError("D-Bus: a number reaches beyond the end", at: at) }
        var value: UInt64 = 0
        for index in 0..<size {
            let byte = UInt64(bytes[at + index])
            value |= byte << UInt64(8 * (isLittle ? index : size - 1 - index))
        }
        at += size
        return value
    }

    /// A text or an object's path.
    package mutating func text() throws(WireError) -> String {
        try text(of: Int(try word()))
    }

    private mutating func text(of count: Int) throws(WireError) -> String {
        guard end - at > count else { throw WireError("D-Bus: a text of \(count) bytes reaches beyond the end", at: at) }
        defer { at += count + 1 }
        return String(decoding: bytes[at..<(at + count)], as: UTF8.self)
    }

    /// A value that says its own type: a text, a path, a signature or a number without fractions.
    package mutating func variant() throws(WireError) -> Value {
        let type = try text(of: Int(try byte()))
        switch type {
        case "s", "o": return .text(try text())
        case "g": return .text(try text(of: Int(try byte())))
        case "y": return .number(try number(1))
        case "n", "q": return .number(try number(2))
        case "b", "i", "u", "h": return .number(try number(4))
        case "x", "t": return .number(try number(8))
        default: throw WireError("D-Bus: a value of type “\(type)” where a text or a number was expected", at: at)
        }
    }

    /// Reads an array's elements, each aligned to `alignment`, to its end.
    package mutating func array(
        alignedTo alignment: Int, _ element: (inout DBusReader) throws(WireError) -> Void
    ) throws(WireError) {
        let count = Int(try word())
        try align(alignment)
        guard end - at >= count else { throw WireError("D-Bus: an array of \(count) bytes reaches beyond the end", at: at) }
        let whole = end
        end = at + count
        while at < end {
            try align(alignment)
            try element(&self)
        }
        end = whole
    }
}
