import VardeKernels
package import VardeModel

/// Prometheus remote write 1.0: `prometheus.WriteRequest` in protobuf (the specification's section “Protocol”).
package enum RemoteWrite {
    /// Metadata of a metric family as senders pass it on.
    package struct Metadata: Sendable, Equatable {
        package var type: String
        package var family: String
        package var help: String
        package var unit: String

        package init(type: String, family: String, help: String, unit: String) {
            self.type = type
            self.family = family
            self.help = help
            self.unit = unit
        }
    }

    /// What a body held besides what went into the batch.
    package struct Decoded: Sendable {
        /// One record a metric family.
        package var metadata: [Metadata] = []
        /// What was refused because its series or histogram cannot be; the rest of the body stands (a partial write).
        package var refusedSamples = 0
        package var refusedHistograms = 0
        package var refusedExemplars = 0
        /// Why, of the first ten.
        package var reasons: [WireError] = []

        mutating func refuse(_ reason: WireError) { if reasons.count < 10 { reasons.append(reason) } }
    }

    static let metadataTypes = ["unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset"]

    /// Walks a decompressed body into `batch`, which takes the body over. Labels stay where they lie.
    ///
    /// A series whose label fields do not stand together (no sender does that) has them copied to the end of the bytes.
    /// - Returns: metadata records in the body, and what native histograms contradict themselves: those are left out.
    /// - Throws: where the body is cut short or damaged: the whole request is refused.
    package static func decode(_ body: consuming [UInt8], into batch: inout RawSampleBatch) throws(WireError) -> Decoded {
        batch.removeAll()
        batch.bytes = body
        var walk = RemoteWriteWalk()
        do throws(ProtobufReader.Fault) {
            let bytes = batch.bytes
            try walk.request(bytes.span, into: &batch)
        } catch {
            throw error.wire
        }
        for (series, labels) in walk.moved {
            batch.labelStarts[series] = UInt32(batch.bytes.count)
            batch.bytes += labels
            batch.labelEnds[series] = UInt32(batch.bytes.count)
        }
        return walk.decoded
    }

    /// A request body, before compression.
    package static func encode(_ series: [(labels: Labels, samples: [(timestamp: Int64, value: Double)])]) -> [UInt8] {
        var out: [UInt8] = []
        for (labels, samples) in series {
            var one: [UInt8] = []
            for label in labels {
                var pair: [UInt8] = []
                ProtobufWriter.string(1, label.name, to: &pair)
                ProtobufWriter.string(2, label.value, to: &pair)
                ProtobufWriter.bytes(1, pair, to: &one)
            }
            for (timestamp, value) in samples {
                var sample: [UInt8] = []
                ProtobufWriter.double(1, value, to: &sample)
                ProtobufWriter.integer(2, timestamp, to: &sample)
                ProtobufWriter.bytes(2, sample, to: &one)
            }
            ProtobufWriter.bytes(1, one, to: &out)
        }
        return out
    }
}
