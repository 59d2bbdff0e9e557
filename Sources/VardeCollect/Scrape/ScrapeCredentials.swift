import VardeDisk

extension ScrapeConfig.Credentials {
    /// The Authorization header's value.
    func header() throws -> String {
        switch self {
        case .basic(let user, let password): return "Basic " + Base64.encode(Array("\(user):\(password)".utf8))
        case .basicFile(let user, let file): return "Basic " + Base64.encode(Array("\(user):\(try Self.secret(in: file))".utf8))
        case .scheme(let scheme, let credentials): return "\(scheme) \(credentials)"
        case .schemeFile(let scheme, let file): return "\(scheme) \(try Self.secret(in: file))"
        }
    }

    static func secret(in path: String) throws -> String {
        var text = String(decoding: try PosixFileSystem().read(path), as: UTF8.self)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}

/// Base64 (RFC 4648), with padding.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = (0..<3).map { start + $0 < bytes.count ? bytes[start + $0] : 0 }
            let word = Int(group[0]) << 16 | Int(group[1]) << 8 | Int(group[2])
            for (position, shift) in [18, 12, 6, 0].enumerated() {
                out.append(start + position - 1 < bytes.count || position < 2 ? alphabet[word >> shift & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
