/// Names whose values are secrets.
package enum SecretNames {
    private static let words = Vocabulary().words

    /// Whether a name such as `api_key` is of a secret, by the word it ends in.
    package static func contains(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        guard let hit = words.longestSuffix(bytes.span, end: bytes.count, inside: { _ in false }) else { return false }
        let meaning = words.entries[hit.index].meaning
        return hit.isPart && (meaning == .secret || meaning == .weakSecret)
    }
}
