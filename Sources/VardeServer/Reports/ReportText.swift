import VardeWire

/// A word in both languages reports are written in.
struct ReportWord: Sendable {
    var en: String
    var nb: String

    init(_ en: String, _ nb: String) {
        self.en = en
        self.nb = nb
    }

    func text(_ language: ReportLanguage) -> String { language == .nb ? nb : en }
}

/// Languages of Markdown; JSON has none.
enum ReportLanguage: String, Sendable {
    case nb, en
}

/// What stands in a report: a name or a figure, or words of ours.
enum ReportValue: Sendable {
    case text(String)
    case number(Int)
    case flag(Bool)
    case list([String])
    /// Not stated, or there is none.
    case none
    /// Words of ours, with the name programs know them by.
    case word(String, ReportWord)

    func write(to json: inout JSONWriter) {
        switch self {
        case .text(let text): json.string(text)
        case .number(let number): json.integer(number)
        case .flag(let flag): json.raw(flag ? "true" : "false")
        case .list(let texts): json.strings(texts)
        case .none: json.raw("null")
        case .word(let key, _): json.string(key)
        }
    }

    func markdown(_ language: ReportLanguage) -> String {
        switch self {
        case .text(let text): Self.escape(text)
        case .number(let number): String(number)
        case .flag(let flag): (flag ? ReportWord("yes", "ja") : ReportWord("no", "nei")).text(language)
        case .list(let texts): texts.isEmpty ? "–" : texts.map(Self.escape).joined(separator: ", ")
        case .none: "–"
        case .word(_, let word): word.text(language)
        }
    }

    /// Signs that would end a cell or begin markup.
    private static func escape(_ text: String) -> String {
        var out = ""
        for character in text {
            switch character {
            case "|", "*", "_", "`", "<", "\\": out += "\\" + String(character)
            case "\n", "\r": out += " "
            default: out.append(character)
            }
        }
        return out
    }

    /// A text, or none where it is empty.
    static func given(_ text: String) -> ReportValue { text.isEmpty ? .none : .text(text) }
}

/// A part of a report, under a heading of its own.
struct ReportSection: Sendable {
    struct Field: Sendable {
        var key: String
        var name: ReportWord
        var value: ReportValue
    }

    enum Content: Sendable {
        case fields([Field])
        case table(columns: [(key: String, name: ReportWord)], rows: [[ReportValue]])
    }

    var key: String
    var title: ReportWord
    /// What the reader has to know of it; empty for nothing.
    var note = ReportWord("", "")
    var content: Content
}

/// A report: the same facts as JSON and as Markdown.
struct ReportText: Sendable {
    var kind: String
    var title: ReportWord
    /// Milliseconds since the epoch, as text.
    var time: String
    var sections: [ReportSection]

    func json() -> [UInt8] {
        var json = JSONWriter()
        json.raw("{\"report\":\"\(kind)\",\"time\":\"\(time)\"")
        for section in sections {
            json.raw(",")
            json.string(section.key)
            json.raw(":")
            switch section.content {
            case .fields(let fields): Self.object(fields.map { ($0.key, $0.value) }, to: &json)
            case .table(let columns, let rows):
                json.list(rows) { json, row in Self.object(zip(columns, row).map { ($0.key, $1) }, to: &json) }
            }
        }
        json.raw("}")
        return json.bytes
    }

    private static func object(_ fields: [(key: String, value: ReportValue)], to json: inout JSONWriter) {
        for (index, field) in fields.enumerated() {
            json.raw(index == 0 ? "{" : ",")
            json.string(field.key)
            json.raw(":")
            field.value.write(to: &json)
        }
        json.raw(fields.isEmpty ? "{}" : "}")
    }

    func markdown(_ language: ReportLanguage) -> [UInt8] {
        var text = "# \(title.text(language))\n\n\(time)\n"
        for section in sections {
            text += "\n## \(section.title.text(language))\n\n"
            let note = section.note.text(language)
            if !note.isEmpty { text += note + "\n\n" }
            switch section.content {
            case .fields(let fields):
                for field in fields { text += "- \(field.name.text(language)): \(field.value.markdown(language))\n" }
            case .table(_, let rows) where rows.isEmpty: text += ReportWord("None.", "Ingen.").text(language) + "\n"
            case .table(let columns, let rows):
                text += "| " + columns.map { $0.name.text(language) }.joined(separator: " | ") + " |\n"
                text += "|" + columns.map { _ in "---|" }.joined() + "\n"
                for row in rows { text += "| " + row.map { $0.markdown(language) }.joined(separator: " | ") + " |\n" }
            }
        }
        return Array(text.utf8)
    }
}
