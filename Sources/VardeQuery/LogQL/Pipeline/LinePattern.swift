internal import VardeKernels

/// `<name> literal <_>`: the pattern of `| pattern` and of `|>`.
struct LinePattern: Sendable {
    private enum Part: Sendable {
        case literal([UInt8])
        /// nil for `<_>`.
        case capture(String?)
    }

    private let parts: [Part]
    /// Names of the captures in their order.
    let names: [String]

    private init(_ text: String) throws(LogQLValueError) {
        let bytes = Array(text.utf8)
        var parts: [Part] = []
        var literal: [UInt8] = []
        var names: [String] = []
        var i = 0
        while i < bytes.count {
            if bytes[i] == UInt8(ascii: "<") {
                var end = i + 1
                while end < bytes.count, LineScan.isWord(bytes[end]) { end += 1 }
                if end < bytes.count, end > i + 1, bytes[end] == UInt8(ascii: ">"), !LogQLUnits.isDigit(bytes[i + 1]) {
                    let name = String(decoding: bytes[(i + 1)..<end], as: UTF8.self)
                    if !literal.isEmpty {
                        parts.append(.literal(literal))
                        literal = []
                    } else if case .capture? = parts.last {
                        throw LogQLValueError("found consecutive capture '<\(name)>': invalid pattern")
                    }
                    if name == "_" {
                        parts.append(.capture(nil))
                    } else {
                        if names.contains(name) { throw LogQLValueError("duplicate capture name (\(name)): invalid pattern") }
                        names.append(name)
                        parts.append(.capture(name))
                    }
                    i = end + 1
                    continue
                }
            }
            literal.append(bytes[i])
            i += 1
        }
        if !literal.isEmpty { parts.append(.literal(literal)) }
        self.parts = parts
        self.names = names
    }

    /// The pattern of a parser: it has at least one named capture.
    init(parser text: String) throws(LogQLValueError) {
        try self.init(text)
        if names.isEmpty { throw LogQLValueError("at least one capture is required") }
    }

    /// The pattern of a line filter: it has no named capture.
    init(filter text: String) throws(LogQLValueError) {
        try self.init(text)
        if !names.isEmpty { throw LogQLValueError("named captures are not allowed") }
    }

    /// Literals every matching line holds.
    var literals: [[UInt8]] {
        parts.compactMap { if case .literal(let bytes) = $0 { bytes } else { nil } }
    }

    /// Ranges of the named captures, none of them equal; a line that ends early fills the leading ones only.
    func captures(in line: Span<UInt8>, _ body: (Int, Range<Int>) -> Void) {
        if line.isEmpty { return }
        var position = 0
        var index = 0
        var name = 0
        if case .literal(let literal)? = parts.first {
            guard SubstringSearch.firstOffset(of: literal.span, in: line.extracting(0..<min(line.count, literal.count))) == 0 else {
                return
            }
            position = literal.count
            index = 1
        }
        while index < parts.count {
            guard case .capture(let own) = parts[index] else { return }
            var end = line.count
            var found = false
            var length = 0
            if index + 1 < parts.count, case .literal(let literal) = parts[index + 1] {
                if let at = SubstringSearch.firstOffset(of: literal.span, in: line, from: position) {
                    end = at
                    found = true
                    length = literal.count
                }
            }
            if own != nil {
                body(name, position..<end)
                name += 1
            }
            if !found { return }
            position = end + length
            index += 2
        }
    }

    /// Whether the whole line fits: each wildcard takes at least one byte.
    func matches(_ line: Span<UInt8>) -> Bool {
        if line.isEmpty || parts.isEmpty { return line.isEmpty && parts.isEmpty }
        var offset = 0
        var endsInCapture = false
        for (index, part) in parts.enumerated() {
            guard case .literal(let literal) = part else {
                endsInCapture = true
                continue
            }
            endsInCapture = false
            guard let at = SubstringSearch.firstOffset(of: literal.span, in: line, from: offset) else { return false }
            if (index == 0) != (at == offset) { return false }
            offset = at + literal.count
        }
        return endsInCapture == (offset != line.count)
    }
}

/// Byte classes of line scanners.
enum LineScan {
    @inline(__always)
    static func isWord(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || byte >= 48 && byte <= 57 || (byte | 32) >= 97 && (byte | 32) <= 122
    }

    /// A field's name as a label name: other characters become `_`, a leading digit gets one before it.
    static func labelName(_ raw: Span<UInt8>, leading: Bool = true) -> String {
        var isPlain = raw.count > 0 && !(leading && LogQLUnits.isDigit(raw[0]))
        for i in raw.indices where !isWord(raw[i]) { isPlain = false }
        return isPlain ? Bytes.string(raw) : labelName(Bytes.array(raw), leading: leading)
    }

    /// A field's name as a label name: other characters become `_`, a leading digit gets one before it.
    static func labelName(_ raw: some Collection<UInt8>, leading: Bool = true) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(raw.count + 1)
        for byte in raw {
            if byte & 0xC0 == 0x80 { continue }
            if out.isEmpty, leading, byte >= 48, byte <= 57 { out.append(UInt8(ascii: "_")) }
            out.append(isWord(byte) ? byte : UInt8(ascii: "_"))
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Text of a part of a line.
    @inline(__always)
    static func text(_ line: Span<UInt8>, _ range: Range<Int>) -> String {
        Bytes.string(line.extracting(range))
    }
}
