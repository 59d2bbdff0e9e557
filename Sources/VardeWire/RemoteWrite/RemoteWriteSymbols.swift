import VardeKernels
package import VardeModel

/// Prometheus remote write 2.0: `io.prometheus.write.v2.Request`, where each text stands once in a table of symbols.
///
/// Series come out as those of 1.0 do, labels written in its form, so a store takes a sender of either for the same series.
package enum RemoteWriteSymbols {
    /// Decodes a decompressed body into `batch`.
    ///
    /// - Throws: where the body is cut short or damaged; series that contradict themselves are counted in what is returned.
    package static func decode(_ body: Span<UInt8>, into batch: inout RawSampleBatch) throws(WireError) -> RemoteWrite.Decoded {
        batch.removeAll()
        var walk = SymbolWalk()
        do throws(ProtobufReader.Fault) { try walk.symbols(body) } catch { throw error.wire }
        var reader = ProtobufReader(0..<body.count)
        while !reader.isAtEnd {
            let series: Range<Int>
            do throws(ProtobufReader.Fault) {
                let (field, type) = try reader.tag(body)
                guard field == 5, type == 2 else {
                    // Those of 1.0, which 2.0 leaves free so that one is not taken for the other.
                    if field <= 3 { throw ProtobufReader.Fault.reserved(field: field, at: reader.at) }
                    if field == 4, type == 2 { _ = try reader.delimited(body) } else { try reader.skip(field, type, known: 5, body) }
                    continue
                }
                series = try reader.delimited(body)
                try walk.read(series, body)
            } catch {
                throw error.wire
            }
            try walk.append(at: series.lowerBound, body, into: &batch)
        }
        return walk.decoded
    }

    /// The pass over one body; its arrays are reused from series to series.
    private struct SymbolWalk {
        var decoded = RemoteWrite.Decoded()
        private var table: [Range<Int>] = []
        private var families: Set<String> = []
        // The series at hand.
        private var labels: [UInt32] = []
        private var samples: [(timestamp: Int64, value: Double, start: Int64)] = []
        private var histograms: [(timestamp: Int64, histogram: NativeHistogram, start: Int64, complaint: String?)] = []
        private var exemplars: [(labels: [UInt32], value: Double, timestamp: Int64)] = []
        private var metadata: (type: UInt64, help: UInt32, unit: UInt32)?
        private var start: Int64 = 0

        init() {}

        mutating func symbols(_ body: Span<UInt8>) throws(ProtobufReader.Fault) {
            var reader = ProtobufReader(0..<body.count)
            while !reader.isAtEnd {
                let (field, type) = try reader.tag(body)
                if field == 4, type == 2 { table.append(try reader.delimited(body)) } else { try reader.skip(type, body) }
            }
        }

        mutating func read(_ range: Range<Int>, _ body: Span<UInt8>) throws(ProtobufReader.Fault) {
            labels.removeAll(keepingCapacity: true)
            samples.removeAll(keepingCapacity: true)
            histograms.removeAll(keepingCapacity: true)
            exemplars.removeAll(keepingCapacity: true)
            metadata = nil
            start = 0
            var reader = ProtobufReader(range)
            while !reader.isAtEnd {
                let (field, type) = try reader.tag(body)
                switch (field, type) {
                case (1, 2): try Self.references(try reader.delimited(body), body, into: &labels)
                case (1, 0): labels.append(UInt32(clamping: try reader.varint(body)))
                case (2, 2): samples.append(try sample(try reader.delimited(body), body))
                case (3, 2):
                    histograms.append(try RemoteWriteHistogram.decode(try reader.delimited(body), body))
                case (4, 2): exemplars.append(try exemplar(try reader.delimited(body), body))
                case (5, 2): metadata = try metadata(try reader.delimited(body), body)
                case (6, 0): start = Int64(bitPattern: try reader.varint(body))
                default: try reader.skip(field, type, known: 6, body)
                }
            }
        }

        private static func references(
            _ range: Range<Int>, _ body: Span<UInt8>, into out: inout [UInt32]
        ) throws(ProtobufReader.Fault) {
            var reader = ProtobufReader(range)
            while !reader.isAtEnd { out.append(UInt32(clamping: try reader.varint(body))) }
        }

        private func sample(_ range: Range<Int>, _ body: Span<UInt8>) throws(ProtobufReader.Fault) -> (Int64, Double, Int64) {
            var reader = ProtobufReader(range)
            var sample: (timestamp: Int64, value: Double, start: Int64) = (0, 0, 0)
            while !reader.isAtEnd {
                let (field, type) = try reader.tag(body)
                switch (field, type) {
                case (1, 1): sample.value = Double(bitPattern: try reader.fixed64(body))
                case (2, 0): sample.timestamp = Int64(bitPattern: try reader.varint(body))
                case (3, 0): sample.start = Int64(bitPattern: try reader.varint(body))
                default: try reader.skip(field, type, known: 3, body)
                }
            }
            return sample
        }

        private func exemplar(_ range: Range<Int>, _ body: Span<UInt8>) throws(ProtobufReader.Fault) -> ([UInt32], Double, Int64) {
            var reader = ProtobufReader(range)
            var exemplar: (labels: [UInt32], value: Double, timestamp: Int64) = ([], 0, 0)
            while !reader.isAtEnd {
                let (field, type) = try reader.tag(body)
                switch (field, type) {
                case (1, 2): try Self.references(try reader.delimited(body), body, into: &exemplar.labels)
                case (1, 0): exemplar.labels.append(UInt32(clamping: try reader.varint(body)))
                case (2, 1): exemplar.value = Double(bitPattern: try reader.fixed64(body))
                case (3, 0): exemplar.timestamp = Int64(bitPattern: try reader.varint(body))
                default: try reader.skip(type, body)
                }
            }
            return exemplar
        }

        private func metadata(_ range: Range<Int>, _ body: Span<UInt8>) throws(ProtobufReader.Fault) -> (UInt64, UInt32, UInt32) {
            var reader = ProtobufReader(range)
            var metadata: (type: UInt64, help: UInt32, unit: UInt32) = (0, 0, 0)
            while !reader.isAtEnd {
                let (field, type) = try reader.tag(body)
                switch (field, type) {
                case (1, 0): metadata.type = try reader.varint(body)
                case (3, 0): metadata.help = UInt32(clamping: try reader.varint(body))
                case (4, 0): metadata.unit = UInt32(clamping: try reader.varint(body))
                default: try reader.skip(type, body)
                }
            }
            return metadata
        }

        /// Puts the series read last into the batch, or counts it as refused.
        mutating func append(at offset: Int, _ body: Span<UInt8>, into batch: inout RawSampleBatch) throws(WireError) {
            guard labels.count % 2 == 0, labels.allSatisfy({ Int($0) < table.count }) else {
                let what = labels.count % 2 == 0 ? "a label refers to no symbol" : "a label name refers to no value"
                decoded.refuse(WireError("a series whose labels cannot be read: \(what) (there are \(table.count) symbols)", at: offset))
                decoded.refusedSamples += samples.count
                decoded.refusedHistograms += histograms.count
                decoded.refusedExemplars += exemplars.count
                return
            }
            guard !samples.isEmpty || !histograms.isEmpty else {
                decoded.refusedExemplars += exemplars.count
                return decoded.refuse(WireError("a series without a sample or histogram", at: offset))
            }
            // Counted before a byte is copied: one series alone may unfold to any size.
            let size = labels.reduce(batch.bytes.count) { $0 + table[Int($1)].count }
            guard size <= RawSampleBatch.maxLabelBytes else { throw RawSampleBatch.unfoldsTooFar(at: offset) }
            for exemplar in exemplars { append(exemplar, offset, body, into: &batch) }
            batch.beginSeries()
            var pair = 0
            while pair < labels.count {
                batch.label(body.extracting(table[Int(labels[pair])]), body.extracting(table[Int(labels[pair + 1])]))
                pair += 2
            }
            try batch.endLabels(from: offset)
            for sample in samples { batch.sample(sample.timestamp, sample.value, start: sample.start != 0 ? sample.start : start) }
            for one in histograms {
                if let complaint = one.complaint {
                    decoded.refusedHistograms += 1
                    decoded.refuse(WireError("native histogram: \(complaint)", at: offset))
                } else {
                    batch.sample(one.timestamp, one.histogram, start: one.start != 0 ? one.start : start)
                }
            }
            batch.endSeries()
            if let metadata { note(metadata, body) }
        }

        private mutating func append(
            _ exemplar: (labels: [UInt32], value: Double, timestamp: Int64), _ offset: Int, _ body: Span<UInt8>,
            into batch: inout RawSampleBatch
        ) {
            guard exemplar.labels.count % 2 == 0, exemplar.labels.allSatisfy({ Int($0) < table.count }) else {
                decoded.refusedExemplars += 1
                return decoded.refuse(WireError("an exemplar whose labels refer to no symbols", at: offset))
            }
            let labels = stride(from: 0, to: exemplar.labels.count, by: 2).map { pair in
                Label(text(exemplar.labels[pair], body), text(exemplar.labels[pair + 1], body))
            }
            let value = Exemplar(labels: Labels(labels), value: exemplar.value, timestamp: exemplar.timestamp)
            batch.exemplars.append((batch.seriesCount, value))
        }

        private func text(_ symbol: UInt32, _ body: Span<UInt8>) -> String {
            Int(symbol) < table.count ? Bytes.string(body.extracting(table[Int(symbol)])) : ""
        }

        /// Metadata comes with each series and is kept once a family.
        private mutating func note(_ metadata: (type: UInt64, help: UInt32, unit: UInt32), _ body: Span<UInt8>) {
            guard metadata.type != 0 || metadata.help != 0 || metadata.unit != 0 else { return }
            var family = ""
            for pair in stride(from: 0, to: labels.count, by: 2) where text(labels[pair], body) == Labels.metricName {
                family = text(labels[pair + 1], body)
            }
            let type = metadata.type < UInt64(RemoteWrite.metadataTypes.count) ? RemoteWrite.metadataTypes[Int(metadata.type)] : "unknown"
            if ["histogram", "gaugehistogram", "summary"].contains(type) {
                for suffix in ["_bucket", "_count", "_sum"] where family.hasSuffix(suffix) {
                    family.removeLast(suffix.count)
                    break
                }
            }
            guard !family.isEmpty, families.insert(family).inserted else { return }
            decoded.metadata.append(.init(type: type, family: family, help: text(metadata.help, body), unit: text(metadata.unit, body)))
        }
    }
}
