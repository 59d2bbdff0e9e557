import VardeDisk
import VardeModel

extension ScrapeConfig.Credentials {
    /// The Authorization header's value.
    func header() throws -> String {
        switch self {
        case .basic(let user, let password): return "Basic " + Base64.text(Array("\(user):\(password)".utf8))
        case .basicFile(let user, let file): return "Basic " + Base64.text(Array("\(user):\(try Self.secret(in: file))".utf8))
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
