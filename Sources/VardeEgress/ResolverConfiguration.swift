/// What `/etc/resolv.conf` says: whom to ask for names, and which names to ask for where one is short (resolv.conf(5)).
package struct ResolverConfiguration: Sendable, Equatable {
    /// Three at most, as the system takes them; zones of addresses left out.
    package private(set) var nameServers: [String] = []
    /// Domains that are tried behind a name.
    package private(set) var search: [String] = []
    /// Dots from which a name is asked for as it stands first.
    package private(set) var dots = 1

    private static let mostServers = 3
    /// Domains and dots the system takes at most.
    private static let mostDomains = 6
    private static let mostDots = 15

    package init(parsing text: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard let key = words.first, words.count >= 2 else { continue }
            switch key {
            case "nameserver": nameServers.append(String(words[1].prefix { $0 != "%" }))
            case "domain": search = [String(words[1])]
            case "search": search = words.dropFirst().prefix(Self.mostDomains).map(String.init)
            case "options":
                for word in words.dropFirst() where word.hasPrefix("ndots:") {
                    dots = min(Int(word.dropFirst(6)).map { max(0, $0) } ?? dots, Self.mostDots)
                }
            default: break
            }
        }
        nameServers = Array(nameServers.prefix(Self.mostServers))
    }

    /// The full names a name may stand for, in the order they are asked for.
    package func names(for name: String) -> [String] {
        if name.hasSuffix(".") { return [name] }
        let searched = search.filter { $0 != "." }.map { name + "." + $0 }
        return name.utf8.count { $0 == UInt8(ascii: ".") } >= dots ? [name] + searched : searched + [name]
    }
}
