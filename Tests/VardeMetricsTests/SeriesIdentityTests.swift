import Testing
import VardeModel

@testable import VardeMetrics

@Suite struct SeriesIdentityTests {
    @Test func `Series looked at together have the identities they have alone, whatever stands before them`() {
        let values = ["", "a", "b", "ab", "a\u{301}", "á"]
        var sets: [Labels] = [.empty]
        for _ in 0..<400 {
            let names = ["__name__", "a", "b", "c", "d"].shuffled().prefix(Int.random(in: 0...5))
            sets.append(Labels(names.map { Label($0, values.randomElement() ?? "") }))
        }
        #expect(SeriesIdentity.all(sets) == sets.map { SeriesIdentity($0) })
        #expect(SeriesIdentity.all([]) == [])
    }

    @Test func `A metric's series are counted, whichever was counted before`() {
        var table = SeriesTable()
        for (metric, label) in [("a", "1"), ("b", "1"), ("a", "2"), ("c", "a"), ("a", "3")] {
            let labels: Labels = ["__name__": metric, "x": label]
            _ = table.add(labels, identity: SeriesIdentity(labels))
            #expect(table.count(ofMetric: "none") == 0)
        }
        #expect(["a", "b", "a", "c", "x", "1", "a"].map { table.count(ofMetric: $0) } == [3, 1, 3, 1, 0, 0, 3])
    }
}
