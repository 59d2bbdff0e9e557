import Testing

@testable import VardeForward

@Suite struct ReshardingTests {
    /// Rounds against a receiver that takes `latency` seconds a request of 1,000 items, 100 bytes each; `inPerSecond` items come in.
    private static func run(_ resharding: inout Resharding, rounds: Int, latency: Double, inPerSecond: Double, backlog: inout Double) {
        var now = 1_000.0
        var logged = 0.0
        for _ in 0..<rounds {
            let window = min(backlog, Double(resharding.shards) * 10_000)
            let items = max(window, 1)
            let seconds = (items / 1_000 / Double(resharding.shards)).rounded(.up) * latency
            now += seconds
            logged += inPerSecond * seconds * 100
            backlog += inPerSecond * seconds - window
            resharding.note(
                .init(
                    items: Int(items), bytes: Int(items) * 100, seconds: seconds, shards: resharding.shards, loggedBytes: Int(logged),
                    bytesLeft: Int(backlog * 100), now: now))
        }
    }

    @Test func `a slow receiver with a backlog gets more shards, and the backlog goes`() {
        var resharding = Resharding(1...50)
        var backlog = 2_000_000.0
        Self.run(&resharding, rounds: 5, latency: 0.2, inPerSecond: 20_000, backlog: &backlog)
        #expect(resharding.shards > 4)
        Self.run(&resharding, rounds: 200, latency: 0.2, inPerSecond: 20_000, backlog: &backlog)
        #expect(backlog < 200_000)
    }

    @Test func `without a backlog it goes back to what comes in asks for`() {
        var resharding = Resharding(1...50)
        var backlog = 5_000_000.0
        Self.run(&resharding, rounds: 10, latency: 0.2, inPerSecond: 1_000, backlog: &backlog)
        #expect(resharding.shards > 10)
        Self.run(&resharding, rounds: 400, latency: 0.2, inPerSecond: 1_000, backlog: &backlog)
        #expect(resharding.shards <= 3)
    }

    @Test func `the range is kept`() {
        var resharding = Resharding(2...4)
        var backlog = 1e9
        #expect(resharding.shards == 2)
        Self.run(&resharding, rounds: 20, latency: 1, inPerSecond: 1e6, backlog: &backlog)
        #expect(resharding.shards == 4)
        #expect(resharding.desired > 4)
    }

    @Test(
        arguments: [
            ("120", 120_000), ("0", 0), ("-1", nil), ("soon", nil), ("Thu, 01 Jan 1970 00:00:30 GMT", 29_000),
            ("Thu, 01 Jan 1970 00:00:00 GMT", nil), ("Tue, 29 Feb 2028 23:59:59 GMT", 1_835_481_599_000 - 1_000),
        ] as [(String, Int64?)])
    func `Retry-After is seconds or a date`(_ text: String, _ expected: Int64?) {
        #expect(RetryAfter.milliseconds(text, now: 1_000) == expected)
    }

    @Test func `an address is shown without its user`() {
        #expect(ForwardTarget(name: "", url: "https://a:b@c:1/d@e").shownURL == "https://c:1/d@e")
        #expect(ForwardTarget(name: "", url: "http://c/d").shownURL == "http://c/d")
        #expect(ForwardTarget(name: "", url: "http://c/d?api_key=x&y=z%40#f").shownURL == "http://c/d?api_key=…&y=…")
    }
}
