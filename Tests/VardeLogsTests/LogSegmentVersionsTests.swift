import Foundation
import Testing
import VardeDisk
import VardeModel

@testable import VardeLogs

/// Segments as Vardes before this one wrote them: whatever the store writes now, it reads these.
@Suite struct LogSegmentVersionsTests {
    /// Written by the first Varde that had a log store.
    private static let version1 = """
        VlJERgEAAgAArAIBgMCs8f3LqQYCAAIAAgDcAwIAAFBVVVVVVVVVVVVVVVVVVVVVVVVVVVVVqqqqqqqqqt4DAN4DACi1L/2gui8CAAwXACZlSBaQKRkDmNXH\
        SI9EY+sAhDYlJWUpMuN6RwBCAEIA93t6luPbrulZTl+3ZVc1fd2SHMXwNEty1LLP67hNyz6roiYpuqxSK0Rk/HZLblLDYQEhAQcJCQyHZIcAGCgUKCQAHAgE\
        BgJmyW1a9nkdt2nRZVXUJEWX1YjRIkWJHjlqxGiRihQvXLRgsUJFihcmSpAYISLECRMlSGxoZHx4dHBsaGT8fs/vev5L9sxZMxYrVKR44aIFixUqQpwwUYLE\
        CBEhTpjo4NjQyPjw6ODY0PPf7/ldz3+7pmc5vu2aXtX0dVt2VdPTLMlRDM8aGR8eHfyu57/f87se33ZNz3J82y27qunrtuwqhqdZkqMYnl7HbVr2eR03SdFl\
        VdQkRc+cNWO2TAmCJqgi0Lv/G7LPo3gSeAa+4P//R/gDtp3nrLPOOd8ZzjnnrHOddcbZzjrvbM4556yznemcc84650xnOe+s885yrnOcdd4Z55znrLOcdcb5\
        zjrvLGc552znnXHOOc52zllnnHfWeZ3lnHPOOi+bAc2i5k8zsDlq9jYDmuNm3uad5RznnHWuM851zlnnnHWG85113lnOOdeZzjvjnHPOds6ZzjjvbOed5Rzn\
        nHW+M84550znOuuM884678ycc85Z553pnLOcdc5ZZznvTOed5VznnHXeGc45z1nnnHXG2Z113lnOOedsZzvjnHPOds6ZzjjvrLNbX2XzC1xFs4mtotl/rKL5\
        gVXZbKKqbPZeqmj+AFU0m3gqmr1nKptrthnNN9vcZjW3uWabb6ZZzWu2uWabaX5zm29Wc801u7nNNNdcs5trtlnNN9v8ZjXXXDOb30xzzTXbXHM303yzzTdr\
        c5prtvlmmtdcs5trtpnNN9t8MzXXvGabb6a55m22uWabab5Zm2OpbDaSimZ/VDR/UdFshMrNPqhsfp+i2fQUzX6wUzg/Ttk8bBZtjjZHNUebo83R5ujmCLH8\
        HbDv1tIKvQMANAN4NzI3Mzc0NzU3NjgwODE4MjgzODQ4NTg2ODA4MTgyOTM5NDk1OTY5MDkxOTI5Mzk0OTUzUAEAwip2VrGzip1V7KxiZxU7q9hZxc4qdlax\
        s4qdVeysYmcVO6vYWcXOKnZWsbOKnVXsrGJnFTur2FnFziqmUAMBBQCAgNTDvc/5tDEABQIsDAAFB8hbAQABBwIAAQV0cmFjZQJ4MWbDuHJzdGVzZWNvbmQg\
        b2Ygb25lIHRpbWVwbGFpbgp3aXRoIGEgbGluZSBicmVha25lZWRsZSBrdml0dGVyaW5nN2YzYWzzkWFOpOfplaoKHZeuYyYarmyusshJ/ry0Ymal69CVzuNT\
        lexVRhsPTZVSyG1ePbxyaHGvkrX4ykOFrVBasUUdFldMfW5VNzJacamQFU1r0uHJQpqpza+Pzkw7bjXjIjxcqpDuT3P0/WHjninPobKOhqMqPdONPT6quHTc\
        M6cpEAAACAAAAQAAAAAAAAAAAAAAAAoAkAAAACAAAAAACAAAAAAAAAAABAAIAAAEABEAEAAcAkAAAAAAAEAGBABgAUEAAABAAAAAAARABAAAAAAQAABEAAAA\
        gAAAgAAgAgIAAAgAAABCAgAgkAAACAAAAACAAAAgAAAEAYAEAAAAAAFbAAAAKLUv/SBb2QIAAAIQAAA7O+cGut8IAAL0kCCUWpfiwawCogcmJkVFAACSqr/Z\
        VU2JIwUAAACsArrfCICA1MO9z/m0MfifEgEBAAMZgIDUw73P+bQxAQIBAwIs9v/Tw73P+bQxDB4AAAAotS/9IB7xAAACA2FwcAFhA2VudgRwcm9kAQNhcHAB\
        YgEDYXBwAWMBAPt/Ouw987QY+A8/7D3ztBgxAQAAAAAAAP8vAgAAAAAAAwAAAAIAAAADAAAAAQAAAAUAAAAHcGFnZXMgMAgAAAAAAAAADQQAAAAAAACUSe5+\
        CGZpbHRlciAwFQQAAAAAAAAAAQAAAAAAAKgalyEFaW5kZXgVBQAAAAAAAGgAAAAAAAAA3G0jfAdzdHJlYW1zfQUAAAAAAAArAAAAAAAAAAZtOcwEbWV0YagF\
        AAAAAAAAMgAAAAAAAACcum0r2gUAAAAAAACMAAAANI73WlZSREY=
        """

