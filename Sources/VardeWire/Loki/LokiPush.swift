import VardeKernels
package import VardeModel

/// Bodies of Loki's push endpoint: `logproto.PushRequest` in protobuf, and the JSON form of its documentation.
package enum LokiPush {
    /// Streams of a body, and how many lines held bytes that are no UTF-8 (they now hold U+FFFD instead).
    package struct Decoded: Sendable {
        package var writes: [LogStreamWrite] = []
        package var repairedLines = 0
    }

    package static func decodeProtobuf(_ bytes: Span<UInt8>) throws(WireError) -> Decoded {
        var decoded = Decoded()
        var request = ProtobufReader(0..<bytes.count)
        while !request.isAtEnd {
            var labels = 0..<0
            var writer = LogColumnsWriter()
            do throws(ProtobufReader.Fault) {
                let (field, type) = try request.tag(bytes)
                guard field == 1, type == 2 else {
                    try request.skip(type, bytes)
                    continue
                }
                var stream = ProtobufReader(try request.delimited(bytes))
                while !stream.isAtEnd {
                    let (field, type) = try stream.tag(bytes)
                    switch (field, type) {
                    case (1, 2): labels = try stream.delimited(bytes)
                    case (2, 2): try entry(try stream.delimited(bytes), bytes, into: &writer)
                    default: try stream.skip(type, bytes)
                    }
                }
            } catch {
                throw error.wire
            }
            let set = try StreamLabels.parse(Bytes.string(bytes.extracting(labels)))
            decoded.writes.append(LogStreamWrite(labels: set, entries: writer.columns))
            decoded.repairedLines += writer.repairedLines
        }
        return decoded
    }

    private static func entry(
        _ range: Range<Int>, _ bytes: Span<UInt8>, into writer: inout LogColumnsWriter
    ) throws(ProtobufReader.Fault) {
        var reader = ProtobufReader(range)
        var timestamp: Int64 = 0
        var line = 0..<0
        var metadata: [Label] = []
        while !reader.isAtEnd {
            let (field, type) = try reader.tag(bytes)
            switch (field, type) {
            case (1, 2):
                var time = ProtobufReader(try reader.delimited(bytes))
                while !time.isAtEnd {
                    let (field, type) = try time.tag(bytes)
                    switch (field, type) {
                    case (1, 0): timestamp &+= Int64(bitPattern: try time.varint(bytes)) &* 1_000_000_000
                    case (2, 0): timestamp &+= Int64(bitPattern: try time.varint(bytes))
                    default: try time.skip(type, bytes)
                    }
                }
            case (2, 2): line = try reader.delimited(bytes)
            case (3, 2):
                var pair = ProtobufReader(try reader.delimited(bytes))
                var label = Label("", "")
                while !pair.isAtEnd {
                    let (field, type) = try pair.tag(bytes)
                    switch (field, type) {
                    case (1, 2): label.name = Bytes.string(bytes.extracting(try pair.delimited(bytes)))
                    case (2, 2): label.value = Bytes.string(bytes.extracting(try pair.delimited(bytes)))
                    default: try pair.skip(type, bytes)
                    }
                }
                metadata.append(label)
            default: try reader.skip(type, bytes)
            }
        }
        writer.append(timestamp, bytes.extracting(line), Labels(metadata.filter { !$0.name.isEmpty }))
    }

    /// `{"streams": [{"stream": {…}, "values": [["<ns>", "<line>", {…}], …]}, …]}`.
    package static func decodeJSON(_ bytes: Span<UInt8>) throws(WireError) -> Decoded {
        var decoded = Decoded()
        var reader = JSONReader()
        try reader.object(bytes) { (reader, key) throws(WireError) in
            guard key == "streams" else {
                try reader.skip(bytes)
                return
            }
            try reader.array(bytes) { (reader, _) throws(WireError) in
                var labels: [Label] = []
                var writer = LogColumnsWriter()
                var unescaped: [UInt8] = []
                try reader.object(bytes) { (reader, key) throws(WireError) in
                    switch key {
                    case "stream":
                        let start = reader.at
                        labels = try pairs(&reader, bytes)
                        for label in labels where !label.name.isClassicLabelName {
                            throw WireError("error parsing labels: \(label.name.quoted) is not a label name", at: start)
                        }
                    case "values":
                        try reader.array(bytes) { (reader, _) throws(WireError) in
                            try jsonEntry(&reader, bytes, &unescaped, into: &writer)
                        }
                    default: try reader.skip(bytes)
                    }
                }
                decoded.writes.append(LogStreamWrite(labels: Labels(labels), entries: writer.columns))
                decoded.repairedLines += writer.repairedLines
            }
        }
        guard reader.isAtEnd(bytes) else { throw WireError("JSON: text after the end", at: reader.at) }
        return decoded
    }

    private static func pairs(_ reader: inout JSONReader, _ bytes: Span<UInt8>) throws(WireError) -> [Label] {
        var labels: [Label] = []
        try reader.object(bytes) { (reader, key) throws(WireError) in
            guard try reader.kind(bytes) == .string else {
                throw WireError("label \(key.quoted): the value must be a string", at: reader.at)
            }
            labels.append(Label(key, try reader.string(bytes)))
        }
        return labels
    }

    private static func jsonEntry(
        _ reader: inout JSONReader, _ bytes: Span<UInt8>, _ unescaped: inout [UInt8], into writer: inout LogColumnsWriter
    ) throws(WireError) {
        var timestamp: Int64?
        var plain: Range<Int>?
        unescaped.removeAll(keepingCapacity: true)
        var metadata: [Label] = []
        var count = 0
        try reader.array(bytes) { (reader, index) throws(WireError) in
            count = index + 1
            switch index {
            case 0:
                let start = reader.at
                timestamp = try reader.wholeNumber(bytes)
                if timestamp == nil {
                    // The text may be anything, a person's number as well: the place says enough.
                    throw WireError("a timestamp is not a whole number of nanoseconds", at: start)
                }
            case 1: plain = try reader.stringBytes(bytes, into: &unescaped)
            case 2: metadata = try pairs(&reader, bytes)
            default: throw WireError("an entry has more than timestamp, line and metadata", at: reader.at)
            }
        }
        guard count >= 2, let timestamp else { throw WireError("an entry needs a timestamp and a line", at: reader.at) }
        if let plain {
            writer.append(timestamp, bytes.extracting(plain), metadata.isEmpty ? .empty : Labels(metadata))
        } else {
            writer.append(timestamp, unescaped.span, metadata.isEmpty ? .empty : Labels(metadata))
        }
    }

    /// A protobuf body, before compression.
    package static func encode(_ writes: [LogStreamWrite]) -> [UInt8] {
        var out: [UInt8] = []
        for write in writes {
            var stream: [UInt8] = []
            ProtobufWriter.string(1, "{" + write.labels.map { $0.name + "=" + $0.value.quoted }.joined(separator: ", ") + "}", to: &stream)
            for index in 0..<write.entries.count {
                var time: [UInt8] = []
                ProtobufWriter.integer(1, write.entries.timestamps[index] / 1_000_000_000, to: &time)
                ProtobufWriter.integer(2, write.entries.timestamps[index] % 1_000_000_000, to: &time)
                var entry: [UInt8] = []
                ProtobufWriter.bytes(1, time, to: &entry)
                ProtobufWriter.bytes(2, write.entries.lineBytes[write.entries.lineRange(index)], to: &entry)
                for label in write.entries.metadata(index) {
                    var pair: [UInt8] = []
                    ProtobufWriter.string(1, label.name, to: &pair)
                    ProtobufWriter.string(2, label.value, to: &pair)
                    ProtobufWriter.bytes(3, pair, to: &entry)
                }
                ProtobufWriter.bytes(2, entry, to: &stream)
            }
            ProtobufWriter.bytes(1, stream, to: &out)
        }
        return out
    }
}
