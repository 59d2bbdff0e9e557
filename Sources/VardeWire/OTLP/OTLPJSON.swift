import VardeKernels
import VardeModel

/// Reads OTLP's JSON messages: names in lowerCamelCase, 64-bit integers as strings or numbers, trace and span ids in hexadecimal
/// (OTLP specification, “JSON Protobuf Encoding”). Unknown names are passed over.
enum OTLPJSON {
    static func metrics(_ bytes: Span<UInt8>) throws(WireError) -> [OTLPResourceMetrics] {
        var all: [OTLPResourceMetrics] = []
        try root(bytes, "resourceMetrics") { (reader) throws(WireError) in
            var resource = OTLPResourceMetrics()
            try members(&reader, bytes) { (reader, key) throws(WireError) in
                switch key {
                case "resource": (resource.attributes, _) = try self.resource(&reader, bytes)
                case "scopeMetrics":
                    try elements(&reader, bytes) { (reader) throws(WireError) in
                        var entry: (scope: OTLPScope, metrics: [OTLPMetric]) = (OTLPScope(), [])
                        try members(&reader, bytes) { (reader, key) throws(WireError) in
                            switch key {
                            case "scope": try scope(&reader, bytes, into: &entry.scope)
                            case "schemaUrl": entry.scope.schemaURL = try text(&reader, bytes)
                            case "metrics":
                                try elements(&reader, bytes) { (reader) throws(WireError) in
                                    entry.metrics.append(try metric(&reader, bytes))
                                }
                            default: try reader.skip(bytes)
                            }
                        }
                        resource.scopes.append(entry)
                    }
                default: try reader.skip(bytes)
                }
            }
            all.append(resource)
        }
        return all
    }

    static func logs(_ bytes: Span<UInt8>) throws(WireError) -> [OTLPResourceLogs] {
        var all: [OTLPResourceLogs] = []
        try root(bytes, "resourceLogs") { (reader) throws(WireError) in
            var resource = OTLPResourceLogs()
            try members(&reader, bytes) { (reader, key) throws(WireError) in
                switch key {
                case "resource": (resource.attributes, resource.droppedAttributes) = try self.resource(&reader, bytes)
                case "scopeLogs":
                    try elements(&reader, bytes) { (reader) throws(WireError) in
                        var entry: (scope: OTLPScope, records: [OTLPLogRecord]) = (OTLPScope(), [])
                        try members(&reader, bytes) { (reader, key) throws(WireError) in
                            switch key {
                            case "scope": try scope(&reader, bytes, into: &entry.scope)
                            case "schemaUrl": entry.scope.schemaURL = try text(&reader, bytes)
                            case "logRecords":
                                try elements(&reader, bytes) { (reader) throws(WireError) in
                                    entry.records.append(try record(&reader, bytes))
                                }
                            default: try reader.skip(bytes)
                            }
                        }
                        resource.scopes.append(entry)
                    }
                default: try reader.skip(bytes)
                }
            }
            all.append(resource)
        }
        return all
    }

    private static func root(
        _ bytes: Span<UInt8>, _ name: String, _ body: (inout JSONReader) throws(WireError) -> Void
    ) throws(WireError) {
        var reader = JSONReader()
        try members(&reader, bytes) { (reader, key) throws(WireError) in
            if key == name { try elements(&reader, bytes, body) } else { try reader.skip(bytes) }
        }
        guard reader.isAtEnd(bytes) else { throw WireError("JSON: text after the end", at: reader.at) }
    }

    /// Whether the next value is `null`, which says no more than absence; passed over if so.
    private static func isNull(_ reader: inout JSONReader, _ bytes: Span<UInt8>) throws(WireError) -> Bool {
        guard try reader.kind(bytes) == .literal, bytes[reader.at] == UInt8(ascii: "n") else { return false }
        try reader.skip(bytes)
        return true
    }

    private static func members(
        _ reader: inout JSONReader, _ bytes: Span<UInt8>, _ body: (inout JSONReader, String) throws(WireError) -> Void
    ) throws(WireError) {
        if try isNull(&reader, bytes) { return }
        try reader.object(bytes, body)
    }

    private static func elements(
        _ reader: inout JSONReader, _ bytes: Span<UInt8>, _ body: (inout JSONReader) throws(WireError) -> Void
    ) throws(WireError) {
        if try isNull(&reader, bytes) { return }
        try reader.array(bytes) { (reader, _) throws(WireError) in try body(&reader) }
    }

