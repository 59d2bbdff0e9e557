import VardeModel

/// The parts of an address, by the rules of Go's net/url, against which Prometheus holds its configuration.
struct URLText {
    /// Why a text is no address.
    struct Fault: Error {
        let reason: String
    }

    /// In small letters, empty where there is none.
    let scheme: String
    /// With the port, empty where there is none.
    let host: String

    init(_ text: String) throws(Fault) {
        if let byte = text.utf8.first(where: { $0 < 0x20 || $0 == 0x7f }) {
            throw Fault(reason: "control character 0x\(String(byte, radix: 16)) in an address")
        }
        let cut = text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        if cut.count > 1 { try Self.checkEscapes(cut[1], of: "fragment") }
        var rest: Substring
        (scheme, rest) = try Self.scheme(cut.first ?? "")
        rest = rest.prefix { $0 != "?" }
        guard rest.hasPrefix("/") else {
            // `mailto:a`, or a path without a slash before it.
            if scheme.isEmpty, rest.prefix(while: { $0 != "/" }).contains(":") {
                throw Fault(reason: "the first segment of a path cannot contain a colon")
            }
            host = ""
            if scheme.isEmpty { try Self.checkEscapes(rest, of: "path") }
            return
        }
        guard rest.hasPrefix("//"), !scheme.isEmpty || !rest.hasPrefix("///") else {
            host = ""
            try Self.checkEscapes(rest, of: "path")
            return
        }
        let authority = rest.dropFirst(2).prefix { $0 != "/" }
        try Self.checkEscapes(rest.dropFirst(2 + authority.count), of: "path")
        let at = authority.lastIndex(of: "@")
        if let at {
            let user = authority[..<at]
            guard user.utf8.allSatisfy({ Self.isPlain($0) || "-._:~!$&'()*+,;=%@".utf8.contains($0) }) else {
                throw Fault(reason: "the user information is not valid")
            }
            try Self.checkEscapes(user, of: "user information")
        }
        host = String(at.map { authority[authority.index(after: $0)...] } ?? authority)
        try Self.checkHost(host, of: scheme)
    }

    /// The scheme and what follows its colon.
    private static func scheme(_ text: Substring) throws(Fault) -> (String, Substring) {
        let isOfScheme: (UInt8) -> Bool = { isPlain($0) || "+-.".utf8.contains($0) }
        guard let end = text.utf8.firstIndex(where: { !isOfScheme($0) }), text[end] == ":" else { return ("", text) }
        if end == text.startIndex { throw Fault(reason: "the scheme is missing before the colon") }
        guard let first = text.utf8.first, first >= UInt8(ascii: "A") else { return ("", text) }
        return (text[..<end].lowercased(), text[text.index(after: end)...])
    }

    private static func checkHost(_ host: String, of scheme: String) throws(Fault) {
        var port: Substring = ""
        if host.hasPrefix("[") {
            guard let close = host.lastIndex(of: "]") else { throw Fault(reason: "“]” is missing in the host") }
            let address = host[..<close].dropFirst().prefix { $0 != "%" }
            guard IPAddress(address.utf8Span.span)?.isV4 == false else {
                throw Fault(reason: "“\(address)” is not an IPv6 address")
            }
            port = host[host.index(after: close)...]
        } else if let colon = host.lastIndex(of: ":") {
            port = host[colon...]
            if scheme == "http" || scheme == "https", host[..<colon].contains(":") {
                throw Fault(reason: "an IPv6 address as a host goes in brackets")
            }
        }
        guard port.isEmpty || port.hasPrefix(":"), port.dropFirst().allSatisfy({ $0.isASCII && $0.isNumber }) else {
            throw Fault(reason: "“\(port)” behind the host is not a port")
        }
        if host.dropFirst().contains("[") { throw Fault(reason: "“[” in a host name") }
        if let byte = host.utf8.first(where: { $0 < 0x80 && !isPlain($0) && !"-_.~!$&'()*+,;=:[]<>\"%".utf8.contains($0) }) {
            throw Fault(reason: "“\(Character(Unicode.Scalar(byte)))” in a host name")
        }
        try checkEscapes(host[...], of: "host name", isHost: true)
    }

    /// Holds `%` against the two hexadecimal digits that follow it. In a host name only what is not ASCII is written so.
    private static func checkEscapes(_ text: Substring, of what: String, isHost: Bool = false) throws(Fault) {
        let bytes = Array(text.utf8)
        for (at, byte) in bytes.enumerated() where byte == UInt8(ascii: "%") {
            let digits = bytes[(at + 1)...].prefix(2)
            let value = digits.count == 2 ? UInt8(String(decoding: digits, as: UTF8.self), radix: 16) : nil
            guard let value, !isHost || value >= 0x80 || value == UInt8(ascii: "%"), digits.first != UInt8(ascii: "+") else {
                throw Fault(reason: "“%\(String(decoding: digits, as: UTF8.self))” in a \(what) is no escape")
            }
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }
}
