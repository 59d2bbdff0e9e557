import VardeKernels

/// Walks protobuf in place. Every length is held against the bytes that are there before it is believed; nothing is allocated.
package struct ProtobufReader {
    package enum Fault: Error, Sendable {
        case truncated(Int)
        case varintTooLong(Int)
        case badWireType(Int)
        case tooDeep(Int)
        case wrongType(field: UInt64, type: UInt8, at: Int)
        case reserved(field: UInt64, at: Int)

        package var wire: WireError {
            switch self {
            case .truncated(let at): WireError("protobuf: a field reaches beyond the end of the message", at: at)
            case .varintTooLong(let at): WireError("protobuf: a number has more than 10 bytes", at: at)
            case .badWireType(let at): WireError("protobuf: unknown field encoding", at: at)
            case .wrongType(let field, let type, let at): WireError("protobuf: field \(field) cannot have the wire type \(type)", at: at)
            case .reserved(let field, let at):
                WireError("protobuf: field \(field) is not of this message: is the content type's proto= that of the body?", at: at)
            case .tooDeep(let at): WireError("protobuf: values are nested too deep", at: at)
            }
        }
    }

    /// Offset of the next byte and end of the message, both in the body.
    package var at: Int
    package let end: Int

    package init(_ range: Range<Int>) {
        at = range.lowerBound
        end = range.upperBound
    }

    package var isAtEnd: Bool { at >= end }

    @inline(__always)
    package mutating func varint(_ bytes: Span<UInt8>) throws(Fault) -> UInt64 {
        guard at < end else { throw .truncated(at) }
        let first = bytes[at]
        if first < 0x80 {
            at &+= 1
            return UInt64(first)
        }
        return try longVarint(bytes)
    }

    private mutating func longVarint(_ bytes: Span<UInt8>) throws(Fault) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        let start = at
        while true {
            guard at < end else { throw .truncated(start) }
            let byte = bytes[at]
            at &+= 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift &+= 7
            guard shift < 70 else { throw .varintTooLong(start) }
        }
    }

    /// Field number and wire type of the next field.
    @inline(__always)
    package mutating func tag(_ bytes: Span<UInt8>) throws(Fault) -> (field: UInt64, type: UInt8) {
        let tag = try varint(bytes)
        return (tag >> 3, UInt8(tag & 7))
    }

    /// The byte range of a length-delimited field, passed over.
    @inline(__always)
    package mutating func delimited(_ bytes: Span<UInt8>) throws(Fault) -> Range<Int> {
        let length = try varint(bytes)
        guard length <= UInt64(end &- at) else { throw .truncated(at) }
        let range = at..<(at &+ Int(length))
        at = range.upperBound
        return range
    }

    @inline(__always)
    package mutating func fixed64(_ bytes: Span<UInt8>) throws(Fault) -> UInt64 {
        guard end &- at >= 8 else { throw .truncated(at) }
        defer { at &+= 8 }
        return Bytes.load64(bytes, at: at)
    }

    package mutating func fixed32(_ bytes: Span<UInt8>) throws(Fault) -> UInt32 {
        guard end &- at >= 4 else { throw .truncated(at) }
        defer { at &+= 4 }
        return Bytes.load32(bytes, at: at)
    }

    /// Passes over a field the caller does not know. One it knows, of numbers up to `known`, has come with a wire type it cannot have.
    package mutating func skip(_ field: UInt64, _ type: UInt8, known: UInt64, _ bytes: Span<UInt8>) throws(Fault) {
        if field <= known { throw .wrongType(field: field, type: type, at: at) }
        try skip(type, bytes)
    }

    /// Passes over a field of a type the caller does not know.
    package mutating func skip(_ type: UInt8, _ bytes: Span<UInt8>) throws(Fault) {
        switch type {
        case 0: _ = try varint(bytes)
        case 1: _ = try fixed64(bytes)
        case 2: _ = try delimited(bytes)
        case 5:
            guard end &- at >= 4 else { throw .truncated(at) }
            at &+= 4
        default: throw .badWireType(at)
        }
    }
}

/// Appends protobuf fields to a byte array.
package enum ProtobufWriter {
    package static func varint(_ value: UInt64, to out: inout [UInt8]) {
        var value = value
        while value >= 0x80 {
            out.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        out.append(UInt8(value))
    }

    package static func bytes(_ field: UInt64, _ value: some Collection<UInt8>, to out: inout [UInt8]) {
        varint(field << 3 | 2, to: &out)
        varint(UInt64(value.count), to: &out)
        out.append(contentsOf: value)
    }

    package static func string(_ field: UInt64, _ value: String, to out: inout [UInt8]) { bytes(field, Array(value.utf8), to: &out) }

    package static func integer(_ field: UInt64, _ value: Int64, to out: inout [UInt8]) {
        varint(field << 3, to: &out)
        varint(UInt64(bitPattern: value), to: &out)
    }

    package static func double(_ field: UInt64, _ value: Double, to out: inout [UInt8]) {
        varint(field << 3 | 1, to: &out)
        Bytes.append64(value.bitPattern, to: &out)
    }
}
