import VardePrivacy
import Yams

/// Configuration text fit to be shown: read as YAML and written again, with the values of secrets replaced, as Prometheus does it.
enum SecretText {
    private static let keys: Set<String> = [
        "password", "credentials", "bearer_token", "secret", "secrets", "hash", "client_secret", "key", "token", "api_key", "secret_key",
        "access_key", "private_key", "passphrase",
    ]
    /// Mappings all values of which are secrets.
    private static let mappings: Set<String> = ["headers", "proxy_connect_header"]
    private static let mask = "<secret>"

    /// The text without its secrets, each other value as `telling` has it; empty where it is no YAML.
    static func masked(_ text: String, telling: (String) -> String) -> String {
        guard let node = try? Yams.compose(yaml: text) else { return "" }
        return (try? Yams.serialize(node: masked(node, under: "", telling), allowUnicode: true)) ?? ""
    }

    private static func masked(_ node: Node, under key: String, _ telling: (String) -> String) -> Node {
        let isSecret = keys.contains(key) || mappings.contains(key) || SecretNames.contains(key)
        switch node {
        case .scalar(let scalar):
            if isSecret, !scalar.string.isEmpty { return Node(mask) }
            let bare = telling(address(scalar.string, showsParameters: false))
            return bare == scalar.string ? node : Node(bare)
        case .mapping(let mapping):
            let pairs = mapping.map { pair in (pair.key, masked(pair.value, under: isSecret ? key : pair.key.scalar?.string ?? "", telling))
            }
            return Node(pairs, mapping.tag, mapping.style)
        case .sequence(let sequence):
            return Node(sequence.map { masked($0, under: key, telling) }, sequence.tag, sequence.style)
        default: return node
        }
    }

    /// An address with the password before its host and the values of secret parameters, or of all, replaced; any other text as it is.
    static func address(_ text: String, showsParameters: Bool) -> String {
        guard let scheme = text.firstRange(of: "://") else { return text }
        let authority = text[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        var shown = String(text[..<authority.endIndex])
        if let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") {
            shown = text[...colon] + mask + text[at..<authority.endIndex]
        }
        let rest = text[authority.endIndex...]
        let path = rest.prefix { $0 != "?" }
        if path.endIndex == rest.endIndex { return shown + path }
        let pairs = rest[path.endIndex...].dropFirst().split(separator: "&", omittingEmptySubsequences: false).map { pair in
            let name = pair.prefix { $0 != "=" }
            let isShown = name.endIndex == pair.endIndex || showsParameters && !SecretNames.contains(String(name))
            return isShown ? String(pair) : name + "=" + mask
        }
        return shown + path + "?" + pairs.joined(separator: "&")
    }
}
