import VardeDisk
import VardeModel

/// A text of the configuration, or the file that holds it, which is read at each use so that it can be renewed.
package enum ConfiguredText: Sendable, Hashable, ExpressibleByStringLiteral {
    case text(String)
    case file(String)

    package init(stringLiteral text: String) { self = .text(text) }

    /// The text; of a file without the blanks around it.
    func resolved() throws(ScrapeFault) -> String {
        switch self {
        case .text(let text): return text
        case .file(let path):
            let bytes: [UInt8]
            do { bytes = try PosixFileSystem().read(path) } catch {
                throw ScrapeFault(kind: .connection, description: "\(path), named in the configuration, cannot be read")
            }
            let text = String(decoding: bytes, as: UTF8.self)
            return String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        }
    }
}

/// What goes into the Authorization header: `basic_auth`, `authorization` and their older forms.
package enum EndpointCredentials: Sendable, Hashable {
    case basic(user: ConfiguredText, password: ConfiguredText)
    case scheme(String, credentials: ConfiguredText)

    /// The header's value.
    func header() throws(ScrapeFault) -> String {
        switch self {
        case .basic(let user, let password):
            return "Basic " + Base64.text(Array("\(try user.resolved()):\(try password.resolved())".utf8))
        case .scheme(let scheme, let credentials): return "\(scheme) \(try credentials.resolved())"
        }
    }
}