    private static func text(_ reader: inout JSONReader, _ bytes: Span<UInt8>) throws(WireError) -> String {
        try isNull(&reader, bytes) ? "" : try reader.string(bytes)
    }

    /// A number, or one in quotes; for doubles also “NaN”, “Infinity” and “-Infinity”.
    private static func numberText(_ reader: inout JSONReader, _ bytes: Span<UInt8>) throws(WireError) -> String {
        try reader.kind(bytes) == .string ? try reader.string(bytes) : try reader.number(bytes)
    }

    private static func integer(_ reader: inout JSONReader, _ bytes: Span<UInt8>) throws(WireError) -> Int64 {
        if try isNull(&reader, bytes) { return 0 }
        let text = try numberText(&reader, bytes)
        if let value = Int64(text) { return value }
        if let value = UInt64(text) { return Int64(bitPattern: value) }
        if let value = Double(text), let whole = Int64(exactly: value) { return whole }
        throw WireError("“\(text.prefix(40))” is not a whole number of 64 bits", at: reader.at)
    }

    private static func count(_ reader: inout JSONReader, _ bytes: Span<UInt8>) throws(WireError) -> UInt64 {
        UInt64(bitPattern: try integer(&reader, bytes))
    }

    private static func double(_ reader: inout JSONReader, _ bytes: Span<UInt8>) throws(WireError) -> Double {
        if try isNull(&reader, bytes) { return 0 }
        let text = try numberText(&reader, bytes)
        guard let value = DecimalParser.double(Array(text.utf8).span) else {
            throw WireError("“\(text.prefix(40))” is not a number", at: reader.at)
        }
        return value
    }

    private static func bool(_ reader: inout JSONReader, _ bytes: Span<UInt8>) throws(WireError) -> Bool {
        let start = reader.at
        let range = try reader.skip(bytes)
        switch Bytes.string(bytes.extracting(range)) {
        case "true": return true
        case "false", "null": return false
        default: throw WireError("expected true or false", at: start)
        }
    }

    private static func hexadecimal(_ reader: inout JSONReader, _ bytes: Span<UInt8>) throws(WireError) -> [UInt8] {
        let digits = Array(try text(&reader, bytes).utf8)
        var out: [UInt8] = []
        for at in stride(from: 0, to: digits.count, by: 2) {
            guard at + 1 < digits.count, let byte = HexDigit.number(digits[at...(at + 1)]) else {
                throw WireError("an id is not hexadecimal", at: reader.at)
            }
            out.append(UInt8(byte))
        }
        return out
    }

    private static func attribute(_ reader: inout JSONReader, _ bytes: Span<UInt8>) throws(WireError) -> OTLPAttribute {
        var attribute = OTLPAttribute(key: "", value: .none)
        try members(&reader, bytes) { (reader, key) throws(WireError) in
            switch key {
            case "key": attribute.key = try text(&reader, bytes)
            case "value": attribute.value = try value(&reader, bytes)
            default: try reader.skip(bytes)
            }
        }
        return attribute
    }

    private static func attributes(
        _ reader: inout JSONReader, _ bytes: Span<UInt8>, into out: inout [OTLPAttribute]
    ) throws(WireError) {
        if try isNull(&reader, bytes) { return }
        var all: [OTLPAttribute] = []
        try reader.array(bytes) { (reader, _) throws(WireError) in all.append(try attribute(&reader, bytes)) }
        out += all
    }

    private static func value(_ reader: inout JSONReader, _ bytes: Span<UInt8>) throws(WireError) -> OTLPValue {
        var value = OTLPValue.none
        try members(&reader, bytes) { (reader, key) throws(WireError) in
            switch key {
            case "stringValue": value = .string(try text(&reader, bytes))
            case "boolValue": value = .bool(try bool(&reader, bytes))
            case "intValue": value = .integer(try integer(&reader, bytes))
            case "doubleValue": value = .double(try double(&reader, bytes))
            case "bytesValue":
                guard let decoded = Base64.bytes(try text(&reader, bytes)) else {
                    throw WireError("bytesValue is no base64", at: reader.at)
                }
                value = .bytes(decoded)
            case "arrayValue":
                var all: [OTLPValue] = []
                try members(&reader, bytes) { (reader, key) throws(WireError) in
                    guard key == "values" else {
                        try reader.skip(bytes)
                        return
                    }
                    try elements(&reader, bytes) { (reader) throws(WireError) in all.append(try self.value(&reader, bytes)) }
                }
                value = .array(all)
            case "kvlistValue":
                var all: [OTLPAttribute] = []
                try members(&reader, bytes) { (reader, key) throws(WireError) in
                    if key == "values" { try attributes(&reader, bytes, into: &all) } else { try reader.skip(bytes) }
                }
                value = .map(all)
            default: try reader.skip(bytes)
            }
        }
        return value
    }

