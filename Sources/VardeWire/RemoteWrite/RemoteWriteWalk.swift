import VardeKernels
import VardeModel

/// One pass over a body of remote write 1.0.
struct RemoteWriteWalk {
    /// Labels that did not stand together, by the index of their series.
    var moved: [(series: Int, labels: [UInt8])] = []
    var decoded = RemoteWrite.Decoded()

    mutating func request(_ bytes: Span<UInt8>, into batch: inout RawSampleBatch) throws(ProtobufReader.Fault) {
        var request = ProtobufReader(0..<bytes.count)
        while !request.isAtEnd {
            let (field, type) = try request.tag(bytes)
            switch (field, type) {
            case (1, 2): try series(try request.delimited(bytes), bytes, into: &batch)
            case (3, 2): decoded.metadata.append(try Self.familyMetadata(try request.delimited(bytes), bytes))
            case (4...5, 2): throw .reserved(field: field, at: request.at)
            case (2, _): try request.skip(type, bytes)
            default: try request.skip(field, type, known: 3, bytes)
            }
        }
    }

    @inline(__always)
    private mutating func series(
        _ range: Range<Int>, _ bytes: Span<UInt8>, into batch: inout RawSampleBatch
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
                } else if end != before || !apart.isEmpty {
                    if apart.isEmpty { Bytes.append(bytes.extracting(start..<end), to: &apart) }
                    Bytes.append(bytes.extracting(before..<reader.at), to: &apart)
                }
                end = reader.at
            case (2, 2):
                let (timestamp, value) = try Self.sample(try reader.delimited(bytes), bytes)
                batch.timestamps.append(timestamp)
                batch.values.append(value)
            case (3, 2): batch.exemplars.append((batch.labelStarts.count, try Self.exemplar(try reader.delimited(bytes), bytes)))
            case (4, 2): try histogram(try reader.delimited(bytes), bytes, into: &batch)
            default: try reader.skip(field, type, known: 4, bytes)
            }
        }
        if !apart.isEmpty { moved.append((batch.labelStarts.count, apart)) }
        batch.labelStarts.append(UInt32(truncatingIfNeeded: max(start, 0)))
        batch.labelEnds.append(UInt32(truncatingIfNeeded: max(end, 0)))
        batch.sampleEnds.append(UInt32(truncatingIfNeeded: batch.timestamps.count))
    }

    private mutating func histogram(
        _ range: Range<Int>, _ bytes: Span<UInt8>, into batch: inout RawSampleBatch
    ) throws(ProtobufReader.Fault) {
        let (timestamp, histogram, _, complaint) = try RemoteWriteHistogram.decode(range, bytes)
        if let complaint {
            decoded.refusedHistograms += 1
            return decoded.refuse(WireError("native histogram: \(complaint)", at: range.lowerBound))
        }
        batch.histograms.append((batch.timestamps.count, histogram))
        batch.timestamps.append(timestamp)
        batch.values.append(0)
    }

    @inline(__always)
    static func sample(_ range: Range<Int>, _ bytes: Span<UInt8>) throws(ProtobufReader.Fault) -> (Int64, Double) {
        var reader = ProtobufReader(range)
        var timestamp: Int64 = 0
        var value = 0.0
        while !reader.isAtEnd {
            let (field, type) = try reader.tag(bytes)
            switch (field, type) {
            case (1, 1): value = Double(bitPattern: try reader.fixed64(bytes))
            case (2, 0): timestamp = Int64(bitPattern: try reader.varint(bytes))
            default: try reader.skip(field, type, known: 2, bytes)
            }
        }
        return (timestamp, value)
    }

    private static func exemplar(_ range: Range<Int>, _ bytes: Span<UInt8>) throws(ProtobufReader.Fault) -> Exemplar {
        var reader = ProtobufReader(range)
        var labels: [Label] = []
        var exemplar = Exemplar(labels: .empty, value: 0, timestamp: 0)
        while !reader.isAtEnd {
            let (field, type) = try reader.tag(bytes)
            switch (field, type) {
            case (1, 2): labels.append(try label(try reader.delimited(bytes), bytes))
            case (2, 1): exemplar.value = Double(bitPattern: try reader.fixed64(bytes))
            case (3, 0): exemplar.timestamp = Int64(bitPattern: try reader.varint(bytes))
            default: try reader.skip(type, bytes)
            }
        }
        exemplar.labels = Labels(labels)
        return exemplar
    }

    /// A pair of name (field 1) and value (field 2), as remote write, exposition and Loki have it.
    static func label(_ range: Range<Int>, _ bytes: Span<UInt8>) throws(ProtobufReader.Fault) -> Label {
        var reader = ProtobufReader(range)
        var label = Label("", "")
        while !reader.isAtEnd {
            let (field, type) = try reader.tag(bytes)
            switch (field, type) {
            case (1, 2): label.name = Bytes.string(bytes.extracting(try reader.delimited(bytes)))
            case (2, 2): label.value = Bytes.string(bytes.extracting(try reader.delimited(bytes)))
            default: try reader.skip(type, bytes)
            }
        }
        return label
    }

    private static func familyMetadata(_ range: Range<Int>, _ bytes: Span<UInt8>) throws(ProtobufReader.Fault) -> RemoteWrite.Metadata {
        var reader = ProtobufReader(range)
        var metadata = RemoteWrite.Metadata(type: "unknown", family: "", help: "", unit: "")
        while !reader.isAtEnd {
            let (field, type) = try reader.tag(bytes)
            switch (field, type) {
            case (1, 0):
                let index = try reader.varint(bytes)
                metadata.type = index < UInt64(RemoteWrite.metadataTypes.count) ? RemoteWrite.metadataTypes[Int(index)] : "unknown"
            case (2, 2): metadata.family = Bytes.string(bytes.extracting(try reader.delimited(bytes)))
            case (4, 2): metadata.help = Bytes.string(bytes.extracting(try reader.delimited(bytes)))
            case (5, 2): metadata.unit = Bytes.string(bytes.extracting(try reader.delimited(bytes)))
            default: try reader.skip(type, bytes)
            }
        }
        return metadata
    }
}
