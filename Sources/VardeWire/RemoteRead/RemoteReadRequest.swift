import VardeKernels
package import VardeModel

/// `prometheus.ReadRequest` of remote read, decompressed.
package struct RemoteReadRequest: Sendable {
    /// One selection of series and time, both ends inclusive, milliseconds.
    package struct Query: Sendable, Equatable {
        package var from: Int64 = 0
        package var through: Int64 = 0
        package var matchers: [LabelMatcher] = []
    }

    /// How the answer comes: `prometheus.ReadRequest.ResponseType`.
    package enum ResponseType: UInt64, Sendable {
        case samples = 0
        case streamedChunks = 1
    }

    /// Queries one request may hold.
    package static let maxQueries = 1_000

    package var queries: [Query] = []
    /// What the client takes, by number, the most wanted first.
    package var acceptedTypes: [UInt64] = []

    /// The first type of the client's that is known here; samples where it names none, nil where it knows only others.
    package var responseType: ResponseType? {
        acceptedTypes.isEmpty ? .samples : acceptedTypes.lazy.compactMap { ResponseType(rawValue: $0) }.first
    }

    /// - Throws: where the body is cut short or damaged, or has more than `maxQueries` queries.
    package init(_ bytes: Span<UInt8>) throws(WireError) {
        do throws(ProtobufReader.Fault) {
            try read(bytes)
        } catch {
            throw error.wire
        }
        if queries.count > Self.maxQueries {
            throw WireError("remote read: \(queries.count) queries in a request, at most \(Self.maxQueries) are taken", at: 0)
        }
    }

    private mutating func read(_ bytes: Span<UInt8>) throws(ProtobufReader.Fault) {
        var reader = ProtobufReader(0..<bytes.count)
        while !reader.isAtEnd {
            let (field, type) = try reader.tag(bytes)
            switch (field, type) {
            case (1, 2): queries.append(try Self.query(try reader.delimited(bytes), bytes))
            case (2, 0): acceptedTypes.append(try reader.varint(bytes))
            case (2, 2):
                var packed = ProtobufReader(try reader.delimited(bytes))
                while !packed.isAtEnd { acceptedTypes.append(try packed.varint(bytes)) }
            default: try reader.skip(type, bytes)
            }
        }
    }

    private static func query(_ range: Range<Int>, _ bytes: Span<UInt8>) throws(ProtobufReader.Fault) -> Query {
        var reader = ProtobufReader(range)
        var query = Query()
        while !reader.isAtEnd {
            let (field, type) = try reader.tag(bytes)
            switch (field, type) {
            case (1, 0): query.from = Int64(bitPattern: try reader.varint(bytes))
            case (2, 0): query.through = Int64(bitPattern: try reader.varint(bytes))
            case (3, 2): query.matchers.append(try matcher(try reader.delimited(bytes), bytes))
            // Hints (4) say what the samples are for: they change nothing here.
            default: try reader.skip(type, bytes)
            }
        }
        return query
    }

    private static func matcher(_ range: Range<Int>, _ bytes: Span<UInt8>) throws(ProtobufReader.Fault) -> LabelMatcher {
        let operations: [LabelMatcher.Operator] = [.equal, .notEqual, .matches, .notMatches]
        var reader = ProtobufReader(range)
        var matcher = LabelMatcher("", .equal, "")
        while !reader.isAtEnd {
            let at = reader.at
            let (field, type) = try reader.tag(bytes)
            switch (field, type) {
            case (1, 0):
                let number = try reader.varint(bytes)
                guard number < UInt64(operations.count) else { throw .badWireType(at) }
                matcher.operation = operations[Int(number)]
            case (2, 2): matcher.name = Bytes.string(bytes.extracting(try reader.delimited(bytes)))
            case (3, 2): matcher.value = Bytes.string(bytes.extracting(try reader.delimited(bytes)))
            default: try reader.skip(type, bytes)
            }
        }
        return matcher
    }
}
