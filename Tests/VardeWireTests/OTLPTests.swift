import TestSupport
import Testing
import VardeModel

@testable import VardeWire

/// The same metrics and logs in both of OTLP's forms.
enum OTLPBodies {
    static func attribute(_ field: UInt64, _ key: String, _ value: String, in message: inout Message) {
        message.message(field) {
            $0.string(1, key)
            $0.message(2) { $0.string(1, value) }
        }
    }

    static func metrics(temporality: Int64 = 2) -> [UInt8] {
        Message.of {
            $0.message(1) {
                $0.message(1) {
                    attribute(1, "service.name", "shop", in: &$0)
                    attribute(1, "service.namespace", "no", in: &$0)
                    attribute(1, "service.instance.id", "i1", in: &$0)
                    attribute(1, "host.name", "h1", in: &$0)
                }
                $0.message(2) {
                    $0.message(1) {
                        $0.string(1, "lib")
                        $0.string(2, "1.2")
                    }
                    $0.message(2) {
                        $0.string(1, "http.server.requests")
                        $0.string(2, "how many")
                        $0.string(3, "{request}")
                        $0.message(7) {
                            $0.message(1) {
                                attribute(7, "http.route", "/a", in: &$0)
                                $0.fixed64(2, 1_000_000_000)
                                $0.fixed64(3, 5_000_000_000)
                                $0.fixed64(6, 42)
                                $0.message(5) {
                                    $0.fixed64(2, 4_000_000_000)
                                    $0.double(3, 1.5)
                                    ProtobufWriter.bytes(5, [0xAB, 0x01], to: &$0.bytes)
                                }
                            }
                            $0.integer(2, temporality)
                            $0.integer(3, 1)
                        }
                    }
                    $0.message(2) {
                        $0.string(1, "queue.length")
                        $0.string(3, "1")
                        $0.message(5) {
                            $0.message(1) {
                                $0.fixed64(3, 6_000_000_000)
                                $0.double(4, -0.5)
                            }
                        }
                    }
                    $0.message(2) {
                        $0.string(1, "latency")
                        $0.string(3, "ms")
                        $0.message(9) {
                            $0.message(1) {
                                $0.fixed64(3, 6_000_000_000)
                                $0.fixed64(4, 6)
                                $0.double(5, 12.5)
                                ProtobufWriter.bytes(6, [1, 2, 3].flatMap { [UInt8($0), 0, 0, 0, 0, 0, 0, 0] }, to: &$0.bytes)
                                $0.double(7, 0.25)
                                $0.double(7, 10)
                            }
                            $0.integer(2, temporality)
                        }
                    }
                    $0.message(2) {
                        $0.string(1, "size")
                        $0.string(3, "By")
                        $0.message(10) {
                            $0.message(1) {
                                $0.fixed64(3, 6_000_000_000)
                                $0.fixed64(4, 7)
                                $0.double(5, 3)
                                $0.zigzag(6, 9)
                                $0.fixed64(7, 1)
                                $0.message(8) {
                                    $0.zigzag(1, -1)
                                    ProtobufWriter.bytes(2, [1, 2, 3] as [UInt8], to: &$0.bytes)
                                }
                            }
                            $0.integer(2, temporality)
                        }
                    }
                    $0.message(2) {
                        $0.string(1, "s")
                        $0.message(11) {
                            $0.message(1) {
                                $0.fixed64(3, 6_000_000_000)
                                $0.fixed64(4, 2)
                                $0.double(5, 3)
                                $0.message(6) {
                                    $0.double(1, 0.5)
                                    $0.double(2, 1)
                                }
                                $0.integer(8, 1)
                            }
                        }
                    }
                }
            }
        }
    }

