import Crypto

/// A configuration's text as a digest: which one was in force can be told without keeping it.
enum ConfigurationDigest {
    /// SHA-256, 64 hexadecimal digits.
    static func text(_ text: String) -> String {
        SHA256.hash(data: Array(text.utf8)).map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
    }
}
