import Testing

@testable import VardeServer

@Suite struct LogRateLimitsTests {
    @Test func `a burst is taken, more waits, and the bucket fills again`() {
        let limits = LogRateLimits()
        #expect(limits.take(150, rate: 100, burst: 200, now: 0) == nil)
        #expect(limits.take(150, rate: 100, burst: 200, now: 0) == 1)
        #expect(limits.take(200, rate: 100, burst: 200, now: 0) == 2)
        #expect(limits.take(150, rate: 100, burst: 200, now: 1_000) == nil)
        // It never holds more than the burst.
        #expect(limits.take(201, rate: 100, burst: 200, now: 1_000_000) != nil)
        #expect(limits.take(200, rate: 100, burst: 200, now: 1_000_000) == nil)
    }

    @Test func `no rate is no limit, and streams do not take from each other`() {
        let limits = LogRateLimits()
        #expect(limits.take(1 << 40, rate: 0, burst: 0, now: 0) == nil)
        #expect(limits.take(10, stream: 1, rate: 10, burst: 10, now: 0) == nil)
        #expect(limits.take(10, stream: 1, rate: 10, burst: 10, now: 0) != nil)
        #expect(limits.take(10, stream: 2, rate: 10, burst: 10, now: 0) == nil)
        // A clock that goes back gives nothing.
        #expect(limits.take(10, stream: 2, rate: 10, burst: 10, now: -5_000) != nil)
    }
}
