import Testing
import VardeModel

@testable import VardeEgress

@Suite struct NetworkTests {
    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("0.0.0.0/0", "8.8.8.8", true), ("0.0.0.0/0", "::1", false),
        ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.8", false), ("192.0.2.128/25", "192.0.2.127", false),
        ("127.0.0.0/8", "::ffff:127.0.0.1", true), ("127.0.0.0/8", "::ffff:8.8.8.8", false), ("fe80::/10", "fe80::1%eth0", true),
        ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::1", false), ("::/0", "2001:db9::1", true),
        ("10.0.0.0/8", "no address", false),
    ])
    func `A network contains what its prefix says`(network: String, address: String, isInside: Bool) throws {
        #expect(try #require(Network(network)).contains(address) == isInside)
    }

    @Test(arguments: ["169.254.169.254", "::ffff:169.254.169.254", "100.100.100.200", "fd00:ec2::254"])
    func `Where clouds hand out credentials is not local unless it is declared`(address: String) throws {
        #expect(DeclaredNetworks([]).verdict(on: address, at: 0) == .undeclared)
        #expect(DeclaredNetworks([]).verdict(on: "169.254.169.253", at: 0) != .undeclared)
        let declared = DeclaredNetwork(try #require(Network("169.254.0.0/16")))
        let isInside = declared.network.contains(address)
        #expect(DeclaredNetworks([declared]).verdict(on: address, at: 0) == (isInside ? .declared(declared) : .undeclared))
    }

    @Test(arguments: ["", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0/8", "example.no", "::1/64", "::/129"])
    func `What is no network is refused`(text: String) {
        #expect(Network(text) == nil)
    }
}

@Suite struct CircuitBreakerTests {
    /// Asking changes an open breaker, which a macro's closure cannot.
    private func allows(_ breaker: inout CircuitBreaker, _ now: Int64) -> Bool { breaker.allows(at: now) }

    @Test func `It opens after failures in a row, probes once a pause, and closes with a success`() {
        var breaker = CircuitBreaker()
        for _ in 1..<CircuitBreaker.threshold {
            breaker.failed(at: 0, jitter: 0)
            #expect(breaker.state == .closed)
        }
        breaker.succeeded()
        for _ in 0..<CircuitBreaker.threshold { breaker.failed(at: 0, jitter: 0) }
        #expect(breaker.state == .open)
        #expect(!allows(&breaker, CircuitBreaker.firstPause - 1))
        #expect(allows(&breaker, CircuitBreaker.firstPause))
        #expect(breaker.state == .halfOpen)
        #expect(!allows(&breaker, CircuitBreaker.firstPause), "one probe at a time")
        breaker.failed(at: CircuitBreaker.firstPause, jitter: 0)
        #expect(!allows(&breaker, CircuitBreaker.firstPause * 3 - 1), "the pause has doubled")
        #expect(allows(&breaker, CircuitBreaker.firstPause * 3))
        breaker.succeeded()
        #expect(breaker.state == .closed && allows(&breaker, 0))
    }

    @Test func `Pauses grow to the last one and no further, spread by the jitter`() {
        var breaker = CircuitBreaker(longestPause: 20_000)
        for _ in 0..<CircuitBreaker.threshold { breaker.failed(at: 0, jitter: 1) }
        var now: Int64 = 0
        for pause in [5_000, 10_000, 20_000, 20_000, 20_000] as [Int64] {
            let spread = pause + pause / 5
            #expect(!allows(&breaker, now + spread - 1))
            now += spread
            #expect(allows(&breaker, now))
            breaker.failed(at: now, jitter: 1)
        }
    }
}
