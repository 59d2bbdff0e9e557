import Synchronization
import Testing
import VardeModel

@testable import VardeCollect

/// `convert_classic_histograms_to_nhcb`.
@Suite struct ClassicHistogramsTests {
    private static let text = """
        # TYPE lat histogram
        lat_bucket{path="/",le="0.5"} 1
        lat_bucket{path="/",le="1"} 1
        lat_bucket{path="/",le="2.5"} 4
        lat_bucket{path="/",le="+Inf"} 6
        lat_sum{path="/"} 12.5
        lat_count{path="/"} 6
        # TYPE visits_count counter
        visits_count 3

        """

    private func bed(_ text: String, keepsClassic: Bool = false) -> Bed {
        Bed(
            text,
            .job {
                $0.convertsClassicHistograms = true
                $0.alwaysClassicHistograms = keepsClassic
            })
    }

    private func histograms(_ bed: Bed) -> [String: [NativeHistogram]] {
        bed.sink.state.withLock { state in Dictionary(uniqueKeysWithValues: state.histograms.map { ($0.key.description, $0.value) }) }
    }

    @Test func `Buckets, count and sum become one histogram with custom bounds, other series stay`() async throws {
        let bed = bed(Self.text)
        await bed.scrape(1_000)
        await bed.scrape(16_000)
        let found = histograms(bed)
        #expect(Array(found.keys) == ["lat{instance=\"a:1\", job=\"j\", path=\"/\"}"])
        let all = try #require(found.values.first)
        #expect(all.count == 2)
        #expect(
            all[0]
                == NativeHistogram(
                    schema: NativeHistogram.customBucketsSchema, count: 6, sum: 12.5,
                    positiveSpans: [.init(offset: 0, length: 1), .init(offset: 1, length: 2)], positiveBuckets: [1, 3, 2],
                    customBounds: [0.5, 1, 2.5]))
        #expect(all[0].complaint == nil)
        #expect(bed.value("visits_count") == [3, 3])
        #expect(bed.sink.series.contains { $0.hasPrefix("lat_") } == false)
        #expect(bed.value("scrape_series_added") == [2, 0])
        // The target without it ends it.
        await bed.scrape(31_000, "visits_count 4\n")
        #expect(bed.sink.samples("lat{instance=\"a:1\", job=\"j\", path=\"/\"}").last?.value.isStaleMarker == true)
    }

    @Test func `Classic series stay as well where they are asked for`() async {
        let bed = bed(Self.text, keepsClassic: true)
        await bed.scrape()
        #expect(histograms(bed).count == 1)
        #expect(bed.sink.samples("lat_bucket{instance=\"a:1\", job=\"j\", le=\"+Inf\", path=\"/\"}").map(\.value) == [6])
    }

    @Test(arguments: [
        "h_bucket{le=\"1\"} 3\nh_bucket{le=\"2\"} 2\nh_count 3\n", "h_bucket{le=\"1\"} 3\nh_count 2\n",
        "h_sum 2\nh_count 2\n", "h_bucket{le=\"1\"} 1\nh_bucket{le=\"1.0\"} 1\nh_bucket{le=\"+Inf\"} 1\n",
    ])
    func `What makes up no histogram is left out`(_ text: String) async {
        let bed = bed("# TYPE h histogram\n" + text)
        await bed.scrape()
        #expect(histograms(bed).isEmpty)
        #expect(bed.value("up") == [1])
    }

    @Test func `What no bucket counts lies above the last bound; exemplars and times come along`() async throws {
        let bed = Bed(
            "# TYPE h histogram\nh_bucket{le=\"1.0\"} 2 5.5 # {trace=\"x\"} 0.5 5\nh_count 3 5.5\nh_sum 9 5.5\n# EOF\n",
            type: "application/openmetrics-text; version=1.0.0", .job { $0.convertsClassicHistograms = true })
        await bed.scrape(10_000)
        let found = try #require(histograms(bed)["h{instance=\"a:1\", job=\"j\"}"]?.first)
        #expect(found.positiveBuckets == [2, 1] && found.customBounds == [1] && found.count == 3)
        #expect(bed.sink.state.withLock { $0.exemplars.values.first?.first?.labels } == ["trace": "x"])
    }
}
