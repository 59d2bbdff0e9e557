import Foundation
import VardeCollect
import VardeEgress

/// What a kubeconfig file says of the cluster of its current context and how its user asks it.
struct Kubeconfig {
    var server: String
    var access = EndpointAccess()

    /// Reads the file a value names; what is wrong in it is told by its place there.
    init(named value: YAMLValue) throws(ConfigurationError) {
        let path = try value.filePath()
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { throw value.error("\(path) cannot be read") }
        try self.init(parsing: text, file: path)
    }

    init(parsing text: String, file: String) throws(ConfigurationError) {
        let root = try YAMLValue(document: text, file: file).mapping()
        let current = try root.required("current-context")
        let context = try Self.find("context", try current.nonEmptyString(), root)
        let clusterName = try context.required("cluster")
        let cluster = try Self.find("cluster", try clusterName.nonEmptyString(), root)
        let address = try cluster.required("server")
        _ = try address.httpURL()
        server = try KubernetesDiscovery.server(address)
        var tls = TLSFileOptions()
        (tls.fixed.authorities, tls.authoritiesFile) = try Self.pem("certificate-authority", cluster)
        if let v = cluster["insecure-skip-tls-verify"] { tls.fixed.skipsVerification = try v.bool() }
        if let v = cluster["tls-server-name"] { tls.fixed.serverName = try v.string() }
        if let v = cluster["proxy-url"] {
            let text = try v.string()
            guard let proxy = EgressProxy.Server(text) else { throw v.error("not the address of an HTTP proxy (http://host:port)") }
            access.proxy = EgressProxy(http: proxy, https: proxy, exceptions: "")
        }
        if let name = context["user"] { try readUser(try Self.find("user", try name.nonEmptyString(), root), &tls) }
        access.tls = tls
    }

    private mutating func readUser(_ user: YAMLMapping, _ tls: inout TLSFileOptions) throws(ConfigurationError) {
        (tls.fixed.certificate, tls.certificateFile) = try Self.pem("client-certificate", user)
        (tls.fixed.key, tls.keyFile) = try Self.pem("client-key", user)
        if let v = user["tokenFile"] {
            access.credentials = .scheme("Bearer", credentials: .file(try v.filePath()))
        } else if let v = user["token"] {
            access.credentials = .scheme("Bearer", credentials: .text(try v.string()))
        } else if let v = user["username"] {
            access.credentials = .basic(user: .text(try v.string()), password: .text(try user["password"]?.string() ?? ""))
        }
        try user.refuse([
            ("exec", "programs that fetch credentials are not run by this version: give token, tokenFile or a client certificate"),
            ("auth-provider", "providers of credentials are not asked by this version: give token, tokenFile or a client certificate"),
        ])
    }

    /// What stands under a name in the list of its kind.
    private static func find(_ kind: String, _ name: String, _ root: YAMLMapping) throws(ConfigurationError) -> YAMLMapping {
        for item in try root.required(kind + "s").list() {
            let entry = try item.mapping()
            if try entry["name"]?.string() == name { return try entry.required(kind).mapping() }
        }
        throw root.error("there is no \(kind) “\(name)”")
    }

    /// A PEM text, written in Base64 under `…-data`, or the file that has it.
    private static func pem(_ key: String, _ keys: YAMLMapping) throws(ConfigurationError) -> (text: String, file: String) {
        guard let data = keys[key + "-data"] else { return ("", try keys[key]?.filePath() ?? "") }
        guard let bytes = Data(base64Encoded: try data.string(), options: .ignoreUnknownCharacters) else {
            throw data.error("is not Base64")
        }
        return (String(decoding: bytes, as: UTF8.self), "")
    }
}
