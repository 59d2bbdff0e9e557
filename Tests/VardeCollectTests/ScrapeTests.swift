import Synchronization
import Testing
import VardeModel
import VardeWire

@testable import VardeCollect

/// What becomes of a target's body, as Prometheus documents it.
@Suite struct ScrapeTests {
    @Test func `Samples get the target's labels and the slot's time, and the scrape reports on itself`() async {
        let bed = Bed("# TYPE a counter\na{x=\"1\"} 5\nb 2.5\n")
        let result = await bed.scrape(30_000)
        #expect(result?.failure == nil)
        #expect(bed.sink.samples("a{instance=\"a:1\", job=\"j\", x=\"1\"}").map(\.time) == [30_000])
        #expect(bed.value("b") == [2.5])
        #expect(bed.value("up") == [1])
        #expect(bed.value("scrape_samples_scraped") == [2])
        #expect(bed.value("scrape_samples_post_metric_relabeling") == [2])
        #expect(bed.value("scrape_series_added") == [2])
        #expect(bed.value("scrape_timeout_seconds") == [])
        #expect(result?.metadata?["a"]?.type == "counter")
        #expect(bed.sink.state.withLock { $0.appends } == 1)
    }

    @Test func `An unchanged target adds no series, whatever its order`() async {
        let bed = Bed("a 1\nb{x=\"}\"} 2\nc 3\n")
        await bed.scrape(1_000)
        await bed.scrape(2_000, "a 4\nb{x=\"}\"} 5\nc 6\n")
        await bed.scrape(3_000, "c 9\nnew 1\na 7\nb{x=\"}\"} 8\n")
        await bed.scrape(4_000, "c 12\nnew 2\na 10\nb{x=\"}\"} 11\n")
        #expect(bed.value("a") == [1, 4, 7, 10])
        #expect(bed.value("c") == [3, 6, 9, 12])
        #expect(bed.value("new") == [1, 2])
        #expect(bed.value("scrape_series_added") == [3, 0, 1, 0])
    }

    @Test func `What a body that fails had is new once, and a failing label is counted among the samples`() async {
        let broken = "a 1\nb{x=\"y\"} 2\nc {\n"
        let bed = Bed(broken)
        await bed.scrape(1_000)
        await bed.scrape(2_000, broken)
        await bed.scrape(3_000, "a 1\nb{x=\"y\"} 2\nd 3\n")
        await bed.scrape(4_000, "a 1\nb{x=\"y\"} 2\nd 3\n")
        #expect(bed.value("scrape_series_added") == [2, 0, 1, 0])
        let limited = Bed("a 1\nb 2\nc 3\n", .job { $0.sampleLimit = 2 })
        await limited.scrape(1_000)
        await limited.scrape(2_000)
        #expect(limited.value("scrape_series_added") == [2, 0])
        let labelled = Bed("a 1\nb{x=\"y\",z=\"w\"} 2\n", .job { $0.labelLimit = 4 })
        await labelled.scrape(1_000)
        #expect(labelled.value("scrape_samples_scraped") == [2])
        #expect(labelled.value("scrape_samples_post_metric_relabeling") == [1])
    }

    @Test(arguments: [("bad {\n", 0), ("good 1\n", 60_001)])
    func `Of a body with very many new series none is known to the store until the end was read`(_ tail: String, _ count: Int) async {
        let bed = Bed((0..<60_000).map { "m{i=\"\($0)\"} 1\n" }.joined() + tail)
        await bed.scrape(1_000)
        let known = bed.sink.state.withLock { $0.labels.count { $0.name == "m" || $0.name == "good" } }
        #expect(known == count)
    }

    @Test func `Names that begin alike are not taken for each other`() async {
        let bed = Bed("a 1\nab 2\n")
        await bed.scrape(1_000)
        await bed.scrape(2_000, "ab 3\na 4\n")
        await bed.scrape(3_000, "a_b 5\na 6\n")
        #expect(bed.value("a") == [1, 4, 6])
        #expect(bed.value("ab") == [2, 3, nil])
        #expect(bed.value("a_b") == [5])
    }

