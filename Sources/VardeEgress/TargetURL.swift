/// The parts of an http or https address that matter for connecting.
struct TargetURL {
    var scheme: String
    var host: String
    var port: Int
    /// Path and query, at least `/`.
    var path: String
    var authority: String

    init?(_ text: String) {
        guard let colon = text.range(of: "://") else { return nil }
        scheme = text[..<colon.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else { return nil }
        var rest = text[colon.upperBound...]
        if let hash = rest.firstIndex(of: "#") { rest = rest[..<hash] }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        var authority = rest[..<end]
        if let at = authority.lastIndex(of: "@") { authority = authority[authority.index(after: at)...] }
        let tail = rest[end...]
        path = tail.isEmpty ? "/" : tail.hasPrefix("?") ? "/" + tail : String(tail)
        self.authority = String(authority)
        let standard = scheme == "https" ? 443 : 80
        if authority.hasPrefix("[") {
            guard let close = authority.firstIndex(of: "]") else { return nil }
            host = String(authority[authority.index(after: authority.startIndex)..<close])
            let port = authority[authority.index(after: close)...]
            guard port.isEmpty || port.hasPrefix(":"), let number = port.isEmpty ? standard : Int(port.dropFirst()) else { return nil }
            self.port = number
        } else {
            let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count <= 2, let number = parts.count == 2 ? Int(parts[1]) : standard else { return nil }
            host = String(parts.first ?? "")
            port = number
        }
        guard !host.isEmpty, (1...65_535).contains(port) else { return nil }
    }
}

extension String {
    /// Range of the first occurrence of a text.
    fileprivate func range(of text: String) -> Range<String.Index>? { firstRange(of: text) }
}
