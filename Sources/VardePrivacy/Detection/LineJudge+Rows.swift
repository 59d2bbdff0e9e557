/// Rows of statements, whose columns are named before them.
extension LineJudge {
    /// Columns of a statement that are looked at.
    private static let columnLimit = 64

    /// `INSERT INTO t (a, b) VALUES (1, 'x'), (2, 'y')`, from the word on that stands between: what a value is, the column's name says.
    mutating func judgeRows(_ text: Span<UInt8>, _ p: Int) {
        guard text.hasFolded("values", at: p) else { return }
        let columns = columnsBefore(text, p)
        guard columns.contains(where: { $0 != nil }) else { return }
        var i = p + 6
        repeat {
            while text.at(i) == 0x20 || text.at(i) == 0x2C { i += 1 }
            guard text.at(i) == 0x28 else { break }
            i = judgeRow(text, i + 1, columns)
        } while text.at(i) == 0x2C || text.at(i) == 0x20
        tokensDoneUntil = max(tokensDoneUntil, i)
    }

    /// The words that columns' names end in, nil for those that tell nothing; empty where no list of columns stands before `p`.
    private func columnsBefore(_ text: Span<UInt8>, _ p: Int) -> [WordTable<KeyMeaning>.Hit?] {
        var close = p
        while close > 0, p - close < 8, ByteClass.isSpace(text[close - 1]) { close -= 1 }
        guard text.at(close - 1) == 0x29 else { return [] }
        var ends: [Int] = []
        var i = close - 1
        var end = i
        while i > 0, p - i < 2_048, text[i - 1] != 0x28, text[i - 1] != 0x29 {
            i -= 1
            if text[i] == 0x2C {
                ends.append(end)
                end = i
            }
        }
        guard text.at(i - 1) == 0x28, ends.count < Self.columnLimit else { return [] }
        ends.append(end)
        return ends.reversed().map { end in
            var end = end
            while end > i, !ByteClass.isKeyByte(text[end - 1]) { end -= 1 }
            guard let hit = keyWord(text, end), hit.isPart, !vocabulary.words.entries[hit.index].meaning.saysNothingOfValue else {
                return nil
            }
            return hit
        }
    }

    /// Judges the row whose values begin at `start`; returns where it has ended.
    private mutating func judgeRow(_ text: Span<UInt8>, _ start: Int, _ columns: [WordTable<KeyMeaning>.Hit?]) -> Int {
        var i = start
        var column = 0
        while i < text.count {
            while text.at(i) == 0x20 { i += 1 }
            var value = KeyValue(start: i, end: i, isAssignment: true)
            var quote = i
            while text.at(quote) == 0x5C { quote += 1 }
            if text.at(quote) == 0x27 || text.at(quote) == 0x22 {
                value.start = quote + 1
                value.isQuoted = true
                i = quotedEnd(text, value, limit: text.count)
                while i < text.count, text[i] == 0x5C { i += 1 }
                i += 1
            }
            while i < text.count, text[i] != 0x2C, text[i] != 0x29, text[i] != 0x28 { i += 1 }
            if column < columns.count, let hit = columns[column], value.start < text.count { judgeCell(text, &value, hit) }
            // A call of a function as a value: its row is not read on.
            if text.at(i) != 0x2C { return min(text.count, i + 1) }
            i += 1
            column += 1
        }
        return i
    }

    private mutating func judgeCell(_ text: Span<UInt8>, _ value: inout KeyValue, _ hit: WordTable<KeyMeaning>.Hit) {
        let meaning = vocabulary.words.entries[hit.index].meaning
        switch meaning {
        case .secret, .weakSecret:
            if value.isQuoted { judgeSecret(text, &value, hit, meaning, keyStart: keyStart(text, hit.start)) }
        case .digestProof: break
        case .name, .weakName, .user, .address:
            if value.isQuoted { judgeText(text, &value, meaning, hit, keyStart: keyStart(text, hit.start)) }
        case .email: judgeMailValue(text, &value)
        default: judgeNumberValue(text, &value, meaning)
        }
    }
}