    @Test func `Comments that are the same are not read again, and all are known where one is new`() async {
        let bed = Bed("# HELP a What.\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\n# no family\n# HELP c Which.\nc 1\n")
        #expect(await bed.scrape(1_000)?.metadata?.mapValues(\.help) == ["a": "What.", "h": "", "c": "Which."])
        // A series that is new behind a comment that is not belongs to its family all the same.
        let more = "h_bucket{le=\"1\"} 2\nh_bucket{le=\"2\"} 2\n# no family\n# HELP c Which.\nc 1\n"
        #expect(await bed.scrape(2_000, "# HELP a What.\n# TYPE h histogram\n" + more)?.metadata == nil)
        #expect(bed.sink.values("h_bucket{instance=\"a:1\", job=\"j\", le=\"2.0\"}") == [2])
        let changed = await bed.scrape(3_000, "# HELP a What else.\n# TYPE h histogram\n" + more)?.metadata
        #expect(changed?.mapValues(\.help) == ["a": "What else.", "h": "", "c": "Which."])
        #expect(changed?["h"]?.type == "histogram")
        #expect(await bed.scrape(4_000, "c 1\n")?.metadata == [:])
        #expect(await bed.scrape(5_000, "c 1\n  # HELP c Indented.\n")?.metadata?.mapValues(\.help) == ["c": "Indented."])
    }

