import TestSupport
import Testing
import VardeModel

@Suite struct LabelsTests {
    @Test func `labels are sorted by bytes, the last of equal names stands, empty values are absent`() {
        let labels = Labels([Label("b", "1"), Label("a", "x"), Label("B", "2"), Label("b", "3"), Label("empty", "")])
        #expect(labels.map(\.name) == ["B", "a", "b"])
        #expect(labels["b"] == "3")
        #expect(labels["empty"] == nil)
    }

    @Test func `an empty last value removes nothing given before it only when it is the same name's own`() {
        #expect(Labels([Label("a", "1"), Label("a", "")])["a"] == "1")
    }

    @Test func `names that differ by Unicode normalisation only are different names`() {
        let composed = Label("\u{E9}", "1")
        let decomposed = Label("e\u{301}", "2")
        #expect(Labels([composed, decomposed]).count == 2)
    }

    @Test func `setting and removing agree with building anew`() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<500 {
            var labels = Labels.empty
            var model: [String: String] = [:]
            for _ in 0..<12 {
                let name = "l\(Int.random(in: 0..<6, using: &generator))"
                let value = ["", "x", "y"].randomElement(using: &generator) ?? ""
                labels.set(name, to: value)
                model[name] = value.isEmpty ? nil : value
            }
            #expect(labels == Labels(model.map { Label($0.key, $0.value) }))
        }
    }

    @Test func `order is label by label, the shorter set first`() {
        let a: Labels = ["a": "1"]
        let ab: Labels = ["a": "1", "b": "1"]
        let a2: Labels = ["a": "2"]
        #expect(a < ab && ab < a2 && !(a < a))
    }

    @Test func `the description is PromQL, with names outside the classic alphabet in quotes`() {
        #expect((["__name__": "up", "job": "a\"b"] as Labels).description == #"up{job="a\"b"}"#)
        #expect((["__name__": "my.metric", "x": "1"] as Labels).description == #"{"my.metric", x="1"}"#)
        #expect(Labels.empty.description == "{}")
        #expect((["__name__": "up"] as Labels).description == "up")
    }
}

@Suite struct DurationTextTests {
    @Test(arguments: [
        ("0", 0), ("15s", 15_000), ("1h30m", 5_400_000), ("2d", 172_800_000), ("1y2w3d4h5m6s7ms", 33_019_506_007 as Int64), ("500ms", 500),
    ])
    func `a duration is the sum of its parts`(text: String, milliseconds: Int64) {
        #expect(DurationText.milliseconds(text) == milliseconds)
    }

    @Test(arguments: ["", "s", "1", "1m1h", "1m1m", "1.5h", "-1s", "1 s", "99999999999999999999y", "9999999999y"])
    func `what is no duration is refused`(text: String) {
        #expect(DurationText.milliseconds(text) == nil)
    }

    @Test func `a formatted duration reads back as itself`() {
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<2_000 {
            let milliseconds = Int64.random(in: 0...(Int64(1) << Int64.random(in: 1...43, using: &generator)), using: &generator)
            #expect(DurationText.milliseconds(DurationText.format(milliseconds: milliseconds)) == milliseconds)
        }
        #expect(DurationText.format(milliseconds: 604_800_000) == "1w")
        #expect(DurationText.format(milliseconds: 691_200_000) == "8d")
    }
}

@Suite struct LogColumnsTests {
    @Test func `entries come back as they went in, metadata by set`() {
        var columns = LogColumns()
        columns.append(1, line: Array("one".utf8).span)
        let set = columns.metadataIndex(for: ["trace": "x"])
        columns.append(2, line: [UInt8]().span, metadataIndex: set)
        columns.append(3, line: Array("three".utf8).span, metadataIndex: columns.metadataIndex(for: .empty))
        #expect((0..<3).map { String(decoding: columns.lineBytes[columns.lineRange($0)], as: UTF8.self) } == ["one", "", "three"])
        #expect((0..<3).map { columns.metadata($0) } == [.empty, ["trace": "x"], .empty])
    }
}

@Suite struct SampleColumnsTests {
    @Test func `histograms and start timestamps are filled up to where they begin`() {
        var columns = SampleColumns()
        columns.append(1, 1)
        columns.append(2, NativeHistogram(count: 4), startTimestamp: 1)
        columns.append(3, 3)
        #expect(columns.histograms.map { $0?.count } == [nil, 4, nil])
        #expect(columns.startTimestamps == [0, 1, 0])
        #expect(columns.values == [1, 0, 3])
    }
}

/// Labels as many series bring them.
@Suite struct LabelsOfManySeriesTests {
    @Test(arguments: [3, 40])
    func `Labels in any order are sorted by bytes, and a name given twice is told`(_ count: Int) {
        let names = (0..<count).map { "n\(($0 * 7) % count)" } + ["æ", "Z"]
        var twice: String?
        let labels = Labels(sorting: names.map { Label($0, $0 == "Z" ? "" : "v") }, twice: &twice)
        #expect(twice == nil)
        #expect(labels == Labels(names.filter { $0 != "Z" }.map { Label($0, "v") }))
        #expect(labels.all == Array(labels))
        _ = Labels(sorting: (names + ["n1"]).map { Label($0, "v") }, twice: &twice)
        #expect(twice == "n1")
    }

    @Test func `Two sets without a name in common become one, others none`() {
        let own: Labels = ["a": "1", "m": "2", "z": "3"]
        #expect(own.disjointUnion(["b": "4", "zz": "5"]) == ["a": "1", "b": "4", "m": "2", "z": "3", "zz": "5"])
        #expect(own.disjointUnion(["A": "4"])?.map(\.name) == ["A", "a", "m", "z"])
        #expect(own.disjointUnion(.empty) == own)
        #expect(Labels.empty.disjointUnion(own) == own)
        #expect(own.disjointUnion(["m": "9"]) == nil)
    }
}
