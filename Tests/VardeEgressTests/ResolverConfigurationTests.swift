import Testing

@testable import VardeEgress

@Suite struct ResolverConfigurationTests {
    @Test func `Name servers, domains and dots are read as the system reads them`() {
        let read = ResolverConfiguration(
            parsing: "# x\nnameserver 10.0.0.1\ndomain old\nsearch a.no b.no\nnameserver\t::1%eth0\noptions timeout:1 ndots:2\n")
        #expect(read.nameServers == ["10.0.0.1", "::1"])
        #expect(read.search == ["a.no", "b.no"] && read.dots == 2)
        #expect(ResolverConfiguration(parsing: "domain x.no\noptions ndots:99 ndots:y").search == ["x.no"])
        #expect(ResolverConfiguration(parsing: "options ndots:99").dots == 15)
    }

    @Test func `A short name is searched for first, a long one asked for as it stands first, one with its root only so`() {
        let read = ResolverConfiguration(parsing: "search a.no .\n")
        #expect(read.names(for: "web") == ["web.a.no", "web"])
        #expect(read.names(for: "web.x") == ["web.x", "web.x.a.no"])
        #expect(read.names(for: "web.") == ["web."])
    }
}
