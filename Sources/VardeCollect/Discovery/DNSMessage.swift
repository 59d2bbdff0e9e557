/// Questions and answers of DNS (RFC 1035), as far as discovery needs them.
enum DNSMessage {
    /// What a record of a wanted type says.
    struct Record: Equatable {
        /// An address, or a name with its final point.
        var host: String
        /// Of SRV records.
        var port: UInt16 = 0
    }

    /// A name may be spread over so many pointers: more is a loop.
    private static let maxJumps = 20

    /// A question for the records of one type; nil where the name cannot be one.
    static func question(_ name: String, _ type: UInt16, id: UInt16) -> [UInt8]? {
        var out: [UInt8] = []
        // One question, recursion desired; room for an answer of 4096 bytes (EDNS, RFC 6891).
        for word in [id, 0x0100, 1, 0, 0, 1] { out += bytes(word) }
        for label in name.split(separator: ".") {
            let utf8 = Array(label.utf8)
            guard (1...63).contains(utf8.count) else { return nil }
            out.append(UInt8(utf8.count))
            out += utf8
        }
        guard out.count > 12, out.count < 12 + 255 else { return nil }
        out.append(0)
        out += bytes(type) + bytes(1)
        out += [0, 0, 41] + bytes(4_096) + [0, 0, 0, 0, 0, 0]
        return out
    }

    private static func bytes(_ word: UInt16) -> [UInt8] { [UInt8(word >> 8), UInt8(word & 255)] }

    /// The records of one type in an answer. A name that does not exist has none.
    ///
    /// - Throws: where the answer is no answer to the question, cut short, or a refusal.
    static func records(_ message: [UInt8], id: UInt16, type: UInt16) throws(DiscoveryFault) -> [Record] {
        var reader = Reader(bytes: message)
        guard try reader.word() == id else { throw DiscoveryFault(description: "DNS: an answer to another question") }
        let flags = try reader.word()
        guard flags & 0x8000 != 0 else { throw DiscoveryFault(description: "DNS: the answer is a question") }
        if flags & 0x0200 != 0 { throw DiscoveryFault(description: "DNS: the answer is longer than a datagram") }
        switch flags & 15 {
        case 0: break
        case 3: return []
        case let code: throw DiscoveryFault(description: "DNS: the name server refuses with code \(code)")
        }
        let questions = try reader.word()
        let answers = try reader.word()
        _ = try reader.word()
        _ = try reader.word()
        for _ in 0..<questions {
            _ = try reader.name()
            _ = try reader.word()
            _ = try reader.word()
        }
        var records: [Record] = []
        for _ in 0..<answers {
            _ = try reader.name()
            let found = try reader.word()
            for _ in 0..<3 { _ = try reader.word() }
            let length = Int(try reader.word())
            let end = reader.at + length
            guard end <= message.count else { throw Reader.cut }
            if found == type { records.append(try record(&reader, type, length)) }
            reader.at = end
        }
        return records
    }

    private static func record(_ reader: inout Reader, _ type: UInt16, _ length: Int) throws(DiscoveryFault) -> Record {
        switch type {
        case 1:
            guard length == 4 else { throw Reader.cut }
            return Record(host: reader.bytes[reader.at..<(reader.at + 4)].map { String($0) }.joined(separator: "."))
        case 28:
            guard length == 16 else { throw Reader.cut }
            var words: [UInt16] = []
            for _ in 0..<8 { words.append(try reader.word()) }
            return Record(host: IPv6Text.text(words))
        case 33:
            _ = try reader.word()
            _ = try reader.word()
            let port = try reader.word()
            return Record(host: try reader.name(), port: port)
        case 15:
            _ = try reader.word()
            return Record(host: try reader.name())
        default: return Record(host: try reader.name())
        }
    }

    private struct Reader {
        static let cut = DiscoveryFault(description: "DNS: the answer is cut short or damaged")
        let bytes: [UInt8]
        var at = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        mutating func word() throws(DiscoveryFault) -> UInt16 {
            guard at + 2 <= bytes.count else { throw Self.cut }
            defer { at += 2 }
            return UInt16(bytes[at]) << 8 | UInt16(bytes[at + 1])
        }

        /// A name, pointers followed, with its final point.
        mutating func name() throws(DiscoveryFault) -> String {
            var text = ""
            var cursor = at
            var behind: Int?
            var jumps = 0
            while true {
                guard cursor < bytes.count else { throw Self.cut }
                let length = Int(bytes[cursor])
                if length == 0 {
                    at = behind ?? cursor + 1
                    return text.isEmpty ? "." : text
                }
                if length & 0xC0 == 0xC0 {
                    guard cursor + 1 < bytes.count, jumps < DNSMessage.maxJumps else { throw Self.cut }
                    behind = behind ?? cursor + 2
                    cursor = (length & 0x3F) << 8 | Int(bytes[cursor + 1])
                    jumps += 1
                    continue
                }
                guard length < 64, cursor + 1 + length <= bytes.count, text.utf8.count < 1_024 else { throw Self.cut }
                text += String(decoding: bytes[(cursor + 1)..<(cursor + 1 + length)], as: UTF8.self) + "."
                cursor += 1 + length
            }
        }
    }
}

/// IPv6 addresses as RFC 5952 writes them.
enum IPv6Text {
    static func text(_ words: [UInt16]) -> String {
        // The longest run of zeros, two words at least, is left out.
        var best = 0..<0
        var start = 0
        while start < words.count {
            var end = start
            while end < words.count, words[end] == 0 { end += 1 }
            if end - start > max(best.count, 1) { best = start..<end }
            start = max(end, start + 1)
        }
        func hex(_ words: some Sequence<UInt16>) -> String { words.map { String($0, radix: 16) }.joined(separator: ":") }
        if best.isEmpty { return hex(words) }
        return hex(words[..<best.lowerBound]) + "::" + hex(words[best.upperBound...])
    }
}