    private static let requests = (0..<300).map { number in
        (noon + Int64(number) * 1_000, "GET /ordre/\(number) 200 took=\(number % 7)ms " + String(repeating: "x", count: 450))
    }
    /// What it holds.
    private static let content =
        (requests.map { "{app=\"a\", env=\"prod\"} \($0.0) \($0.1)" } + [
            "{app=\"b\"} \(noon) første {trace=\"x1\"}", "{app=\"b\"} \(noon + 1)  {trace=\"x1\"}",
            "{app=\"b\"} \(noon + 1) second of one time {trace=\"x1\"}",
            "{app=\"c\"} \(noon - 5) plain\nwith a line break", "{app=\"c\"} \(noon + 7) needle kvittering7f3a",
        ]).sorted()

    /// A store with the file in it, as after a catalog was lost.
    private static func store(_ text: String, _ ground: LogStoreGround) throws -> LogStore {
        let bytes = [UInt8](try #require(Data(base64Encoded: text)))
        try ground.files.makeDirectories("/logs/segments")
        let file = try ground.files.open("/logs/segments/0000000000000001.seg", .create)
        try file.write(bytes.span, at: 0)
        try file.sync()
        return try ground.open()
    }

    @Test func `an old segment is read, searched, known and merged`() async throws {
        let ground = try LogStoreGround()
        let store = try Self.store(Self.version1, ground)
        #expect(store.statistics.segments == 1)
        let file = try SectionedFile(path: "/logs/segments/0000000000000001.seg", fileSystem: ground.files)
        #expect(try file.read("meta").prefix(2) == [1, 0])
        #expect(file.verify().isEmpty)
        #expect(try lines(store, everything) == Self.content)
        #expect(try store.labelValues(of: "app", everything) == ["a", "b", "c"])
        // A page filter of old lets a needle through, and keeps out one that is nowhere.
        var request = everything
        request.requiredSubstrings = [[Array("kvittering7f3a".utf8)]]
        #expect(try lines(store, request).contains("{app=\"c\"} \(noon + 7) needle kvittering7f3a"))
        request.requiredSubstrings = [[Array("zebra-crossing".utf8)]]
        #expect(try store.select(request).pages.isEmpty)
        // What it holds is known, when it is sent again.
        let again = try await store.append([
            write(["app": "a", "env": "prod"], Self.requests), write(["app": "c"], [(noon + 7, "needle kvittering7f3a")]),
        ])
        #expect(again.accepted == 0 && again.duplicates == 301)
        // With newer lines it becomes one segment, which this Varde writes.
        #expect(try await store.append([write(["app": "c"], [(noon + 8, "newer")])]).accepted == 1)
        try store.flush()
        try store.maintain(now: noon + 2 * 86_400 * second)
        #expect(try lines(store, everything) == (Self.content + ["{app=\"c\"} \(noon + 8) newer"]).sorted())
    }
}