    private static func resource(
        _ reader: inout JSONReader, _ bytes: Span<UInt8>
    ) throws(WireError) -> (attributes: [OTLPAttribute], dropped: Int64) {
        var out: (attributes: [OTLPAttribute], dropped: Int64) = ([], 0)
        try members(&reader, bytes) { (reader, key) throws(WireError) in
            switch key {
            case "attributes": try attributes(&reader, bytes, into: &out.attributes)
            case "droppedAttributesCount": out.dropped = try integer(&reader, bytes)
            default: try reader.skip(bytes)
            }
        }
        return out
    }

    private static func scope(_ reader: inout JSONReader, _ bytes: Span<UInt8>, into scope: inout OTLPScope) throws(WireError) {
        var read = scope
        try members(&reader, bytes) { (reader, key) throws(WireError) in
            switch key {
            case "name": read.name = try text(&reader, bytes)
            case "version": read.version = try text(&reader, bytes)
            case "attributes": try attributes(&reader, bytes, into: &read.attributes)
            case "droppedAttributesCount": read.droppedAttributes = try integer(&reader, bytes)
            default: try reader.skip(bytes)
            }
        }
        scope = read
    }

    private static let severities = [
        "SEVERITY_NUMBER_TRACE", "SEVERITY_NUMBER_DEBUG", "SEVERITY_NUMBER_INFO", "SEVERITY_NUMBER_WARN",
        "SEVERITY_NUMBER_ERROR", "SEVERITY_NUMBER_FATAL",
    ]

    private static func record(_ reader: inout JSONReader, _ bytes: Span<UInt8>) throws(WireError) -> OTLPLogRecord {
        var record = OTLPLogRecord()
        try members(&reader, bytes) { (reader, key) throws(WireError) in
            switch key {
            case "timeUnixNano": record.time = try integer(&reader, bytes)
            case "observedTimeUnixNano": record.observedTime = try integer(&reader, bytes)
            case "severityNumber": record.severityNumber = try enumeration(&reader, bytes, severities, first: 1, step: 4)
            case "severityText": record.severityText = try text(&reader, bytes)
            case "body": record.body = try value(&reader, bytes)
            case "attributes": try attributes(&reader, bytes, into: &record.attributes)
            case "droppedAttributesCount": record.droppedAttributes = try integer(&reader, bytes)
            case "flags": record.flags = try integer(&reader, bytes)
            case "traceId": record.traceID = try hexadecimal(&reader, bytes)
            case "spanId": record.spanID = try hexadecimal(&reader, bytes)
            case "eventName": record.eventName = try text(&reader, bytes)
            default: try reader.skip(bytes)
            }
        }
        return record
    }

    /// An enumeration by its number, or by its name, as the ProtoJSON mapping allows.
    private static func enumeration(
        _ reader: inout JSONReader, _ bytes: Span<UInt8>, _ names: [String], first: Int64, step: Int64
    ) throws(WireError) -> Int64 {
        if try reader.kind(bytes) == .string {
            let name = try reader.string(bytes)
            if let number = Int64(name) { return number }
            return names.firstIndex(of: name).map { first + Int64($0) * step } ?? 0
        }
        return try integer(&reader, bytes)
    }

    private static func metric(_ reader: inout JSONReader, _ bytes: Span<UInt8>) throws(WireError) -> OTLPMetric {
        var metric = OTLPMetric()
        try members(&reader, bytes) { (reader, key) throws(WireError) in
            switch key {
            case "name": metric.name = try text(&reader, bytes)
            case "description": metric.description = try text(&reader, bytes)
            case "unit": metric.unit = try text(&reader, bytes)
            case "gauge": try points(.gauge, &reader, bytes, into: &metric)
            case "sum": try points(.sum, &reader, bytes, into: &metric)
            case "histogram": try points(.histogram, &reader, bytes, into: &metric)
            case "exponentialHistogram": try points(.exponential, &reader, bytes, into: &metric)
            case "summary": try points(.summary, &reader, bytes, into: &metric)
            default: try reader.skip(bytes)
            }
        }
        return metric
    }

    private static let temporalities = [
        "AGGREGATION_TEMPORALITY_UNSPECIFIED", "AGGREGATION_TEMPORALITY_DELTA", "AGGREGATION_TEMPORALITY_CUMULATIVE",
    ]

