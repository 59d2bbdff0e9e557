import Crypto

/// A token's secret: made once, shown once, kept nowhere.
package enum TokenSecret {
    /// Every secret begins so, for secret scanners and for people.
    package static let prefix = "varde_"

    /// A new secret of 256 random bits, in hexadecimal behind the prefix.
    package static func generate() -> String {
        var generator = SystemRandomNumberGenerator()
        var text = prefix
        for _ in 0..<4 { text += hex(generator.next() as UInt64) }
        return text
    }

    /// What the configuration file keeps of a secret: `sha256:` and the digest in hexadecimal.
    package static func stored(_ secret: String) -> String {
        "sha256:" + hash(secret).map { hex($0) }.joined()
    }

    /// SHA-256 of the secret's UTF-8 bytes.
    package static func hash(_ secret: String) -> [UInt8] {
        Array(SHA256.hash(data: Array(secret.utf8)))
    }

    /// The digest in a stored form, nil where the text is not one.
    package static func parse(_ stored: String) -> [UInt8]? {
        guard stored.hasPrefix("sha256:") else { return nil }
        let digits = Array(stored.utf8.dropFirst(7))
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        for i in stride(from: 0, to: 64, by: 2) {
            guard let byte = UInt8(String(decoding: digits[i..<i + 2], as: UTF8.self), radix: 16) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    /// Compares two digests in time independent of where they differ.
    package static func equal(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        guard a.count == b.count else { return false }
        var difference: UInt8 = 0
        for i in a.indices { difference |= a[i] ^ b[i] }
        return difference == 0
    }

    private static func hex<T: FixedWidthInteger & UnsignedInteger>(_ value: T) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: T.bitWidth / 4 - digits.count) + digits
    }
}