    @Test func `OpenMetrics ends with its end, scrape after scrape`() async {
        let bed = Bed("# TYPE a counter\na_total 1\n# EOF\n", type: "application/openmetrics-text; version=1.0.0")
        for time in [1_000, 2_000, 3_000] { #expect(await bed.scrape(Int64(time))?.failure == nil) }
        bed.fetching.set(text: "# TYPE a counter\na_total 1\n", type: "application/openmetrics-text; version=1.0.0")
        #expect(await bed.scrape(4_000)?.failure?.kind == .format)
    }

    // MARK: Staleness

    @Test func `A series that is gone ends with a stale marker, once`() async {
        let bed = Bed("a 1\nb 1\n")
        await bed.scrape(1_000)
        for time in [2_000, 3_000] { await bed.scrape(Int64(time), "a 2\n") }
        #expect(bed.value("b") == [1, nil])
        #expect(bed.value("a") == [1, 2, 2])
    }

    @Test func `A scrape that fails ends every series, and up is 0`() async {
        let bed = Bed("a 1\n")
        await bed.scrape(1_000)
        bed.fetching.set(text: "", status: 503)
        let result = await bed.scrape(2_000)
        #expect(result?.failure?.description == "server returned HTTP status 503 Service Unavailable")
        #expect(bed.value("a") == [1, nil])
        #expect(bed.value("up") == [1, 0])
        await bed.scrape(3_000, "a 2\n")
        #expect(bed.value("a") == [1, nil, 2])
        // It was not looked up anew: a target that fails now and then costs no more than others.
        #expect(bed.value("scrape_series_added") == [1, 0, 0])
    }

    @Test func `A series that is gone after a failed scrape ends once, and one that came with the failure is none`() async {
        let bed = Bed("a 1\nb 1\n")
        await bed.scrape(1_000)
        await bed.scrape(2_000, "a 2\nfresh 1\nx\n")
        await bed.scrape(3_000, "a 3\n")
        await bed.scrape(4_000, "fresh 4\nb 4\n")
        #expect(bed.value("a") == [1, nil, 3, nil])
        #expect(bed.value("b") == [1, nil, 4])
        #expect(bed.value("fresh") == [4])
    }

    @Test func `A body that breaks off half-way counts not at all`() async {
        let bed = Bed("a 1\nb 1\n")
        await bed.scrape(1_000)
        let result = await bed.scrape(2_000, "a 2\nfresh 1\nb x\n")
        #expect(result?.failure?.description == "line 3, column 3: “x” is not a number")
        #expect(bed.value("a") == [1, nil])
        #expect(bed.value("b") == [1, nil])
        #expect(bed.value("fresh") == [])
        #expect(bed.value("scrape_samples_scraped") == [2, 2])
    }

    @Test func `A target that is gone ends with all its series, its own too`() async throws {
        let bed = Bed("a 1\n")
        await bed.scrape(1_000)
        try await bed.run.end()
        #expect(bed.value("a") == [1, nil])
        #expect(bed.value("up") == [1, nil])
    }

    @Test func `Series with times of their own end silently, unless the job tracks them`() async {
        for tracks in [false, true] {
            let bed = Bed("a 1 500\n", .job { $0.trackTimestampsStaleness = tracks })
            await bed.scrape(1_000)
            await bed.scrape(2_000, "b 1\n")
            #expect(bed.value("a") == (tracks ? [1, nil] : [1]))
        }
    }

    @Test func `Another configuration leaves series that stay alone, and ends those that it drops`() async throws {
        let bed = Bed("a 1\nb 1\n")
        await bed.scrape(1_000)
        var rule = RelabelRule()
        rule.action = .drop
        rule.sourceLabels = ["__name__"]
        try rule.setPattern("b")
        let config = ScrapeConfig.job { $0.metricRelabelRules = [rule] }
        await bed.run.use(config)
        await bed.scrape(2_000)
        #expect(bed.value("a") == [1, 1])
        #expect(bed.value("b") == [1, nil])
        #expect(bed.value("up") == [1, 1])
    }

    @Test func `A store that has numbered its series anew is asked again, nothing is lost`() async {
        let bed = Bed("a 1\nb 2\n")
        await bed.scrape(1_000)
        bed.sink.state.withLock { $0.generation += 1 }
        await bed.scrape(2_000, "a 3\nb 4\n")
        #expect(bed.value("a") == [1, 3])
        #expect(bed.value("b") == [2, 4])
        #expect(bed.value("up") == [1, 1])
    }

    // MARK: Options

    @Test func `Labels of the target stand, the series' own are exported; the other way round where they are honoured`() {
        let own: Labels = ["__name__": "m", "job": "own", "exported_job": "older", "x": "1"]
        let target: Labels = ["job": "j", "instance": "a:1"]
        #expect(
            TargetScraper.joined(own, target, false)
                == ["__name__": "m", "job": "j", "instance": "a:1", "exported_exported_job": "own", "exported_job": "older", "x": "1"])
        #expect(
            TargetScraper.joined(own, target, true)
                == ["__name__": "m", "job": "own", "instance": "a:1", "exported_job": "older", "x": "1"])
    }

    @Test func `Times of samples count where they are honoured`() async {
        for honors in [true, false] {
            let bed = Bed("a 1 500\n", .job { $0.honorTimestamps = honors })
            await bed.scrape(1_000)
            #expect(bed.sink.samples("a{instance=\"a:1\", job=\"j\"}").map(\.time) == [honors ? 500 : 1_000])
        }
    }

    @Test func `A series given twice counts once, the first stands`() async {
        let bed = Bed("a 1\na 2\n")
        let result = await bed.scrape()
        #expect(bed.value("a") == [1])
        #expect(result?.outcome.duplicates == 1)
        #expect(bed.value("scrape_samples_scraped") == [2])
    }

    @Test func `Series that become one by relabelling are counted, and end with the last of them`() async throws {
        var rule = RelabelRule()
        rule.action = .labeldrop
        try rule.setPattern("x")
        let rules = [rule]
        let bed = Bed("a{x=\"1\"} 1\na{x=\"2\"} 2\nb 1\n", .job { $0.metricRelabelRules = rules })
        for time: Int64 in [1_000, 2_000] { #expect(await bed.scrape(time)?.outcome.duplicates == 1) }
        let before = bed.value("a").count
        #expect(await bed.scrape(3_000, "a{x=\"2\"} 3\nb 1\n")?.outcome.duplicates == 0)
        #expect(bed.value("a").count == before + 1 && bed.value("a").last == 3)
        await bed.scrape(4_000, "b 1\n")
        #expect(bed.value("a").count == before + 2 && bed.value("a").last == .some(nil))
    }

    @Test func `Extra metrics report timeout, limit and size`() async {
        let bed = Bed(
            "a 1\n",
            .job {
                $0.extraScrapeMetrics = true
                $0.sampleLimit = 7
            })
        await bed.scrape()
        #expect(bed.value("scrape_timeout_seconds") == [10])
        #expect(bed.value("scrape_sample_limit") == [7])
        #expect(bed.value("scrape_body_size_bytes") == [4])
    }

    @Test(arguments: [
        ("a 1\nb 1\nc 1\n", "sample limit exceeded"),
        ("m{a=\"1\",b=\"2\",c=\"3\",d=\"4\"} 1\n", "label_limit exceeded (metric: m, number of labels: 7, limit: 6)"),
        (
            "m{a_long_name_of_a_label=\"1\"} 1\n",
            "label_name_length_limit exceeded (metric: m, label name: a_long_name_of_a_label, length: 22, limit: 20)"
        ),
        (
            "m{a=\"0123456789012345678901234567890\"} 1\n",
            "label_value_length_limit exceeded (metric: m, label name: a, length: 31, limit: 30)"
        ),
    ])
    func `A limit that is passed fails the scrape, with its name, and no sample is kept`(_ text: String, _ error: String) async {
        let bed = Bed(
            text,
            .job {
                $0.sampleLimit = 2
                $0.labelLimit = 6
                $0.labelNameLengthLimit = 20
                $0.labelValueLengthLimit = 30
            })
        let result = await bed.scrape()
        #expect(result?.failure?.description == error)
        #expect(bed.value("up") == [0])
        #expect(bed.sink.series.allSatisfy { $0.hasPrefix("up") || $0.hasPrefix("scrape_") })
        if error == "sample limit exceeded" { #expect(bed.value("scrape_samples_post_metric_relabeling") == [3]) }
    }

    @Test(arguments: ["more_than_the_limit 1\n", "no text\n"])
    func `A body that is refused at its end has made no series`(_ end: String) async {
        let body = (0..<1_500).map { "m{n=\"\($0)\"} 1\n" }.joined() + end
        let bed = Bed(body, .job { $0.sampleLimit = 1_500 })
        #expect(await bed.scrape()?.failure != nil)
        #expect(bed.sink.state.withLock { $0.labels.allSatisfy { !$0.name.hasPrefix("m") } })
    }

    @Test func `Too many targets fail all of the job without asking any`() async {
        let bed = Bed("a 1\n")
        let fault = ScrapeFault(kind: .targetLimit, description: "target_limit exceeded (number of targets: 3, limit: 2)")
        let result = await bed.run.scrape(at: 1_000, fault)
        #expect(result?.failure == fault)
        #expect(bed.fetching.requests.withLock { $0.isEmpty })
        #expect(bed.value("up") == [0])
    }

    @Test func `What a store refuses fails the scrape and not the server`() async {
        let bed = Bed("a 1\n")
        bed.sink.state.withLock { $0.failure = .unavailable("the disk is nearly full") }
        #expect(await bed.scrape(1_000)?.failure?.kind == .store)
        bed.sink.state.withLock { $0.failure = nil }
        #expect(await bed.scrape(2_000)?.failure == nil)
        #expect(bed.value("a") == [1])
    }

    // MARK: Requests and formats

    @Test func `The request asks for formats in order of preference, and says how long it waits`() async throws {
        let bed = Bed("a 1\n")
        await bed.scrape()
        let request = try #require(bed.fetching.requests.withLock { $0.first })
        func header(_ name: String) -> String? { request.headers.first { $0.name == name }?.value }
        #expect(
            header("Accept")
                == "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
        )
        #expect(header("X-Prometheus-Scrape-Timeout-Seconds") == "10")
        #expect(header("Accept-Encoding") == "gzip")
        let other = ScrapeConfig.job {
            $0.enableCompression = false
            $0.protocols = [.protobuf, .text1]
            $0.nameEscaping = "underscores"
        }.request(to: "http://a/")
        #expect(other.headers.contains { $0.name == "Accept-Encoding" && $0.value == "identity" })
        #expect(
            other.headers.first { $0.name == "Accept" }?.value
                == "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,text/plain;version=1.0.0;escaping=underscores;q=0.5,*/*;q=0.4"
        )
    }

    @Test func `Without a known Content-Type a scrape fails, unless the job names a fallback`() async {
        let bed = Bed("a 1\n", type: "")
        #expect(await bed.scrape()?.failure?.description.contains("fallback_scrape_protocol") == true)
        let other = Bed("a 1\n", type: "application/octet-stream", .job { $0.fallbackProtocol = .text0 })
        #expect(await other.scrape()?.failure == nil)
        #expect(other.value("a") == [1])
    }

    @Test func `OpenMetrics brings exemplars, and ends with EOF`() async {
        let text = "# TYPE a counter\na_total 3 # {trace_id=\"t1\"} 0.5 1.25\n# EOF\n"
        let bed = Bed(text, type: "application/openmetrics-text; version=1.0.0; charset=utf-8")
        for time in [1_000, 2_000] { #expect(await bed.run.scrape(at: Int64(time), nil)?.failure == nil) }
        let exemplars = bed.sink.state.withLock { $0.exemplars.values.flatMap { $0 } }
        #expect(exemplars == Array(repeating: Exemplar(labels: ["trace_id": "t1"], value: 0.5, timestamp: 1_250), count: 2))
        bed.fetching.set(text: "a_total 3\n", type: "application/openmetrics-text; version=1.0.0")
        #expect(await bed.run.scrape(at: 3_000, nil)?.failure?.description.contains("# EOF") == true)
    }

    @Test(arguments: ["a{b=\"\u{fffd}\"} 1\n", "a{b=\"x"])
    func `Broken bodies are named by line and column`(_ text: String) async {
        var bytes = Array(text.utf8)
        if let at = bytes.firstIndex(of: 0xef) { bytes.replaceSubrange(at..<(at + 3), with: [0xff]) }
        let body = bytes
        let bed = Bed(FakeFetching { _ in ScrapeAnswer(contentType: "text/plain", body: body) })
        #expect(await bed.scrape()?.failure?.description.hasPrefix("line 1, column") == true)
        #expect(bed.value("up") == [0])
    }

    @Test func `A target that keeps failing is left in peace for a while, and up stays 0`() async {
        let bed = Bed(FakeFetching { _ in throw ScrapeFault(kind: .connection, description: "connection refused") })
        for slot in 1...5 { await bed.scrape(Int64(slot) * 1_000) }
        #expect(bed.fetching.requests.withLock { $0.count } == 5)
        for slot in 6...7 {
            let heldBack = await bed.scrape(Int64(slot) * 1_000)
            #expect(heldBack?.isHeldBack == true && heldBack?.breaker == "open")
            #expect(heldBack?.failure?.description == "connection refused")
        }
        #expect(bed.fetching.requests.withLock { $0.count } == 5)
        #expect(bed.value("up") == Array(repeating: 0, count: 7))
        // Nothing is measured where nothing is asked: these series end.
        for name in ["scrape_duration_seconds", "scrape_samples_scraped"] {
            #expect(bed.value(name).map { $0 == nil } == [false, false, false, false, false, true], "\(name)")
        }
        bed.fetching.set(text: "a 1\n")
        let stages = Mutex(0)
        let probe = await bed.run.scrape(at: 60_000, nil) { if $0 == .probing { stages.withLock { $0 += 1 } } }
        #expect(probe?.failure == nil && probe?.breaker == "closed" && probe?.isHeldBack == false)
        #expect(stages.withLock { $0 } == 1)
        #expect(bed.value("scrape_samples_scraped").last == 1)
    }

    @Test func `Series of a target that answered end once when it is down, and are not ended again while it is left in peace`() async {
        let bed = Bed("a 1\n")
        await bed.scrape(1_000)
        bed.fetching.answer.withLock { $0 = { _ in throw ScrapeFault(kind: .timeout, description: "context deadline exceeded") } }
        for slot in 2...8 { await bed.scrape(Int64(slot) * 1_000) }
        #expect(bed.value("a") == [1, nil])
        #expect(bed.value("scrape_duration_seconds").count == 7)
    }

    @Test func `A target that answers is asked at every slot, however often what it says is refused`() async {
        let answers: [(text: String, status: Int)] = [("a 1\nb 1\n", 200), ("no text", 200), ("", 503)]
        for answer in answers {
            let bed = Bed("", .job { $0.sampleLimit = 1 })
            bed.fetching.set(text: answer.text, status: answer.status)
            for slot in 1...12 {
                let result = await bed.scrape(Int64(slot) * 1_000)
                #expect(result?.failure != nil && result?.breaker == "closed")
            }
            #expect(bed.fetching.requests.withLock { $0.count } == 12)
        }
    }
}
