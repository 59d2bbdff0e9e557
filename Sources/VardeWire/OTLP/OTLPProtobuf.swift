import VardeKernels
import VardeModel

/// Reads OTLP's protobuf messages (opentelemetry-proto 1.x).
enum OTLPProtobuf {
    typealias Fault = ProtobufReader.Fault

    /// Deepest nesting of values read; deeper input is refused.
    static let maxDepth = 32

    static func metrics(_ bytes: Span<UInt8>) throws(WireError) -> [OTLPResourceMetrics] {
        do throws(Fault) {
            var all: [OTLPResourceMetrics] = []
            try each(0..<bytes.count, bytes) { (field, reader) throws(Fault) in
                guard field == 1 else { return }
                var resource = OTLPResourceMetrics()
                try each(try reader.delimited(bytes), bytes) { (field, reader) throws(Fault) in
                    switch field {
                    case 1: resource.attributes = try attributes(1, try reader.delimited(bytes), bytes).attributes
                    case 2:
                        var entry: (scope: OTLPScope, metrics: [OTLPMetric]) = (OTLPScope(), [])
                        try each(try reader.delimited(bytes), bytes) { (field, reader) throws(Fault) in
                            switch field {
                            case 1: try scope(try reader.delimited(bytes), bytes, into: &entry.scope)
                            case 2: entry.metrics.append(try metric(try reader.delimited(bytes), bytes))
                            case 3: entry.scope.schemaURL = try text(&reader, bytes)
                            default: break
                            }
                        }
                        resource.scopes.append(entry)
                    default: break
                    }
                }
                all.append(resource)
            }
            return all
        } catch {
            throw error.wire
        }
    }

    static func logs(_ bytes: Span<UInt8>) throws(WireError) -> [OTLPResourceLogs] {
        do throws(Fault) {
            var all: [OTLPResourceLogs] = []
            try each(0..<bytes.count, bytes) { (field, reader) throws(Fault) in
                guard field == 1 else { return }
                var resource = OTLPResourceLogs()
                try each(try reader.delimited(bytes), bytes) { (field, reader) throws(Fault) in
                    switch field {
                    case 1: (resource.attributes, resource.droppedAttributes) = try attributes(1, try reader.delimited(bytes), bytes)
                    case 2:
                        var entry: (scope: OTLPScope, records: [OTLPLogRecord]) = (OTLPScope(), [])
                        try each(try reader.delimited(bytes), bytes) { (field, reader) throws(Fault) in
                            switch field {
                            case 1: try scope(try reader.delimited(bytes), bytes, into: &entry.scope)
                            case 2: entry.records.append(try record(try reader.delimited(bytes), bytes))
                            case 3: entry.scope.schemaURL = try text(&reader, bytes)
                            default: break
                            }
                        }
                        resource.scopes.append(entry)
                    default: break
                    }
                }
                all.append(resource)
            }
            return all
        } catch {
            throw error.wire
        }
    }

    /// Goes through a message's fields; what `body` leaves unread is passed over. A field of another wire type than its value's has a
    /// value that cannot be read, which is a fault like any other.
    private static func each(
        _ range: Range<Int>, _ bytes: Span<UInt8>, _ body: (UInt64, inout ProtobufReader) throws(Fault) -> Void
    ) throws(Fault) {
        var reader = ProtobufReader(range)
        while !reader.isAtEnd {
            let (field, type) = try reader.tag(bytes)
            let start = reader.at
            try reader.skip(type, bytes)
            var value = ProtobufReader(start..<reader.at)
            try body(field, &value)
        }
    }

    private static func text(_ reader: inout ProtobufReader, _ bytes: Span<UInt8>) throws(Fault) -> String {
        Bytes.string(bytes.extracting(try reader.delimited(bytes)))
    }

    private static func integer(_ reader: inout ProtobufReader, _ bytes: Span<UInt8>) throws(Fault) -> Int64 {
        Int64(bitPattern: try reader.varint(bytes))
    }

