import Foundation

/// Configuration text fit to be shown: values of keys that hold secrets are replaced.
enum SecretText {
    private static let keys = ["password", "credentials", "bearer_token", "secret", "hash", "client_secret", "key"]

    static func masked(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            guard let colon = line.firstIndex(of: ":") else { return String(line) }
            let name = line[..<colon].drop { $0 == " " || $0 == "-" || $0 == "{" }.trimmingCharacters(in: .whitespaces)
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            guard keys.contains(name), !value.isEmpty else { return String(line) }
            return "\(line[...colon]) <secret>"
        }.joined(separator: "\n")
    }
}
