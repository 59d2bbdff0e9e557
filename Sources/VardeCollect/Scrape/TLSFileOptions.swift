import VardeDisk
package import VardeEgress

/// `tls_config`: certificates and keys as text or in files, which are read at each connection so that they can be renewed.
package struct TLSFileOptions: Sendable, Hashable {
    package var fixed = EgressTLS()
    package var authoritiesFile = ""
    package var certificateFile = ""
    package var keyFile = ""

    package init() {}

    func resolved() throws(ScrapeFault) -> EgressTLS {
        var tls = fixed
        func text(_ path: String) throws(ScrapeFault) -> String {
            do { return String(decoding: try PosixFileSystem().read(path), as: UTF8.self) } catch {
                throw ScrapeFault(kind: .connection, description: "\(path), named in tls_config, cannot be read")
            }
        }
        if !authoritiesFile.isEmpty { tls.authorities = try text(authoritiesFile) }
        if !certificateFile.isEmpty { tls.certificate = try text(certificateFile) }
        if !keyFile.isEmpty { tls.key = try text(keyFile) }
        return tls
    }
}