    private static func fixed(_ reader: inout ProtobufReader, _ bytes: Span<UInt8>) throws(Fault) -> Int64 {
        Int64(bitPattern: try reader.fixed64(bytes))
    }

    private static func double(_ reader: inout ProtobufReader, _ bytes: Span<UInt8>) throws(Fault) -> Double {
        Double(bitPattern: try reader.fixed64(bytes))
    }

    /// Repeated attributes in `field` of a message; field 2 of a resource counts those that were dropped.
    private static func attributes(
        _ wanted: UInt64, _ range: Range<Int>, _ bytes: Span<UInt8>
    ) throws(Fault) -> (attributes: [OTLPAttribute], dropped: Int64) {
        var attributes: [OTLPAttribute] = []
        var dropped: Int64 = 0
        try each(range, bytes) { (field, reader) throws(Fault) in
            if field == wanted { attributes.append(try attribute(&reader, bytes, depth: 0)) }
            if field == 2 { dropped = try integer(&reader, bytes) }
        }
        return (attributes, dropped)
    }

    private static func attribute(
        _ reader: inout ProtobufReader, _ bytes: Span<UInt8>, depth: Int
    ) throws(Fault) -> OTLPAttribute {
        var attribute = OTLPAttribute(key: "", value: .none)
        try each(try reader.delimited(bytes), bytes) { (field, reader) throws(Fault) in
            switch field {
            case 1: attribute.key = try text(&reader, bytes)
            case 2: attribute.value = try value(try reader.delimited(bytes), bytes, depth: depth + 1)
            default: break
            }
        }
        return attribute
    }

    private static func value(_ range: Range<Int>, _ bytes: Span<UInt8>, depth: Int) throws(Fault) -> OTLPValue {
        if depth > maxDepth { throw .tooDeep(range.lowerBound) }
        var value = OTLPValue.none
        try each(range, bytes) { (field, reader) throws(Fault) in
            switch field {
            case 1: value = .string(try text(&reader, bytes))
            case 2: value = .bool(try reader.varint(bytes) != 0)
            case 3: value = .integer(try integer(&reader, bytes))
            case 4: value = .double(try double(&reader, bytes))
            case 5:
                var elements: [OTLPValue] = []
                try each(try reader.delimited(bytes), bytes) { (field, reader) throws(Fault) in
                    if field == 1 { elements.append(try self.value(try reader.delimited(bytes), bytes, depth: depth + 1)) }
                }
                value = .array(elements)
            case 6:
                var members: [OTLPAttribute] = []
                try each(try reader.delimited(bytes), bytes) { (field, reader) throws(Fault) in
                    if field == 1 { members.append(try attribute(&reader, bytes, depth: depth)) }
                }
                value = .map(members)
            case 7: value = .bytes(Bytes.array(bytes.extracting(try reader.delimited(bytes))))
            default: break
            }
        }
        return value
    }

    private static func scope(_ range: Range<Int>, _ bytes: Span<UInt8>, into scope: inout OTLPScope) throws(Fault) {
        try each(range, bytes) { (field, reader) throws(Fault) in
            switch field {
            case 1: scope.name = try text(&reader, bytes)
            case 2: scope.version = try text(&reader, bytes)
            case 3: scope.attributes.append(try attribute(&reader, bytes, depth: 0))
            case 4: scope.droppedAttributes = try integer(&reader, bytes)
            default: break
            }
        }
    }

    private static func record(_ range: Range<Int>, _ bytes: Span<UInt8>) throws(Fault) -> OTLPLogRecord {
        var record = OTLPLogRecord()
        try each(range, bytes) { (field, reader) throws(Fault) in
            switch field {
            case 1: record.time = try fixed(&reader, bytes)
            case 2: record.severityNumber = try integer(&reader, bytes)
            case 3: record.severityText = try text(&reader, bytes)
            case 5: record.body = try value(try reader.delimited(bytes), bytes, depth: 0)
            case 6: record.attributes.append(try attribute(&reader, bytes, depth: 0))
            case 7: record.droppedAttributes = try integer(&reader, bytes)
            case 8: record.flags = Int64(try reader.fixed32(bytes))
            case 9: record.traceID = Bytes.array(bytes.extracting(try reader.delimited(bytes)))
            case 10: record.spanID = Bytes.array(bytes.extracting(try reader.delimited(bytes)))
            case 11: record.observedTime = try fixed(&reader, bytes)
            case 12: record.eventName = try text(&reader, bytes)
            default: break
            }
        }
        return record
    }

