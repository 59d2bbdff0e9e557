import VardeKernels
package import VardeModel

extension RemoteWriteSymbols {
    /// A request of 2.0 with all series of a batch, before compression.
    ///
    /// - Parameter metadata: what is known of metric families, by name; a series finds its own by its name, or without the suffix of a
    ///   histogram's or summary's parts.
    package static func encode(_ batch: RawSampleBatch, metadata: [String: RemoteWrite.Metadata]) -> [UInt8] {
        var symbols = SymbolTable()
        var series: [UInt8] = []
        var walk = BatchWalk(batch)
        while let one = walk.next() {
            var out: [UInt8] = []
            let (references, name) = symbols.references(batch.bytes.span.extracting(one.labels))
            ProtobufWriter.bytes(1, references, to: &out)
            RemoteWrite.appendSamples(of: one, batch, histogramField: 3, to: &out)
            for (_, exemplar) in batch.exemplars[one.exemplars] {
                var labels: [UInt8] = []
                for label in exemplar.labels {
                    for text in [label.name, label.value] { ProtobufWriter.varint(symbols.number(of: Array(text.utf8)), to: &labels) }
                }
                var own: [UInt8] = []
                ProtobufWriter.bytes(1, labels, to: &own)
                ProtobufWriter.double(2, exemplar.value, to: &own)
                ProtobufWriter.integer(3, exemplar.timestamp, to: &own)
                ProtobufWriter.bytes(4, own, to: &out)
            }
            if let found = family(of: name, in: metadata) {
                var own: [UInt8] = []
                ProtobufWriter.integer(1, Int64(RemoteWrite.metadataTypes.firstIndex(of: found.type) ?? 0), to: &own)
                ProtobufWriter.integer(3, Int64(symbols.number(of: Array(found.help.utf8))), to: &own)
                ProtobufWriter.integer(4, Int64(symbols.number(of: Array(found.unit.utf8))), to: &own)
                ProtobufWriter.bytes(5, own, to: &out)
            }
            ProtobufWriter.bytes(5, out, to: &series)
        }
        var request: [UInt8] = []
        for text in symbols.texts { ProtobufWriter.bytes(4, text, to: &request) }
        return request + series
    }

    private static func family(of name: String, in metadata: [String: RemoteWrite.Metadata]) -> RemoteWrite.Metadata? {
        if metadata.isEmpty { return nil }
        if let exact = metadata[name] { return exact }
        for suffix in ["_bucket", "_count", "_sum", "_total"] where name.hasSuffix(suffix) {
            if let found = metadata[String(name.dropLast(suffix.count))] { return found }
        }
        return nil
    }

    /// Texts of a request, each once; the first is the empty one.
    private struct SymbolTable {
        private(set) var texts: [[UInt8]] = [[]]
        private var numbers: [[UInt8]: UInt64] = [[]: 0]

        init() {}

        mutating func number(of text: [UInt8]) -> UInt64 {
            if let known = numbers[text] { return known }
            let number = UInt64(texts.count)
            numbers[text] = number
            texts.append(text)
            return number
        }

        /// The packed references of a series' labels, given in the form of 1.0, and its metric name.
        mutating func references(_ labels: Span<UInt8>) -> (references: [UInt8], name: String) {
            var packed: [UInt8] = []
            var metric = ""
            do throws(ProtobufReader.Fault) {
                var reader = ProtobufReader(0..<labels.count)
                while !reader.isAtEnd {
                    _ = try reader.tag(labels)
                    var pair = ProtobufReader(try reader.delimited(labels))
                    var isName = false
                    while !pair.isAtEnd {
                        let (field, _) = try pair.tag(labels)
                        let text = Bytes.array(labels.extracting(try pair.delimited(labels)))
                        if field == 1 { isName = text.elementsEqual(Labels.metricName.utf8) }
                        if field == 2, isName { metric = String(decoding: text, as: UTF8.self) }
                        ProtobufWriter.varint(number(of: text), to: &packed)
                    }
                }
            } catch {
                preconditionFailure("labels written by this process are well formed")
            }
            return (packed, metric)
        }
    }
}
