internal import VardeModel
internal import VardeWire

/// Something that was done, for the audit log: who, what, when, from where, and how many lines it concerned.
package struct AuditEntry: Sendable, Equatable {
    /// Milliseconds since the epoch.
    package var time: Int64
    /// Name of the token, `anonymous` where the server has none, `varde` for what the server does by itself.
    package var who: String
    /// Address of the client, empty where there is none.
    package var from: String
    /// A word of what it is: `read`, `export`, `erase`, `reload`, `refused connection` …
    package var action: String
    /// The request in words, without personal data.
    package var what: String
    /// Lines read, exported or erased, where that is known.
    package var lines: Int?
    /// HTTP status of the answer, where there is one.
    package var status: Int?

    package init(
        time: Int64, who: String, from: String = "", action: String, what: String, lines: Int? = nil, status: Int? = nil
    ) {
        self.time = time
        self.who = who
        self.from = from
        self.action = action
        self.what = what
        self.lines = lines
        self.status = status
    }

    /// The line up to its hash, as numbered entry.
    func body(number: UInt64) -> [UInt8] {
        var json = JSONWriter()
        json.raw("{\"n\":\(number),\"time\":\"\(UTCText.milliseconds(time))\",\"who\":")
        json.string(who)
        json.raw(",\"from\":")
        json.string(from)
        json.raw(",\"action\":")
        json.string(action)
        json.raw(",\"what\":")
        json.string(what)
        if let lines { json.raw(",\"lines\":\(lines)") }
        if let status { json.raw(",\"status\":\(status)") }
        return json.bytes
    }
}

/// Times as people and machines read them, in UTC.
package enum UTCText {
    /// `2026-06-01T12:00:00.000Z` of milliseconds since the epoch.
    package static func milliseconds(_ time: Int64) -> String {
        let seconds = time >= 0 ? time / 1000 : (time - 999) / 1000
        return day(seconds) + "T" + clock(seconds) + "." + padded(time - seconds * 1000, 3) + "Z"
    }

    /// `2026-06-01` of seconds since the epoch.
    package static func day(_ seconds: Int64) -> String {
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        return CivilDate(daysSince1970: days).text
    }

    private static func clock(_ seconds: Int64) -> String {
        let second = ((seconds % 86_400) + 86_400) % 86_400
        return padded(second / 3600, 2) + ":" + padded(second / 60 % 60, 2) + ":" + padded(second % 60, 2)
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}
