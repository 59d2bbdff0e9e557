import VardeKernels
package import VardeModel

/// A record of the exemplars' log, version 1.
///
///     exemplar  kind 1: labels(series) labels(exemplar) value(u64 little-endian, bits of the double) time(zigzag varint, ms)
///     labels    = count(varint) (length(varint) name length(varint) value)×count
package enum ExemplarLogRecord {
    static let kind: UInt8 = 1
    /// Labels a record is believed to hold.
    private static let maxLabels: UInt64 = 10_000

    static func encode(_ series: Labels, _ exemplar: Exemplar) -> [UInt8] {
        var out: [UInt8] = []
        append(series, to: &out)
        append(exemplar, to: &out)
        return out
    }

    private static func append(_ labels: Labels, to out: inout [UInt8]) {
        Varint.append(UInt64(labels.count), to: &out)
        for label in labels {
            for text in [label.name, label.value] {
                Varint.append(UInt64(text.utf8.count), to: &out)
                out += text.utf8
            }
        }
    }

    /// What stands behind the series' labels.
    static func append(_ exemplar: Exemplar, to out: inout [UInt8]) {
        append(exemplar.labels, to: &out)
        Bytes.append64(exemplar.value.bitPattern, to: &out)
        Varint.append(Varint.zigzag(exemplar.timestamp), to: &out)
    }

    /// What a record holds, nil where the bytes are none.
    package static func decode(_ bytes: Span<UInt8>) -> (series: Labels, exemplar: Exemplar)? {
        var at = 0
        guard let series = labels(bytes, at: &at), let exemplar = exemplar(bytes, at: &at), at == bytes.count else { return nil }
        return (series, exemplar)
    }

    static func exemplar(_ bytes: Span<UInt8>, at: inout Int) -> Exemplar? {
        guard let own = labels(bytes, at: &at), at + 8 <= bytes.count else { return nil }
        let value = Double(bitPattern: Bytes.load64(bytes, at: at))
        at += 8
        guard let time = Varint.read(bytes, at: &at) else { return nil }
        return Exemplar(labels: own, value: value, timestamp: Varint.unzigzag(time))
    }

    private static func labels(_ bytes: Span<UInt8>, at: inout Int) -> Labels? {
        guard let count = Varint.read(bytes, at: &at), count <= maxLabels else { return nil }
        var texts: [String] = []
        for _ in 0..<(2 * count) {
            guard let length = Varint.read(bytes, at: &at), length <= UInt64(bytes.count - at) else { return nil }
            texts.append(Bytes.string(bytes.extracting(at..<(at + Int(length)))))
            at += Int(length)
        }
        return Labels(stride(from: 0, to: texts.count, by: 2).map { Label(texts[$0], texts[$0 + 1]) })
    }
}
