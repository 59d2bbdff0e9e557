import VardeKernels
package import VardeModel

/// Answers of remote read in protobuf, before compression.
package enum RemoteReadResponse {
    /// One series as field 1 of `prometheus.QueryResult`: labels, samples, histograms (with float counts).
    package static func appendSeries(_ labels: Labels, _ samples: SampleColumns, to out: inout [UInt8]) {
        var one: [UInt8] = []
        appendLabels(labels, to: &one)
        var part: [UInt8] = []
        for index in 0..<samples.count where samples.histograms.isEmpty || samples.histograms[index] == nil {
            part.removeAll(keepingCapacity: true)
            ProtobufWriter.double(1, samples.values[index], to: &part)
            ProtobufWriter.integer(2, samples.timestamps[index], to: &part)
            ProtobufWriter.bytes(2, part, to: &one)
        }
        for (index, histogram) in samples.histograms.enumerated() {
            guard let histogram else { continue }
            part.removeAll(keepingCapacity: true)
            appendHistogram(histogram, at: samples.timestamps[index], to: &part)
            ProtobufWriter.bytes(4, part, to: &one)
        }
        ProtobufWriter.bytes(1, one, to: &out)
    }

    static func appendLabels(_ labels: Labels, to out: inout [UInt8]) {
        for label in labels {
            var pair: [UInt8] = []
            ProtobufWriter.string(1, label.name, to: &pair)
            ProtobufWriter.string(2, label.value, to: &pair)
            ProtobufWriter.bytes(1, pair, to: &out)
        }
    }

    /// `prometheus.Histogram` with float counts.
    private static func appendHistogram(_ histogram: NativeHistogram, at time: Int64, to out: inout [UInt8]) {
        func zigzag(_ value: Int32) -> Int64 { Int64(bitPattern: Varint.zigzag(Int64(value))) }
        ProtobufWriter.double(2, histogram.count, to: &out)
        ProtobufWriter.double(3, histogram.sum, to: &out)
        ProtobufWriter.integer(4, zigzag(histogram.schema), to: &out)
        ProtobufWriter.double(5, histogram.zeroThreshold, to: &out)
        ProtobufWriter.double(7, histogram.zeroCount, to: &out)
        for (spanField, countField, spans, buckets) in [
            (8, 10, histogram.negativeSpans, histogram.negativeBuckets), (11, 13, histogram.positiveSpans, histogram.positiveBuckets),
        ] as [(UInt64, UInt64, [NativeHistogram.BucketSpan], [Double])] {
            for span in spans {
                var one: [UInt8] = []
                ProtobufWriter.integer(1, zigzag(span.offset), to: &one)
                ProtobufWriter.integer(2, Int64(span.length), to: &one)
                ProtobufWriter.bytes(spanField, one, to: &out)
            }
            appendDoubles(countField, buckets, to: &out)
        }
        ProtobufWriter.integer(14, Int64(histogram.counterResetHint.rawValue), to: &out)
        ProtobufWriter.integer(15, time, to: &out)
        appendDoubles(16, histogram.customBounds, to: &out)
    }

    private static func appendDoubles(_ field: UInt64, _ values: [Double], to out: inout [UInt8]) {
        if values.isEmpty { return }
        var packed: [UInt8] = []
        for value in values { Bytes.append64(value.bitPattern, to: &packed) }
        ProtobufWriter.bytes(field, packed, to: &out)
    }

    /// `prometheus.ReadResponse` of the series of each query.
    package static func response(ofQueries queries: [[UInt8]]) -> [UInt8] {
        var out: [UInt8] = []
        for query in queries { ProtobufWriter.bytes(1, query, to: &out) }
        return out
    }

    /// Bytes of chunks a frame may hold before the series goes on in another: Prometheus' default.
    private static let maxFrame = 1 << 20

    /// One series as frames of `prometheus.ChunkedReadResponse`: length (varint), crc32c (big-endian), message.
    package static func appendFrames(_ labels: Labels, _ samples: SampleColumns, query: Int, to out: inout [UInt8]) {
        var head: [UInt8] = []
        appendLabels(labels, to: &head)
        var series = head
        let chunks = GorillaChunk.chunks(of: samples)
        for (index, chunk) in chunks.enumerated() {
            var one: [UInt8] = []
            ProtobufWriter.integer(1, chunk.first, to: &one)
            ProtobufWriter.integer(2, chunk.last, to: &one)
            ProtobufWriter.integer(3, Int64(chunk.encoding.rawValue), to: &one)
            ProtobufWriter.bytes(4, chunk.bytes, to: &one)
            ProtobufWriter.bytes(2, one, to: &series)
            if series.count < maxFrame, index < chunks.count - 1 { continue }
            appendFrame(series, query: query, to: &out)
            series = head
        }
    }

    private static func appendFrame(_ series: [UInt8], query: Int, to out: inout [UInt8]) {
        var message: [UInt8] = []
        ProtobufWriter.bytes(1, series, to: &message)
        if query > 0 { ProtobufWriter.integer(2, Int64(query), to: &message) }
        Varint.append(UInt64(message.count), to: &out)
        let checksum = CRC32C.checksum(message.span)
        for shift in [24, 16, 8, 0] as [UInt32] { out.append(UInt8(truncatingIfNeeded: checksum >> shift)) }
        out += message
    }
}