    static let metricsJSON = Array(
        #"""
        {"resourceMetrics":[{"resource":{"attributes":[
          {"key":"service.name","value":{"stringValue":"shop"}},{"key":"service.namespace","value":{"stringValue":"no"}},
          {"key":"service.instance.id","value":{"stringValue":"i1"}},{"key":"host.name","value":{"stringValue":"h1"}}]},
         "scopeMetrics":[{"scope":{"name":"lib","version":"1.2"},"metrics":[
          {"name":"http.server.requests","description":"how many","unit":"{request}","sum":{"aggregationTemporality":2,"isMonotonic":true,
            "dataPoints":[{"attributes":[{"key":"http.route","value":{"stringValue":"/a"}}],"startTimeUnixNano":"1000000000",
              "timeUnixNano":"5000000000","asInt":"42","exemplars":[{"timeUnixNano":"4000000000","asDouble":1.5,"traceId":"ab01"}]}]}},
          {"name":"queue.length","unit":"1","gauge":{"dataPoints":[{"timeUnixNano":6000000000,"asDouble":-0.5}]}},
          {"name":"latency","unit":"ms","histogram":{"aggregationTemporality":"AGGREGATION_TEMPORALITY_CUMULATIVE","dataPoints":[
            {"timeUnixNano":"6000000000","count":"6","sum":12.5,"bucketCounts":["1","2",3],"explicitBounds":[0.25,10]}]}},
          {"name":"size","unit":"By","exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"6000000000",
            "count":7,"sum":3,"scale":9,"zeroCount":1,"positive":{"offset":-1,"bucketCounts":["1","2","3"]}}]}},
          {"name":"s","summary":{"dataPoints":[{"timeUnixNano":"6000000000","count":2,"sum":3,"flags":1,
            "quantileValues":[{"quantile":0.5,"value":1}]}]}}]}],"unknownField":[1,{"a":null}]}]}
        """#.utf8)

    static let logs = Message.of {
        $0.message(1) {
            $0.message(1) {
                attribute(1, "service.name", "shop", in: &$0)
                attribute(1, "host.name", "h1", in: &$0)
            }
            $0.message(2) {
                $0.message(1) { $0.string(1, "lib") }
                $0.message(2) {
                    $0.fixed64(1, 7)
                    $0.integer(2, 9)
                    $0.string(3, "INFO")
                    $0.message(5) { $0.string(1, "paid ✓") }
                    $0.message(6) {
                        $0.string(1, "user")
                        $0.message(2) {
                            $0.message(6) { attribute(1, "id", "u1", in: &$0) }
                        }
                    }
                    ProtobufWriter.bytes(9, [0x0A, 0xFF], to: &$0.bytes)
                    ProtobufWriter.bytes(10, [0x01], to: &$0.bytes)
                    $0.fixed64(11, 8)
                }
                $0.message(2) {
                    $0.message(5) {
                        $0.message(6) {
                            $0.message(1) {
                                $0.string(1, "n")
                                $0.message(2) {
                                    $0.message(5) {
                                        $0.message(1) { $0.integer(3, -3) }
                                        $0.message(1) { $0.integer(2, 1) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    static let logsJSON = Array(
        #"""
        {"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}},
          {"key":"host.name","value":{"stringValue":"h1"}}]},"scopeLogs":[{"scope":{"name":"lib"},"logRecords":[
          {"timeUnixNano":"7","severityNumber":9,"severityText":"INFO","body":{"stringValue":"paid ✓"},"attributes":[{"key":"user","value":
            {"kvlistValue":{"values":[{"key":"id","value":{"stringValue":"u1"}}]}}}],"traceId":"0AFF","spanId":"01",
            "observedTimeUnixNano":"8"},
          {"body":{"kvlistValue":{"values":[{"key":"n","value":{"arrayValue":{"values":[{"intValue":"-3"},{"boolValue":true}]}}}]}}}]}]}]}
        """#.utf8)
}

@Suite struct OTLPMetricsTests {
    @Test(arguments: [false, true]) func `Every kind of metric unfolds into Prometheus' series`(_ isJSON: Bool) throws {
        var batch = RawSampleBatch()
        let body = isJSON ? OTLPBodies.metricsJSON : OTLPBodies.metrics()
        let decoded = try OTLPMetrics.decode(body.span, isJSON: isJSON, now: 1, into: &batch)
        let target = #"instance="i1",job="no/shop""#
        let latency = #"latency_milliseconds_bucket{instance="i1",job="no/shop",le="#
        let stale = batch.values.count { $0.isStaleMarker }
        #expect(stale == 3)
        #expect(
            try described(batch) == [
                "http_server_requests_total{http_route=\"/a\",\(target)} 42 @5000 ^1000", "queue_length_ratio{\(target)} -0.5 @6000",
                "latency_milliseconds_sum{\(target)} 12.5 @6000", "latency_milliseconds_count{\(target)} 6 @6000",
                latency + "\"0.25\"} 1 @6000", latency + "\"10\"} 3 @6000", latency + "\"+Inf\"} 6 @6000",
                "size_bytes{\(target)} h8 count 7 @6000", "s_sum{\(target)} NaN @6000", "s_count{\(target)} NaN @6000",
                "s{\(target),quantile=\"0.5\"} NaN @6000", "target_info{host_name=\"h1\",\(target)} 1 @6000",
            ])
        // Buckets −1, 0 and 1 of scale 9 end at 2^0, 2^(1/512) and 2^(2/512): two of them fall together in scale 8.
        #expect(batch.histograms[0].histogram.positiveSpans == [.init(offset: 0, length: 2)])
        #expect(batch.histograms[0].histogram.positiveBuckets == [1, 5])
        #expect(batch.exemplars.map(\.exemplar) == [Exemplar(labels: ["trace_id": "ab01"], value: 1.5, timestamp: 4000)])
        #expect(decoded.metadata.first == .init(type: "counter", family: "http_server_requests_total", help: "how many", unit: ""))
        #expect(decoded.rejected == 0)
    }

    @Test func `Differences are summed up series by series, histograms bucket by bucket`() throws {
        let deltas = OTLPDeltaSums()
        var batch = RawSampleBatch()
        var last: [String] = []
        for round in 1...3 {
            var point = OTLPPoint()
            point.start = Int64(round) * 1_000_000_000
            point.time = point.start + 1_000_000_000
            point.count = 3
            point.sum = 1.5
            point.bounds = [1]
            point.bucketCounts = [1, 2]
            point.scale = Int32(3 - round)
            point.positive = .init(offset: 4, counts: [1, 2])
            point.value = 2
            let metrics = [OTLPMetric.Kind.sum, .histogram, .exponential].map { kind in
                OTLPMetric(name: "\(kind)", kind: kind, temporality: .delta, isMonotonic: true, points: [point])
            }
            batch.removeAll()
            var unfolding = OTLPUnfolding(translation: OTLPTranslation(), deltas: deltas, now: 0)
            try unfolding.resource(OTLPResourceMetrics(scopes: [(OTLPScope(), metrics)]), into: &batch)
            #expect(unfolding.decoded.rejected == 0)
            last = try described(batch)
        }
        #expect(last.contains("sum_total{} 6 @4000 ^1000"))
        #expect(last.contains(#"histogram_bucket{le="1"} 3 @4000 ^1000"#))
        #expect(last.contains("histogram_count{} 9 @4000 ^1000"))
        #expect(batch.histograms[0].histogram.schema == 0)
        #expect(batch.histograms[0].histogram.positiveBuckets.reduce(0, +) == 9)
        // Scale 2 had buckets 4 and 5, which are bucket 1 of scale 0; scale 1 had 4 and 5, bucket 2; scale 0 itself 4 and 5.
        #expect(batch.histograms[0].histogram.positiveBuckets == [3, 3, 0, 1, 2])
        #expect(deltas.count == 3)
    }

    @Test(arguments: [
        ("exponentialHistogram", #""count":9,"scale":1,"zeroCount":1,"positive":{"bucketCounts":["1"]}"#, "the count is 9"),
        ("histogram", #""count":3,"bucketCounts":[1,1,1],"explicitBounds":[2,1]"#, "explicit bounds must rise"),
    ])
    func `A point that contradicts itself is rejected, the others stand`(_ kind: String, _ point: String, _ reason: String) throws {
        let metric = #""\#(kind)":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"6000000000",\#(point)}]}"#
        let good = #"{"name":"g","gauge":{"dataPoints":[{"timeUnixNano":"6000000000","asInt":1}]}}"#
        let body = Array(#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m",\#(metric)},\#(good)]}]}]}"#.utf8)
        var batch = RawSampleBatch()
        let decoded = try OTLPMetrics.decode(body.span, isJSON: true, now: 0, into: &batch)
        #expect(decoded.rejected == 1 && decoded.reasons.first?.contains(reason) == true, "\(decoded.reasons)")
        #expect(batch.sampleCount == 1)
    }

    @Test func `Sums of exponential histograms far apart become coarser and stay bounded`() throws {
        let deltas = OTLPDeltaSums()
        var point = OTLPPoint()
        point.scale = 20
        for (round, offset) in [Int32.min + 5, 0, Int32.max - 5].enumerated() {
            point.time = Int64(round + 1)
            point.count = 1
            point.positive = .init(offset: offset, counts: [1])
            let sum = try deltas.add(point, .exponential, key: "h")
            #expect(sum.positive.counts.count <= OTLPDeltaSums.maxBuckets)
            #expect(sum.positive.counts.reduce(0, +) == UInt64(round + 1))
        }
    }

    @Test func `Delta values are rejected point by point, with a reason; the rest is taken`() throws {
        var batch = RawSampleBatch()
        let decoded = try OTLPMetrics.decode(OTLPBodies.metrics(temporality: 1).span, isJSON: false, now: 1, into: &batch)
        #expect(decoded.rejected == 3)
        #expect(decoded.reasons.allSatisfy { $0.contains("delta") })
        #expect(try described(batch).contains { $0.hasPrefix("queue_length_ratio") })
    }

    @Test func `Resource attributes, scope and custom buckets come as configured`() throws {
        var translation = OTLPTranslation()
        translation.promotedResourceAttributes = ["host.name"]
        translation.promotesScopeMetadata = true
        translation.convertsHistogramsToCustomBuckets = true
        translation.keepsIdentifyingAttributes = true
        translation.strategy = .noTranslation
        var batch = RawSampleBatch()
        _ = try OTLPMetrics.decode(OTLPBodies.metrics().span, isJSON: false, translation, now: 1, into: &batch)
        let lines = try described(batch)
        #expect(
            lines.contains(
                #"queue.length{"#
                    + #"host.name="h1",instance="i1",job="no/shop",otel_scope_name="lib",otel_scope_version="1.2"} -0.5 @6000"#))
        #expect(lines.contains { $0.hasPrefix("latency{") && $0.contains("h-53 count 6") })
        #expect(lines.contains { $0.hasPrefix("target_info{") && $0.contains(#"service.name="shop""#) })
    }

    @Test(arguments: [
        ("http.server.duration", "ms", "http_server_duration_milliseconds", false), ("a.total", "By", "a_bytes_total", true),
        ("speed", "m/s", "speed_meters_per_second", false), ("cpu.utilization", "1", "cpu_utilization_ratio", false),
        ("2xx", "", "_2xx", false), ("memory_bytes", "By", "memory_bytes", false), ("x", "{thing}/s", "x_per_second", false),
        ("hits", "1", "hits_total", true), ("a..b__c", "", "a_b_c", false), ("t", "foo bar", "t_foo_bar", false),
        ("système", "s", "syst_me_seconds", false),
    ])
    func `Names and units become Prometheus' names`(_ name: String, _ unit: String, _ wanted: String, _ isCounter: Bool) {
        #expect(OTLPTranslation().metricName(name, unit: unit, type: isCounter ? .counter : .gauge) == wanted)
    }

    @Test func `Strategies escape and append or leave alone`() {
        func name(_ strategy: OTLPTranslation.Strategy, _ name: String) -> String {
            var translation = OTLPTranslation()
            translation.strategy = strategy
            return translation.metricName(name, unit: "s", type: .counter)
        }
        #expect(name(.noTranslation, "a.b") == "a.b")
        #expect(name(.noUTF8EscapingWithSuffixes, "a.b") == "a.b_seconds_total")
        #expect(name(.noUTF8EscapingWithSuffixes, "a.b.seconds") == "a.b_seconds_total")
        #expect(name(.underscoreEscapingWithoutSuffixes, "a.b") == "a_b")
        for (label, wanted) in [("a.b", "a_b"), ("1a", "key_1a"), ("_a", "key_a"), ("__a", "__a"), ("å", "key_"), ("a-b c", "a_b_c")] {
            #expect(OTLPTranslation.escapedLabel(label) == wanted)
        }
    }

    @Test func `Damaged bodies never trap`() {
        var batch = RawSampleBatch()
        fuzz("otlp metrics", [OTLPBodies.metrics()], rounds: 3000) { bytes in
            do throws(WireError) {
                _ = try OTLPMetrics.decode(bytes.span, isJSON: false, now: 1, into: &batch)
                for (_, one) in batch.histograms where !one.sum.isStaleMarker { #expect(one.complaint == nil) }
            } catch { #expect(error.offset.map { (0...bytes.count).contains($0) } ?? !error.message.isEmpty) }
        }
        fuzz("otlp metrics json", [OTLPBodies.metricsJSON], rounds: 3000) { bytes in
            do throws(WireError) { _ = try OTLPMetrics.decode(bytes.span, isJSON: true, now: 1, into: &batch) } catch {
                #expect(error.offset.map { (0...bytes.count).contains($0) } ?? !error.message.isEmpty)
            }
        }
    }
}

@Suite struct OTLPLogsTests {
    @Test(arguments: [false, true]) func `Records become lines with metadata, resources become streams`(_ isJSON: Bool) throws {
        let body = isJSON ? OTLPBodies.logsJSON : OTLPBodies.logs
        let decoded = try OTLPLogs.decode(body.span, isJSON: isJSON, now: 99)
        try #require(decoded.writes.count == 1)
        let write = decoded.writes[0]
        #expect(write.labels == ["service_name": "shop"])
        #expect(write.entries.timestamps == [7, 99])
        func line(_ index: Int) -> String { String(decoding: write.entries.lineBytes[write.entries.lineRange(index)], as: UTF8.self) }
        #expect(line(0) == "paid ✓")
        #expect(line(1) == #"{"n":[-3,true]}"#)
        #expect(
            write.entries.metadata(0) == [
                "host_name": "h1", "observed_timestamp": "8", "scope_name": "lib", "severity_number": "9", "severity_text": "INFO",
                "span_id": "01", "trace_id": "0aff", "user_id": "u1",
            ])
        #expect(write.entries.metadata(1) == ["host_name": "h1", "scope_name": "lib"])
    }

    @Test func `Bytes that are text are redacted by their names before they are in base64, others are not touched`() throws {
        let redaction = OTLPRedaction(text: { "<\($0):\($1.count)>" }, part: { $1 }, name: { $0 })
        // "kari", and bytes that are no UTF-8.
        let body = #"""
            {"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"bytesValue":"a2FyaQ=="},"attributes":[
            {"key":"user","value":{"bytesValue":"a2FyaQ=="}},{"key":"raw","value":{"bytesValue":"/w=="}},
            {"key":"in","value":{"kvlistValue":{"values":[{"key":"who","value":{"arrayValue":{"values":[{"bytesValue":"a2FyaQ=="}]}}}]}}}]}]}]}]}
            """#
        let decoded = try OTLPLogs.decode(Array(body.utf8).span, isJSON: true, now: 1, redact: redaction)
        let entries = try #require(decoded.writes.first?.entries)
        // "<:4>", "<user:4>", "<who:4>".
        #expect(String(decoding: entries.lineBytes, as: UTF8.self) == "PDo0Pg==")
        #expect(entries.metadata(0) == ["in_who": #"["PHdobzo0Pg=="]"#, "raw": "/w==", "user": "PHVzZXI6ND4="])
    }

    @Test func `Names are redacted before they are translated, members of maps under the keys of the maps`() throws {
        let redaction = OTLPRedaction(
            text: { $1 }, part: { $0 == "password" ? "<gone>" : $1 }, name: { $0.replacing("kari@x.no", with: "<EMAIL>") })
        let logs = #"""
            {"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"a"},"attributes":[
            {"key":"by.kari@x.no","value":{"stringValue":"b"}},
            {"key":"in","value":{"kvlistValue":{"values":[{"key":"password","value":{"kvlistValue":{"values":[
              {"key":"v","value":{"arrayValue":{"values":[{"stringValue":"hunter2x"}]}}}]}}},{"key":"c","value":{"stringValue":"d"}}]}}}
            ]}]}]}]}
            """#
        let entries = try #require(OTLPLogs.decode(Array(logs.utf8).span, isJSON: true, now: 1, redact: redaction).writes.first?.entries)
        #expect(entries.metadata(0) == ["by__EMAIL_": "b", "in_c": "d", "in_password_v": "<gone>"])
        let metrics = #"""
            {"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"seen.kari@x.no","unit":"s","gauge":{"dataPoints":[
            {"asDouble":1,"attributes":[{"key":"by.kari@x.no","value":{"stringValue":"b"}}]}]}}]}]}]}
            """#
        var batch = RawSampleBatch()
        let decoded = try OTLPMetrics.decode(Array(metrics.utf8).span, isJSON: true, now: 1, redact: redaction, into: &batch)
        #expect(decoded.metadata.map(\.family) == ["seen_EMAIL_seconds"])
        let range = Int(batch.labelStarts[0])..<Int(batch.labelEnds[0])
        #expect(try RemoteWrite.labels(batch.bytes.span.extracting(range)) == ["__name__": "seen_EMAIL_seconds", "by__EMAIL_": "b"])
    }

    @Test func `Damaged bodies never trap, nesting is bounded`() {
        fuzz("otlp logs", [OTLPBodies.logs], rounds: 3000) { bytes in _ = try? OTLPLogs.decode(bytes.span, isJSON: false, now: 1) }
        fuzz("otlp logs json", [OTLPBodies.logsJSON], rounds: 3000) { bytes in _ = try? OTLPLogs.decode(bytes.span, isJSON: true, now: 1) }
        var value = Message.of { $0.string(1, "deep") }
        for _ in 0..<5000 { value = Message.of { message in message.message(5) { ProtobufWriter.bytes(1, value, to: &$0.bytes) } } }
        let body = Message.of { $0.message(1) { $0.message(2) { $0.message(2) { ProtobufWriter.bytes(5, value, to: &$0.bytes) } } } }
        #expect(throws: WireError.self) { try OTLPLogs.decode(body.span, isJSON: false, now: 1) }
    }

    @Test func `Base64 is written and read back`() {
        for (bytes, text) in [([], ""), ([0x66], "Zg=="), ([0x66, 0x6F], "Zm8="), ([0x66, 0x6F, 0x6F], "Zm9v"), ([0xFF, 0xFE], "//4=")]
            as [([UInt8], String)]
        {
            #expect(Base64.text(bytes) == text)
            #expect(Base64.bytes(text) == bytes)
        }
        #expect(Base64.bytes("a*b") == nil)
    }
}
