import VardeKernels
package import VardeModel

/// One syslog message: RFC 5424, or what RFC 3164 found in use; what is neither is kept whole as its text.
package struct SyslogMessage: Sendable, Equatable {
    /// Bytes no UTF-8 character begins with are replaced.
    package var text = ""
    package var facility = 1
    package var severity = 5
    /// Nanoseconds; nil where the message says none that can be read.
    package var time: Int64?
    package var host = ""
    package var program = ""
    package var process = ""
    package var messageID = ""
    /// Parameters of structured data, as `element_parameter`.
    package var data: [Label] = []

    static let maxParameters = 64

    private static let severities = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"]
    private static let facilities = [
        "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp", "audit", "alert",
        "clock",
        "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
    ]

    package var severityName: String { Self.severities[severity] }
    package var facilityName: String { Self.facilities[facility] }

    /// Reads a message.
    ///
    /// - Parameters:
    ///   - now: nanoseconds: gives dates of RFC 3164 their year.
    ///   - zone: seconds east of UTC that dates without a zone are in.
    package init(_ bytes: [UInt8], now: Int64, zone: Int = 0) {
        var cursor = Cursor(bytes: bytes)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { cursor.at = 3 }
        guard let priority = cursor.priority() else {
            text = Bytes.string(bytes.span)
            return
        }
        facility = priority >> 3
        severity = priority & 7
        let start = cursor.at
        if cursor.takes("1 "), modern(&cursor) { return }
        cursor.at = start
        legacy(&cursor, now: now, zone: zone)
    }

    // MARK: RFC 5424

    private mutating func modern(_ cursor: inout Cursor) -> Bool {
        guard let stamp = cursor.word(), let host = cursor.word(), let program = cursor.word(), let process = cursor.word(),
            let id = cursor.word(last: true)
        else { return false }
        if stamp != "-" {
            guard let moment = RFC3339.nanoseconds(stamp) else { return false }
            time = moment
        }
        self.host = host == "-" ? "" : host
        self.program = program == "-" ? "" : program
        self.process = process == "-" ? "" : process
        messageID = id == "-" ? "" : id
        guard structuredData(&cursor) else {
            data = []
            return false
        }
        var rest = cursor.rest
        if rest.first == 32 { rest = rest.dropFirst() }
        if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
        text = Bytes.string(Array(rest).span)
        return true
    }

    private mutating func structuredData(_ cursor: inout Cursor) -> Bool {
        if cursor.takes("-") { return cursor.isAtEnd || cursor.peek == 32 }
        guard cursor.peek == UInt8(ascii: "[") else { return cursor.isAtEnd }
        while cursor.takes("[") {
            guard let element = cursor.name(until: [32, UInt8(ascii: "]")]) else { return false }
            // The enterprise number behind an at sign says who defined the element, not what it is.
            let prefix = element.split(separator: "@").first.map(String.init) ?? element
            while cursor.takes(" ") {
                guard let name = cursor.name(until: [UInt8(ascii: "=")]), cursor.takes("=\""), let value = cursor.quotedRest() else {
                    return false
                }
                if data.count < Self.maxParameters {
                    let label = OTLPTranslation.escapedLabel("\(prefix)_\(name)")
                    if !label.isEmpty { data.append(Label(label, value)) }
                }
            }
            guard cursor.takes("]") else { return false }
        }
        return cursor.isAtEnd || cursor.peek == 32
    }

    // MARK: RFC 3164

    private mutating func legacy(_ cursor: inout Cursor, now: Int64, zone: Int) {
        let start = cursor.at
        if let stamp = cursor.legacyDate(now: now, zone: zone) {
            time = stamp
        } else if let word = cursor.word(), let stamp = RFC3339.nanoseconds(word) {
            // Many senders put the newer date into the older form.
            time = stamp
        } else {
            cursor.at = start
        }
        if time != nil {
            let place = cursor.at
            if let word = cursor.word(), !word.hasSuffix(":"), !word.contains("[") { host = word } else { cursor.at = place }
        }
        tag(&cursor)
        text = Bytes.string(Array(cursor.rest).span)
    }

    /// `program[123]: ` or `program: `.
    private mutating func tag(_ cursor: inout Cursor) {
        let start = cursor.at
        var name: [UInt8] = []
        while let byte = cursor.peek, byte > 32, byte < 127, byte != UInt8(ascii: "["), byte != UInt8(ascii: ":"), name.count < 64 {
            name.append(byte)
            cursor.at += 1
        }
        var number = ""
        if cursor.takes("[") {
            number = cursor.name(until: [UInt8(ascii: "]")]) ?? ""
            _ = cursor.takes("]")
        }
        guard !name.isEmpty, cursor.takes(":") else {
            cursor.at = start
            return
        }
        _ = cursor.takes(" ")
        program = String(decoding: name, as: UTF8.self)
        process = number
    }

    /// A place in the message's bytes.
    private struct Cursor {
        let bytes: [UInt8]
        var at = 0

        var isAtEnd: Bool { at >= bytes.count }
        var peek: UInt8? { at < bytes.count ? bytes[at] : nil }
        var rest: ArraySlice<UInt8> { at < bytes.count ? bytes[at...] : [] }

        mutating func takes(_ text: StaticString) -> Bool {
            let wanted = Array("\(text)".utf8)
            guard bytes[min(at, bytes.count)...].starts(with: wanted) else { return false }
            at += wanted.count
            return true
        }

        /// `<134>`, at most 191.
        mutating func priority() -> Int? {
            guard peek == UInt8(ascii: "<") else { return nil }
            var i = at + 1
            var value = 0
            while i < bytes.count, bytes[i] >= 48, bytes[i] <= 57, i - at <= 3 {
                value = value * 10 + Int(bytes[i] - 48)
                i += 1
            }
            guard i > at + 1, i < bytes.count, bytes[i] == UInt8(ascii: ">"), value <= 191 else { return nil }
            at = i + 1
            return value
        }

        /// Bytes up to a blank, which is passed over; nil where there are none, or no blank follows one that is not the last.
        mutating func word(last: Bool = false) -> String? {
            var i = at
            while i < bytes.count, bytes[i] != 32, i - at < 256 { i += 1 }
            guard i > at, i < bytes.count ? bytes[i] == 32 : last else { return nil }
            defer { at = min(i + 1, bytes.count) }
            return Bytes.string(Array(bytes[at..<i]).span)
        }

        /// A name up to one of these bytes, which stays; nil where it is empty or does not end.
        mutating func name(until ends: [UInt8]) -> String? {
            var i = at
            while i < bytes.count, !ends.contains(bytes[i]), i - at < 256 { i += 1 }
            guard i > at, i < bytes.count, ends.contains(bytes[i]) else { return nil }
            defer { at = i }
            return Bytes.string(Array(bytes[at..<i]).span)
        }

        /// The rest of a quoted value, `\"`, `\\` and `\]` being one character each.
        mutating func quotedRest() -> String? {
            var out: [UInt8] = []
            while at < bytes.count {
                let byte = bytes[at]
                at += 1
                if byte == UInt8(ascii: "\"") { return Bytes.string(out.span) }
                if byte == UInt8(ascii: "\\"), let next = peek, [UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "]")].contains(next) {
                    out.append(next)
                    at += 1
                } else {
                    out.append(byte)
                }
            }
            return nil
        }

        /// `Jan  2 15:04:05 `, of this year, or of the last where that would be more than a day ahead.
        mutating func legacyDate(now: Int64, zone: Int) -> Int64? {
            guard at + 16 <= bytes.count, bytes[at + 3] == 32, bytes[at + 6] == 32, bytes[at + 9] == 58, bytes[at + 12] == 58,
                bytes[at + 15] == 32
            else { return nil }
            let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
            guard let month = months.firstIndex(of: String(decoding: bytes[at..<at + 3], as: UTF8.self)) else { return nil }
            func two(_ offset: Int) -> String {
                let text = String(decoding: bytes[(at + offset)..<(at + offset + 2)], as: UTF8.self)
                return text.hasPrefix(" ") ? "0" + text.dropFirst() : text
            }
            let monthText = month < 9 ? "0\(month + 1)" : "\(month + 1)"
            // The year by the clock: years are 365.2425 days.
            let year = 1970 + Int(Double(now / 1_000_000_000) / 31_556_952)
            for candidate in [year + 1, year, year - 1] {
                let text = "\(candidate)-\(monthText)-\(two(4))T\(two(7)):\(two(10)):\(two(13))Z"
                guard let utc = RFC3339.nanoseconds(text) else { return nil }
                let time = utc - Int64(zone) * 1_000_000_000
                if time <= now + 86_400_000_000_000 {
                    at += 16
                    return time
                }
            }
            return nil
        }
    }
}