    private static func metric(_ range: Range<Int>, _ bytes: Span<UInt8>) throws(Fault) -> OTLPMetric {
        var metric = OTLPMetric()
        try each(range, bytes) { (field, reader) throws(Fault) in
            switch field {
            case 1: metric.name = try text(&reader, bytes)
            case 2: metric.description = try text(&reader, bytes)
            case 3: metric.unit = try text(&reader, bytes)
            case 5: try points(.gauge, &reader, bytes, into: &metric)
            case 7: try points(.sum, &reader, bytes, into: &metric)
            case 9: try points(.histogram, &reader, bytes, into: &metric)
            case 10: try points(.exponential, &reader, bytes, into: &metric)
            case 11: try points(.summary, &reader, bytes, into: &metric)
            default: break
            }
        }
        return metric
    }

    private static func points(
        _ kind: OTLPMetric.Kind, _ reader: inout ProtobufReader, _ bytes: Span<UInt8>, into metric: inout OTLPMetric
    ) throws(Fault) {
        metric.kind = kind
        try each(try reader.delimited(bytes), bytes) { (field, reader) throws(Fault) in
            switch field {
            case 1:
                let range = try reader.delimited(bytes)
                let point: OTLPPoint
                switch kind {
                case .histogram: point = try histogramPoint(range, bytes)
                case .exponential: point = try exponentialPoint(range, bytes)
                case .summary: point = try summaryPoint(range, bytes)
                case .none, .gauge, .sum: point = try numberPoint(range, bytes)
                }
                metric.points.append(point)
            case 2: metric.temporality = .init(rawValue: try integer(&reader, bytes)) ?? .unspecified
            case 3: metric.isMonotonic = try reader.varint(bytes) != 0
            default: break
            }
        }
    }

    private static func numberPoint(_ range: Range<Int>, _ bytes: Span<UInt8>) throws(Fault) -> OTLPPoint {
        var point = OTLPPoint()
        try each(range, bytes) { (field, reader) throws(Fault) in
            switch field {
            case 2: point.start = try fixed(&reader, bytes)
            case 3: point.time = try fixed(&reader, bytes)
            case 4: point.value = try double(&reader, bytes)
            case 5: point.exemplars.append(try exemplar(try reader.delimited(bytes), bytes))
            case 6: point.value = Double(try fixed(&reader, bytes))
            case 7: point.attributes.append(try attribute(&reader, bytes, depth: 0))
            case 8: point.flags = try integer(&reader, bytes)
            default: break
            }
        }
        return point
    }

    private static func histogramPoint(_ range: Range<Int>, _ bytes: Span<UInt8>) throws(Fault) -> OTLPPoint {
        var point = OTLPPoint()
        var reader = ProtobufReader(range)
        while !reader.isAtEnd {
            let (field, type) = try reader.tag(bytes)
            switch (field, type) {
            case (2, 1): point.start = try fixed(&reader, bytes)
            case (3, 1): point.time = try fixed(&reader, bytes)
            case (4, 1): point.count = try reader.fixed64(bytes)
            case (5, 1): point.sum = try double(&reader, bytes)
            case (6, 1): point.bucketCounts.append(try reader.fixed64(bytes))
            case (6, 2):
                var inner = ProtobufReader(try reader.delimited(bytes))
                while !inner.isAtEnd { point.bucketCounts.append(try inner.fixed64(bytes)) }
            case (7, 1): point.bounds.append(try double(&reader, bytes))
            case (7, 2): try HistogramFields.doubles(try reader.delimited(bytes), bytes, into: &point.bounds)
            case (8, 2): point.exemplars.append(try exemplar(try reader.delimited(bytes), bytes))
            case (9, 2): point.attributes.append(try attribute(&reader, bytes, depth: 0))
            case (10, 0): point.flags = try integer(&reader, bytes)
            default: try reader.skip(type, bytes)
            }
        }
        return point
    }

