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
    }

    private static let metadataTypes = ["unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset"]

    /// Walks a decompressed body into `batch`, which takes the body over. Labels stay where they lie.
    ///
    /// A series whose label fields do not stand together (no sender does that) has them copied to the end of the bytes.
    /// - Returns: metadata records in the body.
    package static func decode(_ body: consuming [UInt8], into batch: inout RawSampleBatch) throws(WireError) -> [Metadata] {
        batch.removeAll()
        batch.bytes = body
        var metadata: [Metadata] = []
        do throws(ProtobufReader.Fault) {
            var moved: [(series: Int, labels: [UInt8])] = []
            let bytes = batch.bytes
            try walk(bytes.span, into: &batch, moved: &moved, metadata: &metadata)
            for (series, labels) in moved {
                batch.labelStarts[series] = UInt32(batch.bytes.count)
                batch.bytes += labels
                batch.labelEnds[series] = UInt32(batch.bytes.count)
            }
        } catch {
            throw error.wire
        }
        return metadata
    }

    private static func walk(
        _ bytes: Span<UInt8>, into batch: inout RawSampleBatch, moved: inout [(series: Int, labels: [UInt8])], metadata: inout [Metadata]
    ) throws(ProtobufReader.Fault) {
        var request = ProtobufReader(0..<bytes.count)
        while !request.isAtEnd {
            let (field, type) = try request.tag(bytes)
            switch (field, type) {
            case (1, 2): try series(try request.delimited(bytes), bytes, into: &batch, moved: &moved)
            case (3, 2): metadata.append(try familyMetadata(try request.delimited(bytes), bytes))
            default: try request.skip(type, bytes)
            }
        }
    }

    private static func series(
        _ range: Range<Int>, _ bytes: Span<UInt8>, into batch: inout RawSampleBatch, moved: inout [(series: Int, labels: [UInt8])]
    ) throws(ProtobufReader.Fault) {
        var reader = ProtobufReader(range)
        var start = -1
        var end = -1
        var apart: [UInt8] = []
        while !reader.isAtEnd {
            let before = reader.at
            let (field, type) = try reader.tag(bytes)
            switch (field, type) {
            case (1, 2):
                _ = try reader.delimited(bytes)
                if start < 0 {
                    start = before
                } else if end != before {
                    if apart.isEmpty { Bytes.append(bytes.extracting(start..<end), to: &apart) }
                }
                if !apart.isEmpty { Bytes.append(bytes.extracting(before..<reader.at), to: &apart) }
                end = reader.at
            case (2, 2):
                let (timestamp, value) = try sample(try reader.delimited(bytes), bytes)
                batch.timestamps.append(timestamp)
                batch.values.append(value)
            case (4, 2):
                let histogram = try RemoteWriteHistogram.decode(try reader.delimited(bytes), bytes)
                batch.histograms.append((batch.timestamps.count, histogram.histogram))
                batch.timestamps.append(histogram.timestamp)
                batch.values.append(0)
            default: try reader.skip(type, bytes)
            }
        }
        if !apart.isEmpty { moved.append((batch.labelStarts.count, apart)) }
        batch.labelStarts.append(UInt32(max(start, 0)))
        batch.labelEnds.append(UInt32(max(end, 0)))
        batch.sampleEnds.append(UInt32(batch.timestamps.count))
    }

    @inline(__always)
    private static func sample(_ range: Range<Int>, _ bytes: Span<UInt8>) throws(ProtobufReader.Fault) -> (Int64, Double) {
        var reader = ProtobufReader(range)
        var timestamp: Int64 = 0
        var value = 0.0
        while !reader.isAtEnd {
            let (field, type) = try reader.tag(bytes)
            switch (field, type) {
            case (1, 1): value = Double(bitPattern: try reader.fixed64(bytes))
            case (2, 0): timestamp = Int64(bitPattern: try reader.varint(bytes))
            default: try reader.skip(type, bytes)
            }
        }
        return (timestamp, value)
    }

    private static func familyMetadata(_ range: Range<Int>, _ bytes: Span<UInt8>) throws(ProtobufReader.Fault) -> Metadata {
        var reader = ProtobufReader(range)
        var metadata = Metadata(type: "unknown", family: "", help: "", unit: "")
        while !reader.isAtEnd {
            let (field, type) = try reader.tag(bytes)
            switch (field, type) {
            case (1, 0):
                let index = try reader.varint(bytes)
                metadata.type = index < UInt64(metadataTypes.count) ? metadataTypes[Int(index)] : "unknown"
            case (2, 2): metadata.family = Bytes.string(bytes.extracting(try reader.delimited(bytes)))
            case (4, 2): metadata.help = Bytes.string(bytes.extracting(try reader.delimited(bytes)))
            case (5, 2): metadata.unit = Bytes.string(bytes.extracting(try reader.delimited(bytes)))
            default: try reader.skip(type, bytes)
            }
        }
        return metadata
    }

    /// Labels of one series from the bytes `decode` pointed at.
    ///
    /// - Throws: what makes them no label set: no metric name, an empty or repeated name, invalid UTF-8.
    package static func labels(_ bytes: Span<UInt8>) throws(WireError) -> Labels {
        var labels: [Label] = []
        do throws(ProtobufReader.Fault) {
            var reader = ProtobufReader(0..<bytes.count)
            while !reader.isAtEnd {
                let (field, type) = try reader.tag(bytes)
                guard field == 1, type == 2 else {
                    try reader.skip(type, bytes)
                    continue
                }
                var inner = ProtobufReader(try reader.delimited(bytes))
                var name = 0..<0
                var value = 0..<0
                while !inner.isAtEnd {
                    let (field, type) = try inner.tag(bytes)
                    switch (field, type) {
                    case (1, 2): name = try inner.delimited(bytes)
                    case (2, 2): value = try inner.delimited(bytes)
                    default: try inner.skip(type, bytes)
                    }
                }
                labels.append(Label(Bytes.string(bytes.extracting(name)), Bytes.string(bytes.extracting(value))))
            }
        } catch {
            throw error.wire
        }
        return try validate(labels)
    }

    /// Makes a label set of a sender's labels, sorted where they are not.
    package static func validate(_ labels: [Label]) throws(WireError) -> Labels {
        var seen: Set<String> = []
        for label in labels {
            if label.name.isEmpty { throw WireError("a label with an empty name in \(Labels(labels.filter { !$0.name.isEmpty }))") }
            if label.name.contains("\u{FFFD}") || label.value.contains("\u{FFFD}") {
                throw WireError("label \(label.name.quoted) is not valid UTF-8")
            }
            if !seen.insert(label.name).inserted { throw WireError("label \(label.name.quoted) is given twice in \(Labels(labels))") }
        }
        let set = Labels(labels)
        if set.name.isEmpty { throw WireError("a series without a metric name: \(set)") }
        return set
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
