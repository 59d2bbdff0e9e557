import Yams

/// Configuration text fit to be shown: read as YAML and written again, with the values of secrets replaced, as Prometheus does it.
enum SecretText {
    private static let keys: Set<String> = [
        "password", "credentials", "bearer_token", "secret", "secrets", "hash", "client_secret", "key", "token", "api_key", "secret_key",
        "access_key", "private_key", "passphrase",
    ]
    /// Names of headers whose values are secrets, in lower case.
    private static let headers: Set<String> = ["authorization", "proxy-authorization", "x-api-key", "api-key", "cookie", "x-auth-token"]
    private static let mask = "<secret>"

    /// The text without its secrets; empty where it is no YAML.
    static func masked(_ text: String) -> String {
        guard let node = try? Yams.compose(yaml: text) else { return "" }
        return (try? Yams.serialize(node: masked(node, under: ""), allowUnicode: true)) ?? ""
    }

    private static func masked(_ node: Node, under key: String) -> Node {
        let isSecret = keys.contains(key) || headers.contains(key.lowercased())
        switch node {
        case .scalar(let scalar):
            if isSecret, !scalar.string.isEmpty { return Node(mask) }
            let bare = withoutPassword(scalar.string)
            return bare == scalar.string ? node : Node(bare)
        case .mapping(let mapping):
            let pairs = mapping.map { pair in (pair.key, masked(pair.value, under: isSecret ? key : pair.key.scalar?.string ?? "")) }
            return Node(pairs, mapping.tag, mapping.style)
        case .sequence(let sequence):
            return Node(sequence.map { masked($0, under: key) }, sequence.tag, sequence.style)
        default: return node
        }
    }

    /// An address with the password before its host replaced.
    private static func withoutPassword(_ text: String) -> String {
        guard let scheme = text.firstRange(of: "://") else { return text }
        let authority = text[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") else { return text }
        return text[..<text.index(after: colon)] + mask + text[at...]
    }
}
