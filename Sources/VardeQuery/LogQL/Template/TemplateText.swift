internal import VardeCompression
internal import VardeModel

/// What template functions do with texts.
enum TemplateText {
    static func offset(of needle: String, in text: String) -> Int? {
        let wanted = Array(needle.utf8)
        let all = Array(text.utf8)
        if wanted.isEmpty { return 0 }
        var i = 0
        while i + wanted.count <= all.count {
            if all[i] == wanted[0], all[i..<(i + wanted.count)].elementsEqual(wanted) { return i }
            i += 1
        }
        return nil
    }

    static func title(_ text: String) -> String {
        var out = ""
        var begins = true
        for character in text {
            out += begins ? String(character).uppercased() : String(character)
            begins = character.isWhitespace
        }
        return out
    }

    static func trim(_ text: String, _ set: String, left: Bool, right: Bool) -> String {
        var view = text.unicodeScalars[...]
        let members = Set(set.unicodeScalars)
        if left { while let first = view.first, members.contains(first) { view.removeFirst() } }
        if right { while let last = view.last, members.contains(last) { view.removeLast() } }
        return String(view)
    }

    static func withoutPrefix(_ text: String, _ prefix: String) -> String {
        text.utf8.starts(with: prefix.utf8) ? String(decoding: text.utf8.dropFirst(prefix.utf8.count), as: UTF8.self) : text
    }

    static func withoutSuffix(_ text: String, _ suffix: String) -> String {
        text.utf8.reversed().starts(with: suffix.utf8.reversed())
            ? String(decoding: text.utf8.dropLast(suffix.utf8.count), as: UTF8.self) : text
    }

