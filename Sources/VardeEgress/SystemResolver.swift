import VardeKernels

/// What this machine would ask to resolve a name: a name server at an undeclared address is itself somebody who learns the name.
enum SystemResolver {
    /// Longest of the two files that is read, in bytes.
    private static let maxSize = 1 << 20

    /// Name servers the system asks; none where it has no configuration, which means one on this machine.
    static func nameServers() -> [String] { ResolverConfiguration(parsing: read("/etc/resolv.conf")).nameServers }

    /// Whether a name is resolved without asking anybody.
    static func isLocal(_ host: String) -> Bool {
        let name = host.lowercased()
        return name == "localhost" || name.hasSuffix(".localhost") || names(in: read("/etc/hosts")).contains(name)
    }

    /// All names in a table of hosts, in lower case.
    static func names(in text: String) -> Set<String> {
        var names: Set<String> = []
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
            names.formUnion(words.dropFirst().map { $0.lowercased() })
        }
        return names
    }

    private static func read(_ path: String) -> String {
        guard let file = try? InputFile(path) else { return "" }
        var bytes: [UInt8] = []
        _ = try? file.read(at: 0, count: maxSize, into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
