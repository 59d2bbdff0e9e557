import VardeKernels
package import VardeModel

/// Prometheus' protobuf exposition: `io.prometheus.client.MetricFamily` messages, each behind its length; the format that carries
/// native histograms.
package struct ProtobufExposition {
    /// Histograms that come in both kinds are kept as native ones; with this, their classic series too (`always_scrape_classic_histograms`).
    package var alwaysClassic: Bool
    /// Milliseconds: when samples without a time of their own were taken.
    package var scrapeTime: Int64
    /// Whether a sample's own time counts (`honor_timestamps`).
    package var honorsTimestamps: Bool

    package init(scrapeTime: Int64, honorsTimestamps: Bool = true, alwaysClassic: Bool = false) {
        self.scrapeTime = scrapeTime
        self.honorsTimestamps = honorsTimestamps
        self.alwaysClassic = alwaysClassic
    }

    /// Decodes a body into `batch`, series by series; labels are read by `RemoteWrite.labels`.
    ///
    /// - Returns: what the body says of its families.
    package func decode(_ body: Span<UInt8>, into batch: inout RawSampleBatch) throws(WireError) -> [RemoteWrite.Metadata] {
        batch.removeAll()
        var metadata: [RemoteWrite.Metadata] = []
        var reader = ProtobufReader(0..<body.count)
        while !reader.isAtEnd {
            let range: Range<Int>
            do throws(ProtobufReader.Fault) { range = try reader.delimited(body) } catch { throw error.wire }
            metadata.append(try family(range, body, into: &batch))
        }
        return metadata
    }

    private static let types = ["counter", "gauge", "summary", "unknown", "histogram", "gaugehistogram"]

    private func family(
        _ range: Range<Int>, _ body: Span<UInt8>, into batch: inout RawSampleBatch
    ) throws(WireError) -> RemoteWrite.Metadata {
        var metadata = RemoteWrite.Metadata(type: Self.types[0], family: "", help: "", unit: "")
        var name = 0..<0
        var metrics: [Range<Int>] = []
        do throws(ProtobufReader.Fault) {
            var reader = ProtobufReader(range)
            while !reader.isAtEnd {
                let (field, type) = try reader.tag(body)
                switch (field, type) {
                case (1, 2): name = try reader.delimited(body)
                case (2, 2): metadata.help = Bytes.string(body.extracting(try reader.delimited(body)))
                case (3, 0):
                    let number = try reader.varint(body)
                    metadata.type = number < UInt64(Self.types.count) ? Self.types[Int(number)] : "unknown"
                case (4, 2): metrics.append(try reader.delimited(body))
                case (5, 2): metadata.unit = Bytes.string(body.extracting(try reader.delimited(body)))
                default: try reader.skip(type, body)
                }
            }
        } catch {
            throw error.wire
        }
        metadata.family = Bytes.string(body.extracting(name))
        if name.isEmpty { throw WireError("a metric family without a name", at: range.lowerBound) }
        var family = ProtobufFamily(name: name, exposition: self)
        for metric in metrics { try family.metric(metric, body, into: &batch) }
        return metadata
    }
}
