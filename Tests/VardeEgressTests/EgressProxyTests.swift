import Testing

@testable import VardeEgress

/// Which addresses go through a proxy.
@Suite struct EgressProxyTests {
    @Test(arguments: [
        ("", "http://127.0.0.1/", true), ("x", "http://127.0.0.1/", false), ("x", "http://localhost:80/", false),
        ("x", "http://[::1]/", false), ("*", "http://a/", false), ("a.no", "http://a.no/", false), ("a.no", "http://b.A.no/", false),
        ("a.no", "http://ba.no/", true), (".a.no", "http://a.no/", true), (".a.no", "http://b.a.no/", false),
        ("*.a.no", "http://b.a.no/", false), ("a.no:81", "http://a.no/", true), ("a.no:80", "http://a.no/", false),
        ("10.0.0.0/8", "http://10.1.2.3/", false), ("10.0.0.0/8", "http://11.1.2.3/", true), ("10.0.0.1", "http://10.0.0.1:9/", false),
        ("10.0.0.1:8", "http://10.0.0.1:9/", true), (" b , a.no", "http://a.no/", false), ("fd00::/8", "http://[fd00::1]/", false),
    ])
    func `Exceptions are those of NO_PROXY`(_ exceptions: String, _ url: String, _ isProxied: Bool) throws {
        let proxy = EgressProxy(http: EgressProxy.Server("p:3128"), https: nil, exceptions: exceptions)
        #expect((proxy.server(for: try #require(TargetURL(url))) != nil) == isProxied)
        #expect(proxy.server(for: try #require(TargetURL(url.replacing("http:", with: "https:")))) == nil)
    }

    @Test func `A proxy's address has host, port and perhaps a password`() {
        let server = EgressProxy.Server("http://u%3A:p@[fd00::1]:3128/")
        #expect(server?.host == "fd00::1")
        #expect(server?.port == 3128)
        #expect(server?.authorization == "Basic dTo6cA==")
        #expect(EgressProxy.Server("p")?.port == 80)
        for bad in ["socks5://p:1", "https://p", "http://", "http://p:0", ""] { #expect(EgressProxy.Server(bad) == nil) }
    }
}
