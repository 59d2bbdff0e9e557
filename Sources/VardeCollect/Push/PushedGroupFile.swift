import VardeDisk
import VardeKernels
import VardeModel

/// A pushed group on disk, version 1.
///
///     file   = "VRDP" version(u16) zero(u16) checksum(u32) pushed(i64) failed(i64) labels families(varint) family*
///     family = text(name) text(type) text(help) samples(varint) (labels value(f64))*
///     labels = count(varint) (text(name) text(value))*        text = length(varint) bytes
///
/// All integers are little-endian; times are milliseconds. The checksum is CRC-32C over all behind it. Files are written whole and put
/// in place by renaming; the name is derived from the grouping labels.
enum PushedGroupFile {
    static let magic: [UInt8] = Array("VRDP".utf8)
    static let version: UInt8 = 1
    static let suffix = ".push"
    /// Bounds of what a file is believed.
    fileprivate static let maxCount: UInt64 = 1 << 24

    /// The name of a group's file: two FNV-1a hashes of its labels, in hexadecimal.
    static func name(of labels: Labels) -> String {
        func hash(_ basis: UInt64) -> String {
            var value = basis
            for label in labels {
                for text in [label.name, label.value] {
                    for byte in Array(text.utf8) + [0xFF] { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
                }
            }
            let digits = String(value, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        return hash(0xcbf2_9ce4_8422_2325) + hash(0x9ae1_6a3b_2f90_404f) + suffix
    }

    static func encode(_ group: PushedGroup) -> [UInt8] {
        var body: [UInt8] = []
        Bytes.append64(UInt64(bitPattern: group.pushTime), to: &body)
        Bytes.append64(UInt64(bitPattern: group.failureTime), to: &body)
        append(group.labels, to: &body)
        Varint.append(UInt64(group.families.count), to: &body)
        for family in group.families {
            for text in [family.name, family.type, family.help] { SealedBytes.append(text, to: &body) }
            Varint.append(UInt64(family.samples.count), to: &body)
            for sample in family.samples {
                append(sample.labels, to: &body)
                Bytes.append64(sample.value.bitPattern, to: &body)
            }
        }
        return SealedBytes.seal(body, magic: magic, version: version)
    }

    private static func append(_ labels: Labels, to out: inout [UInt8]) {
        Varint.append(UInt64(labels.count), to: &out)
        for label in labels {
            SealedBytes.append(label.name, to: &out)
            SealedBytes.append(label.value, to: &out)
        }
    }

    /// - Throws: `DiskError` naming the file where it is not what was written.
    static func decode(_ bytes: [UInt8], path: String) throws(DiskError) -> PushedGroup {
        var reader = try SealedBytes.open(bytes, magic: magic, version: version, kind: "a pushed group", path: path)
        guard let group = reader.group(bytes.span) else { throw DiskError(damaged: path, "the content cannot be understood") }
        return group
    }
}

extension SealedReader {
    fileprivate mutating func group(_ bytes: Span<UInt8>) -> PushedGroup? {
        guard let pushed = fixed(bytes), let failed = fixed(bytes), let labels = labels(bytes), let families = count(bytes) else {
            return nil
        }
        var group = PushedGroup(labels: labels)
        group.pushTime = Int64(bitPattern: pushed)
        group.failureTime = Int64(bitPattern: failed)
        for _ in 0..<families {
            guard let name = text(bytes), let type = text(bytes), let help = text(bytes), let samples = count(bytes) else { return nil }
            var family = PushedFamily(name: name, type: type, help: help, samples: [])
            for _ in 0..<samples {
                guard let labels = self.labels(bytes), let value = fixed(bytes) else { return nil }
                family.samples.append(PushedSample(labels: labels, value: Double(bitPattern: value)))
            }
            group.families.append(family)
        }
        return at == bytes.count ? group : nil
    }

    private mutating func count(_ bytes: Span<UInt8>) -> UInt64? {
        number(bytes, limit: PushedGroupFile.maxCount)
    }

    private mutating func labels(_ bytes: Span<UInt8>) -> Labels? {
        guard let count = count(bytes) else { return nil }
        var labels: [Label] = []
        for _ in 0..<count {
            guard let name = text(bytes), let value = text(bytes) else { return nil }
            labels.append(Label(name, value))
        }
        return Labels(labels)
    }
}
