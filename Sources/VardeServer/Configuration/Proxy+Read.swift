import Foundation
import VardeEgress

extension EgressProxy {
    /// Keys of a client's options that are about proxies, as Prometheus takes them; nil where none is used.
    ///
    /// - Parameter environment: where `proxy_from_environment` looks.
    static func read(
        _ keys: YAMLMapping, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(ConfigurationError) -> EgressProxy? {
        let address = try keys["proxy_url"].map { v throws(ConfigurationError) in (value: v, text: try v.url().text) }
        let fromEnvironment = try keys["proxy_from_environment"]?.bool() ?? false
        let exceptions = try keys["no_proxy"]?.string() ?? ""
        let isConfigured = !(address?.text ?? "").isEmpty
        if fromEnvironment, let address, isConfigured {
            throw address.value.error("if proxy_from_environment is configured, proxy_url must not be configured")
        }
        if !exceptions.isEmpty, let value = keys["no_proxy"] {
            if fromEnvironment { throw value.error("if proxy_from_environment is configured, no_proxy must not be configured") }
            if !isConfigured { throw value.error("if no_proxy is configured, proxy_url must also be configured") }
        }
        var headers: [Header] = []
        if let value = keys["proxy_connect_header"] {
            let lists = try value.mapping().all()
            for (name, list) in lists { headers += try list.strings().map { Header(name, $0) } }
            if !lists.isEmpty, !isConfigured, !fromEnvironment {
                throw value.error("if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured")
            }
        }
        var proxy: EgressProxy
        if fromEnvironment {
            func server(_ name: String) -> Server? { (environment[name] ?? environment[name.lowercased()]).flatMap { Server($0) } }
            let spared = environment["NO_PROXY"] ?? environment["no_proxy"] ?? ""
            proxy = EgressProxy(http: server("HTTP_PROXY"), https: server("HTTPS_PROXY"), exceptions: spared, sparesLoopback: true)
        } else if let address, isConfigured {
            guard let server = Server(address.text) else {
                throw address.value.error("not the address of an HTTP proxy (http://host:port); others are not used by this version")
            }
            proxy = EgressProxy(http: server, https: server, exceptions: exceptions)
        } else {
            return nil
        }
        proxy.connectHeaders = headers
        return proxy
    }
}
