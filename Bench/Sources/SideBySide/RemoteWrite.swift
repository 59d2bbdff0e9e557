import CSnappy

/// Bodies of remote write 1.0: protobuf, then snappy.
struct RemoteWriteBody {
    static let headers = [
        ("Content-Type", "application/x-protobuf"), ("Content-Encoding", "snappy"), ("X-Prometheus-Remote-Write-Version", "0.1.0"),
    ]

    private var bytes: [UInt8] = []

    /// Encodes one series with some samples.
    mutating func append(encodedLabels: [UInt8], _ samples: [(value: Double, timestamp: Int64)]) {
        var encoded: [UInt8] = []
        for (value, timestamp) in samples {
            var sample: [UInt8] = [0x09]
            let bits = value.bitPattern
            for shift in stride(from: 0, to: 64, by: 8) { sample.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift))) }
            sample.append(0x10)
            Self.varint(UInt64(bitPattern: timestamp), into: &sample)
            encoded.append(0x12)
            encoded.append(UInt8(sample.count))
            encoded += sample
        }
        bytes.append(0x0a)
        Self.varint(UInt64(encodedLabels.count + encoded.count), into: &bytes)
        bytes += encodedLabels
        bytes += encoded
    }

    /// The body as it goes over the wire.
    func compressed() -> [UInt8] { Snappy.compress(bytes) }

    /// The label part of a series, the same in every request.
    static func encode(_ labels: [(String, String)]) -> [UInt8] {
        var out: [UInt8] = []
        for (name, value) in labels {
            var label: [UInt8] = [0x0a]
            varint(UInt64(name.utf8.count), into: &label)
            label += name.utf8
            label.append(0x12)
            varint(UInt64(value.utf8.count), into: &label)
            label += value.utf8
            out.append(0x0a)
            varint(UInt64(label.count), into: &out)
            out += label
        }
        return out
    }

    static func varint(_ value: UInt64, into out: inout [UInt8]) {
        var value = value
        while value >= 0x80 {
            out.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        out.append(UInt8(value))
    }
}

enum Snappy {
    static func compress(_ input: [UInt8]) -> [UInt8] {
        let capacity = snappy_max_compressed_length(input.count)
        return [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            var size = capacity
            let status = input.withUnsafeBytes { source in
                buffer.withMemoryRebound(to: CChar.self) { target in
                    snappy_compress(source.baseAddress?.assumingMemoryBound(to: CChar.self), input.count, target.baseAddress, &size)
                }
            }
            precondition(status == SNAPPY_OK)
            count = size
        }
    }
}