    private static func exponentialPoint(_ range: Range<Int>, _ bytes: Span<UInt8>) throws(Fault) -> OTLPPoint {
        var point = OTLPPoint()
        try each(range, bytes) { (field, reader) throws(Fault) in
            switch field {
            case 1: point.attributes.append(try attribute(&reader, bytes, depth: 0))
            case 2: point.start = try fixed(&reader, bytes)
            case 3: point.time = try fixed(&reader, bytes)
            case 4: point.count = try reader.fixed64(bytes)
            case 5: point.sum = try double(&reader, bytes)
            case 6: point.scale = Int32(truncatingIfNeeded: HistogramFields.zigzag(try reader.varint(bytes)))
            case 7: point.zeroCount = try reader.fixed64(bytes)
            case 8: point.positive = try buckets(try reader.delimited(bytes), bytes)
            case 9: point.negative = try buckets(try reader.delimited(bytes), bytes)
            case 10: point.flags = try integer(&reader, bytes)
            case 11: point.exemplars.append(try exemplar(try reader.delimited(bytes), bytes))
            case 14: point.zeroThreshold = try double(&reader, bytes)
            default: break
            }
        }
        return point
    }

    private static func buckets(_ range: Range<Int>, _ bytes: Span<UInt8>) throws(Fault) -> OTLPPoint.Buckets {
        var buckets = OTLPPoint.Buckets()
        var reader = ProtobufReader(range)
        while !reader.isAtEnd {
            let (field, type) = try reader.tag(bytes)
            switch (field, type) {
            case (1, 0): buckets.offset = Int32(truncatingIfNeeded: HistogramFields.zigzag(try reader.varint(bytes)))
            case (2, 0): buckets.counts.append(try reader.varint(bytes))
            case (2, 2):
                var inner = ProtobufReader(try reader.delimited(bytes))
                while !inner.isAtEnd { buckets.counts.append(try inner.varint(bytes)) }
            default: try reader.skip(type, bytes)
            }
        }
        return buckets
    }

    private static func summaryPoint(_ range: Range<Int>, _ bytes: Span<UInt8>) throws(Fault) -> OTLPPoint {
        var point = OTLPPoint()
        try each(range, bytes) { (field, reader) throws(Fault) in
            switch field {
            case 2: point.start = try fixed(&reader, bytes)
            case 3: point.time = try fixed(&reader, bytes)
            case 4: point.count = try reader.fixed64(bytes)
            case 5: point.sum = try double(&reader, bytes)
            case 6:
                var pair = (quantile: 0.0, value: 0.0)
                try each(try reader.delimited(bytes), bytes) { (field, reader) throws(Fault) in
                    if field == 1 { pair.quantile = try double(&reader, bytes) }
                    if field == 2 { pair.value = try double(&reader, bytes) }
                }
                point.quantiles.append(pair)
            case 7: point.attributes.append(try attribute(&reader, bytes, depth: 0))
            case 8: point.flags = try integer(&reader, bytes)
            default: break
            }
        }
        return point
    }

    private static func exemplar(_ range: Range<Int>, _ bytes: Span<UInt8>) throws(Fault) -> OTLPPoint.ExemplarPoint {
        var exemplar = OTLPPoint.ExemplarPoint()
        try each(range, bytes) { (field, reader) throws(Fault) in
            switch field {
            case 2: exemplar.time = try fixed(&reader, bytes)
            case 3: exemplar.value = try double(&reader, bytes)
            case 4: exemplar.spanID = Bytes.array(bytes.extracting(try reader.delimited(bytes)))
            case 5: exemplar.traceID = Bytes.array(bytes.extracting(try reader.delimited(bytes)))
            case 6: exemplar.value = Double(try fixed(&reader, bytes))
            case 7: exemplar.attributes.append(try attribute(&reader, bytes, depth: 0))
            default: break
            }
        }
        return exemplar
    }
}