    /// Replaces so many occurrences, all where the limit is negative.
    static func replace(_ text: String, _ old: String, _ new: String, limit: Int) -> String {
        let all = Array(text.utf8)
        let wanted = Array(old.utf8)
        let replacement = Array(new.utf8)
        var out: [UInt8] = []
        var left = limit < 0 ? Int.max : limit
        if wanted.isEmpty {
            for scalar in text.unicodeScalars {
                if left > 0 {
                    out += replacement
                    left -= 1
                }
                out += Array(String(scalar).utf8)
            }
            if left > 0 { out += replacement }
            return String(decoding: out, as: UTF8.self)
        }
        var i = 0
        while i < all.count {
            if left > 0, i + wanted.count <= all.count, all[i] == wanted[0], all[i..<(i + wanted.count)].elementsEqual(wanted) {
                out += replacement
                i += wanted.count
                left -= 1
                if out.count > LogQLLimits.maxTemplateOutput { break }
            } else {
                out.append(all[i])
                i += 1
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    static func indent(_ count: Int64, _ text: String) throws(TemplateCallError) -> String {
        if count < 0 || count > 10_000 { throw TemplateCallError("indent out of range") }
        let pad = String(repeating: " ", count: Int(count))
        return pad + replace(text, "\n", "\n" + pad, limit: -1)
    }

    static func align(_ count: Int64, _ text: String, left: Bool) throws(TemplateCallError) -> String {
        if count < 0 { return text }
        if count > LogQLLimits.maxTemplateOutput { throw TemplateCallError("result is too long") }
        let scalars = Array(text.unicodeScalars)
        let width = Int(count)
        var view = String.UnicodeScalarView()
        if scalars.count >= width {
            view.append(contentsOf: left ? scalars[..<width] : scalars[(scalars.count - width)...])
            return String(view)
        }
        let pad = String(repeating: " ", count: width - scalars.count)
        return left ? text + pad : pad + text
    }

    static func urlEncode(_ text: String) -> String { PercentEncoding.escaped(text, blankIsPlus: true) }

    static func urlDecode(_ text: String) throws(TemplateCallError) -> String {
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        var i = 0
        while i < bytes.count {
            if bytes[i] == UInt8(ascii: "%") {
                let hex = String(decoding: bytes[min(i + 1, bytes.count)..<min(i + 3, bytes.count)], as: UTF8.self)
                guard hex.utf8.count == 2, let value = UInt8(hex, radix: 16) else {
                    throw TemplateCallError("invalid URL escape \"%\(hex)\"")
                }
                out.append(value)
                i += 3
            } else {
                out.append(bytes[i] == UInt8(ascii: "+") ? 32 : bytes[i])
                i += 1
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    static func base64(_ text: String) -> String { Base64.text(Array(text.utf8)) }

    static func fromBase64(_ text: String) -> String {
        var out: [UInt8] = []
        var word: UInt32 = 0
        var bits: UInt32 = 0
        for (offset, byte) in text.utf8.enumerated() where byte != UInt8(ascii: "=") {
            guard let value = Base64.digit(byte), byte != UInt8(ascii: "-"), byte != UInt8(ascii: "_") else {
                return "illegal base64 data at input byte \(offset)"
            }
            word = word << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                out.append(UInt8(word >> bits & 255))
                word &= (1 << bits) - 1
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    static func html(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "&": out += "&amp;"
            case "\"": out += "&#34;"
            case "'": out += "&#39;"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    static func javaScript(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": out += "\\\\"
            case "'": out += "\\'"
            case "\"": out += "\\\""
            case "<": out += "\\u003C"
            case ">": out += "\\u003E"
            case "&": out += "\\u0026"
            case "=": out += "\\u003D"
            case "\n": out += "\\u000A"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// Go's `fmt.Sprint`: a space between operands of which neither is a text.
    static func print(_ values: [TemplateValue]) -> String {
        var out = ""
        for (i, value) in values.enumerated() {
            if i > 0 {
                var isText = false
                if case .string = value { isText = true }
                if case .string = values[i - 1] { isText = true }
                if !isText { out += " " }
            }
            out += value.text
        }
        return out
    }

    // MARK: Patterns

    private static func compile(_ pattern: String) throws(TemplateCallError) -> Regex {
        do {
            return try Regex(pattern, dotMatchesNewline: false)
        } catch {
            throw TemplateCallError(LogQLChecker.regexText(error))
        }
    }

    static func count(_ pattern: String, _ text: String) throws(TemplateCallError) -> Int64 {
        let regex = try compile(pattern)
        let bytes = Array(text.utf8)
        var position = 0
        var count: Int64 = 0
        while position <= bytes.count, let match = regex.firstMatch(in: bytes.span, from: position)?[0] {
            count += 1
            position = match.isEmpty ? match.upperBound + 1 : match.upperBound
        }
        return count
    }

    static func replaceAll(_ pattern: String, _ text: String, _ replacement: String, literal: Bool) throws(TemplateCallError) -> String {
        let regex = try compile(pattern)
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        var position = 0
        while position <= bytes.count, let groups = regex.firstMatch(in: bytes.span, from: position), let match = groups[0] {
            out += bytes[position..<match.lowerBound]
            out += literal ? Array(replacement.utf8) : GoExpansion.expand(replacement, groups, regex.groupNames, in: bytes)
            if out.count > LogQLLimits.maxTemplateOutput { throw TemplateCallError("result is too long") }
            if match.isEmpty {
                if match.upperBound < bytes.count { out.append(bytes[match.upperBound]) }
                position = match.upperBound + 1
            } else {
                position = match.upperBound
            }
        }
        if position < bytes.count { out += bytes[position...] }
        return String(decoding: out, as: UTF8.self)
    }

    // MARK: JSON

    static func json(_ text: String) throws(TemplateCallError) -> TemplateValue {
        let bytes = Array(text.utf8)
        var position = 0
        do {
            return try json(bytes.span, &position, 0)
        } catch {
            throw TemplateCallError("invalid JSON: \(error.text)")
        }
    }

    private static func json(_ line: Span<UInt8>, _ position: inout Int, _ depth: Int) throws(JSONScan.Fault) -> TemplateValue {
        JSONScan.skipSpace(line, &position)
        guard position < line.count, depth < LogQLLimits.maxJSONDepth else { throw .unknownValue }
        if line[position] == UInt8(ascii: "{") {
            var map: [String: TemplateValue] = [:]
            _ = try JSONScan.members(line, &position) { (key, escaped, at) throws(JSONScan.Fault) in
                let name = JSONScan.text(line, escaped ? .escapedString : .string, key)
                map[name] = try json(line, &at, depth + 1)
                return true
            }
            return .map(map)
        }
        if line[position] == UInt8(ascii: "[") {
            var list: [TemplateValue] = []
            position += 1
            JSONScan.skipSpace(line, &position)
            if position < line.count, line[position] == UInt8(ascii: "]") {
                position += 1
                return .list([])
            }
            while true {
                list.append(try json(line, &position, depth + 1))
                JSONScan.skipSpace(line, &position)
                guard position < line.count else { throw .array }
                let byte = line[position]
                position += 1
                if byte == UInt8(ascii: "]") { return .list(list) }
                if byte != UInt8(ascii: ",") { throw .array }
            }
        }
        let value = try JSONScan.value(line, &position)
        let text = JSONScan.text(line, value.kind, value.range)
        switch value.kind {
        case .number: return .float(LogQLUnits.goFloat(text) ?? 0)
        case .bool: return .bool(text == "true")
        case .null: return .none
        default: return .string(text)
        }
    }
}

/// `$1`, `${name}` in replacements, as Go's regexp expands them.
enum GoExpansion {
    static func expand(_ template: String, _ groups: [Range<Int>?], _ names: [String?], in text: [UInt8]) -> [UInt8] {
        let bytes = Array(template.utf8)
        var out: [UInt8] = []
        var i = 0
        while i < bytes.count {
            guard bytes[i] == UInt8(ascii: "$"), i + 1 < bytes.count else {
                out.append(bytes[i])
                i += 1
                continue
            }
            if bytes[i + 1] == UInt8(ascii: "$") {
                out.append(bytes[i])
                i += 2
                continue
            }
            let braced = bytes[i + 1] == UInt8(ascii: "{")
            var end = i + (braced ? 2 : 1)
            let start = end
            while end < bytes.count, LineScan.isWord(bytes[end]) { end += 1 }
            if end == start || braced && (end == bytes.count || bytes[end] != UInt8(ascii: "}")) {
                out.append(bytes[i])
                i += 1
                continue
            }
            let name = String(decoding: bytes[start..<end], as: UTF8.self)
            let index = Int(name) ?? names.firstIndex { $0 == name } ?? -1
            if index >= 0, index < groups.count, let range = groups[index] { out += text[range] }
            i = braced ? end + 1 : end
        }
        return out
    }
}
