import Testing
import VardeModel
import VardeWire

@testable import VardeCollect

@Suite struct StatsDSumsTests {
    /// Sums with what writing down brings, by the series' text.
    private struct Bench {
        var sums = StatsDSums(maxSeries: 10)

        mutating func add(_ text: String, at now: Int64 = 0) throws -> String? {
            sums.add(try #require(try StatsDLine(Array(text.utf8).span)), extra: [], now: now)
        }

        mutating func write(at now: Int64, oldest: Int64 = 0) throws -> (samples: [String: [Double]], histograms: [NativeHistogram]) {
            var batch = RawSampleBatch()
            sums.write(at: now, before: now - 10, oldest: oldest, into: &batch)
            var found: [String: [Double]] = [:]
            for series in 0..<batch.seriesCount {
                let range = Int(batch.labelStarts[series])..<Int(batch.labelEnds[series])
                let labels = try RemoteWrite.labels(batch.bytes.span.extracting(range)).description
                found[labels] = Array(batch.values[(series == 0 ? 0 : Int(batch.sampleEnds[series - 1]))..<Int(batch.sampleEnds[series])])
            }
            return (found, batch.histograms.map(\.histogram))
        }
    }

    @Test func `Counters count up from 0 by the sample rate, gauges keep their value and take differences`() throws {
        var bench = Bench()
        #expect(try bench.add("c:1|c|@0.1") == nil)
        #expect(try bench.add("c:2|c") == nil)
        #expect(try bench.add("g:5|g") == nil)
        #expect(try bench.add("g:-7|g") == nil)
        #expect(try bench.write(at: 100).samples == ["c": [0, 12], "g": [-2]])
        #expect(try bench.add("c:1|c") == nil)
        #expect(try bench.write(at: 110).samples == ["c": [13], "g": [-2]])
    }

    @Test func `A set is how many members an interval had`() throws {
        var bench = Bench()
        for member in ["a", "b", "a"] { #expect(try bench.add("s:\(member)|s") == nil) }
        #expect(try bench.write(at: 100).samples == ["s": [2]])
        #expect(try bench.write(at: 110).samples == ["s": [0]])
        for member in 0..<20_000 { _ = try bench.add("s:\(member)|s") }
        #expect(try bench.write(at: 120).samples == ["s": [Double(StatsDSums.maxMembers)]])
    }

    @Test func `Timings become native histograms in seconds, whose buckets stay few`() throws {
        var bench = Bench()
        _ = try bench.add("t:250:500|ms|@0.5")
        let histogram = try #require(try bench.write(at: 100).histograms.last)
        #expect(histogram.count == 4 && histogram.sum == 1.5 && histogram.positiveBuckets == [2, 2] && histogram.schema == 3)
        #expect(histogram.positiveSpans.first?.offset == -16)
        for power in 0..<300 { _ = try bench.add("t:1e\(power - 150)|ms") }
        let wide = try #require(try bench.write(at: 110).histograms.last)
        #expect(wide.positiveBuckets.count <= 160 && wide.count == 304 && wide.complaint == nil)
        #expect(wide.positiveBuckets.reduce(wide.zeroCount, +) == 304)
    }

    @Test func `What does not fit is named: other types, negative counters, too many series`() throws {
        var bench = Bench()
        _ = try bench.add("a:1|c")
        #expect(try bench.add("a:1|g") == "type_conflict")
        #expect(try bench.add("a:-1|c") == "negative_counter")
        for number in 0..<9 { #expect(try bench.add("n\(number):1|c") == nil) }
        #expect(try bench.add("one_more:1|c") == "series_limit")
        #expect(bench.sums.count == 10)
    }

    @Test func `A series is kept by its labels as they are after redaction, once for all that look alike then`() throws {
        var sums = StatsDSums(maxSeries: 10)
        var redacted = 0
        for text in ["c:1|c|#who:kari", "c:2|c|#who:kari", "c:4|c|#who:ola"] {
            let line = try #require(try StatsDLine(Array(text.utf8).span))
            let refusal = sums.add(line, extra: [], now: 0) { labels in
                redacted += 1
                return Labels(labels.map { $0.name == "who" ? Label("who", "<NAME>") : $0 })
            }
            #expect(refusal == nil)
        }
        var batch = RawSampleBatch()
        sums.write(at: 100, before: 90, oldest: 0, into: &batch)
        #expect(redacted == 2 && sums.count == 1 && batch.values.elementsEqual([0, 7]))
    }

    @Test func `A series nothing is heard of ends with a stale marker, and makes room`() throws {
        var bench = Bench()
        _ = try bench.add("a:1|c", at: 5)
        _ = try bench.add("b:1|c", at: 50)
        _ = try bench.write(at: 60)
        let written = try bench.write(at: 70, oldest: 10).samples
        #expect(written["a"]?.first?.isStaleMarker == true && written["b"] == [1])
        #expect(bench.sums.count == 1)
        _ = try bench.add("a:3|c", at: 80)
        #expect(try bench.write(at: 90, oldest: 10).samples["a"] == [0, 3])
    }
}