    private static func points(
        _ kind: OTLPMetric.Kind, _ reader: inout JSONReader, _ bytes: Span<UInt8>, into metric: inout OTLPMetric
    ) throws(WireError) {
        var read = metric
        read.kind = kind
        try members(&reader, bytes) { (reader, key) throws(WireError) in
            switch key {
            case "dataPoints": try elements(&reader, bytes) { (reader) throws(WireError) in read.points.append(try point(&reader, bytes)) }
            case "aggregationTemporality":
                read.temporality = .init(rawValue: try enumeration(&reader, bytes, temporalities, first: 0, step: 1)) ?? .unspecified
            case "isMonotonic": read.isMonotonic = try bool(&reader, bytes)
            default: try reader.skip(bytes)
            }
        }
        metric = read
    }

    /// A point of any kind: no name means two things in two kinds.
    private static func point(_ reader: inout JSONReader, _ bytes: Span<UInt8>) throws(WireError) -> OTLPPoint {
        var point = OTLPPoint()
        try members(&reader, bytes) { (reader, key) throws(WireError) in
            switch key {
            case "attributes": try attributes(&reader, bytes, into: &point.attributes)
            case "startTimeUnixNano": point.start = try integer(&reader, bytes)
            case "timeUnixNano": point.time = try integer(&reader, bytes)
            case "flags": point.flags = try integer(&reader, bytes)
            case "asDouble": point.value = try double(&reader, bytes)
            case "asInt": point.value = Double(try integer(&reader, bytes))
            case "count": point.count = try count(&reader, bytes)
            case "sum": point.sum = try isNull(&reader, bytes) ? nil : try double(&reader, bytes)
            case "explicitBounds":
                try elements(&reader, bytes) { (reader) throws(WireError) in point.bounds.append(try double(&reader, bytes)) }
            case "bucketCounts":
                try elements(&reader, bytes) { (reader) throws(WireError) in point.bucketCounts.append(try count(&reader, bytes)) }
            case "scale": point.scale = Int32(clamping: try integer(&reader, bytes))
            case "zeroCount": point.zeroCount = try count(&reader, bytes)
            case "zeroThreshold": point.zeroThreshold = try double(&reader, bytes)
            case "positive": point.positive = try buckets(&reader, bytes)
            case "negative": point.negative = try buckets(&reader, bytes)
            case "quantileValues":
                try elements(&reader, bytes) { (reader) throws(WireError) in
                    var pair = (quantile: 0.0, value: 0.0)
                    try members(&reader, bytes) { (reader, key) throws(WireError) in
                        switch key {
                        case "quantile": pair.quantile = try double(&reader, bytes)
                        case "value": pair.value = try double(&reader, bytes)
                        default: try reader.skip(bytes)
                        }
                    }
                    point.quantiles.append(pair)
                }
            case "exemplars":
                try elements(&reader, bytes) { (reader) throws(WireError) in point.exemplars.append(try exemplar(&reader, bytes)) }
            default: try reader.skip(bytes)
            }
        }
        return point
    }

    private static func buckets(_ reader: inout JSONReader, _ bytes: Span<UInt8>) throws(WireError) -> OTLPPoint.Buckets {
        var buckets = OTLPPoint.Buckets()
        try members(&reader, bytes) { (reader, key) throws(WireError) in
            switch key {
            case "offset": buckets.offset = Int32(clamping: try integer(&reader, bytes))
            case "bucketCounts":
                try elements(&reader, bytes) { (reader) throws(WireError) in buckets.counts.append(try count(&reader, bytes)) }
            default: try reader.skip(bytes)
            }
        }
        return buckets
    }

    private static func exemplar(_ reader: inout JSONReader, _ bytes: Span<UInt8>) throws(WireError) -> OTLPPoint.ExemplarPoint {
        var exemplar = OTLPPoint.ExemplarPoint()
        try members(&reader, bytes) { (reader, key) throws(WireError) in
            switch key {
            case "filteredAttributes": try attributes(&reader, bytes, into: &exemplar.attributes)
            case "timeUnixNano": exemplar.time = try integer(&reader, bytes)
            case "asDouble": exemplar.value = try double(&reader, bytes)
            case "asInt": exemplar.value = Double(try integer(&reader, bytes))
            case "traceId": exemplar.traceID = try hexadecimal(&reader, bytes)
            case "spanId": exemplar.spanID = try hexadecimal(&reader, bytes)
            default: try reader.skip(bytes)
            }
        }
        return exemplar
    }
}
