/// `a.b[0]["c d"]`: the way to a value inside a JSON document.
struct JSONPath: Sendable {
    enum Step: Sendable, Equatable {
        case key([UInt8])
        case index(Int)
    }

    let steps: [Step]

    init(_ text: String) throws(LogQLValueError) {
        let bytes = Array(text.utf8)
        func fault(_ what: String) -> LogQLValueError { LogQLValueError("cannot parse expression [\(text)]: \(what)") }
        var steps: [Step] = []
        var i = 0
        var expectsKey = true
        while i < bytes.count {
            let byte = bytes[i]
            if byte == UInt8(ascii: "[") {
                i += 1
                guard i < bytes.count else { throw fault("syntax error: unexpected $end") }
                if bytes[i] == UInt8(ascii: "\"") {
                    var key: [UInt8] = []
                    i += 1
                    while i < bytes.count, bytes[i] != UInt8(ascii: "\"") {
                        if bytes[i] == UInt8(ascii: "\\"), i + 1 < bytes.count { i += 1 }
                        key.append(bytes[i])
                        i += 1
                    }
                    i += 1
                    steps.append(.key(key))
                } else {
                    let start = i
                    while i < bytes.count, LogQLUnits.isDigit(bytes[i]) { i += 1 }
                    guard let index = Int(String(decoding: bytes[start..<i], as: UTF8.self)) else {
                        throw fault("syntax error: unexpected token, expecting STRING or INDEX")
                    }
                    steps.append(.index(index))
                }
                guard i < bytes.count, bytes[i] == UInt8(ascii: "]") else { throw fault("syntax error: expecting ]") }
                i += 1
                expectsKey = false
            } else if byte == UInt8(ascii: ".") {
                if steps.isEmpty || expectsKey { throw fault("syntax error: unexpected DOT") }
                expectsKey = true
                i += 1
            } else {
                if !expectsKey { throw fault("syntax error: unexpected FIELD") }
                let start = i
                while i < bytes.count, LineScan.isWord(bytes[i]) || bytes[i] == UInt8(ascii: "-") || bytes[i] >= 0x80 { i += 1 }
                if i == start || LogQLUnits.isDigit(bytes[start]) { throw fault("syntax error: unexpected character") }
                steps.append(.key(Array(bytes[start..<i])))
                expectsKey = false
            }
        }
        if steps.isEmpty || expectsKey { throw fault("syntax error: unexpected $end") }
        if steps.count > LogQLLimits.maxJSONDepth { throw fault("too deep") }
        self.steps = steps
    }

    /// The value the path leads to; nil where it leads nowhere.
    func find(in line: Span<UInt8>) -> String? {
        var position = 0
        JSONScan.skipSpace(line, &position)
        for step in steps {
            let found: Bool
            switch step {
            case .key(let key): found = Self.enter(key, line, &position)
            case .index(let index): found = Self.enter(index, line, &position)
            }
            if !found { return nil }
        }
        guard let value = try? JSONScan.value(line, &position) else { return nil }
        return value.kind == .null ? "" : JSONScan.text(line, value.kind, value.range)
    }

    private static func enter(_ key: [UInt8], _ line: Span<UInt8>, _ position: inout Int) -> Bool {
        guard position < line.count, line[position] == UInt8(ascii: "{") else { return false }
        var found = -1
        _ = try? JSONScan.members(line, &position) { (own, escaped, at) throws(JSONScan.Fault) in
            let isKey =
                escaped ? JSONScan.unescape(line.extracting(own)).map { Array($0.utf8) == key } ?? false : line.extracting(own).isEqual(key)
            if isKey {
                found = at
                return false
            }
            _ = try JSONScan.value(line, &at)
            return true
        }
        if found < 0 { return false }
        position = found
        return true
    }

    private static func enter(_ index: Int, _ line: Span<UInt8>, _ position: inout Int) -> Bool {
        guard position < line.count, line[position] == UInt8(ascii: "[") else { return false }
        position += 1
        var left = index
        while true {
            JSONScan.skipSpace(line, &position)
            guard position < line.count, line[position] != UInt8(ascii: "]") else { return false }
            if left == 0 { return true }
            left -= 1
            guard (try? JSONScan.value(line, &position)) != nil else { return false }
            JSONScan.skipSpace(line, &position)
            guard position < line.count, line[position] == UInt8(ascii: ",") else { return false }
            position += 1
        }
    }
}
