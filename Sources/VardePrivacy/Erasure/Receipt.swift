internal import VardeKernels
package import VardeWire

/// A signed statement that something is gone for good: of an erasure, or of a destroyed key. One line of JSON.
///
///     receipt   = body ',"signature":"' signature '"}' newline
///     body      = {"receipt":1,"kind":…,…,"key":"…"           no closing brace; key: the signer's, 64 hexadecimal digits
///     signature = Ed25519 over "varde receipt 1" newline body, 128 hexadecimal digits
package enum Receipt {
    /// What a receipt's text shows.
    package enum Verdict: Sendable, Equatable {
        /// Signed by the key, as it stands.
        case sound(kind: String, key: String)
        case wrong(String)
    }

    /// Largest receipt read, in bytes.
    package static let maxSize = 1 << 20
    private static let start = "{\"receipt\":1,\"kind\":"
    private static let signatureKey = Array(",\"signature\":\"".utf8)
    private static let signatureDigits = 128
    private static let tail = Array("\"}".utf8)

    /// Writes and signs a receipt; `fields` appends `,"name":value` pairs.
    package static func make(kind: String, signer: AuditSigner, _ fields: (inout JSONWriter) -> Void) throws -> [UInt8] {
        var json = JSONWriter()
        json.raw(start)
        json.string(kind)
        fields(&json)
        json.raw(",\"key\":\"\(signer.publicKeyText)\"")
        let signature = try signer.signature(over: signed(json.bytes[...]))
        return json.bytes + signatureKey + Array(signature.utf8) + tail + [0x0A]
    }

    private static func signed(_ body: ArraySlice<UInt8>) -> [UInt8] { Array("varde receipt 1\n".utf8) + body }

    /// Holds a receipt against its signature.
    ///
    /// - Parameter publicKey: the key it must be signed with, 64 hexadecimal digits; nil believes the receipt's own.
    package static func verify(_ text: [UInt8], publicKey: String?) -> Verdict {
        guard text.count <= maxSize else { return .wrong("it is larger than any receipt") }
        var line = text[...]
        while let last = line.last, last == 0x0A || last == 0x0D || last == 0x20 { line.removeLast() }
        let after = signatureDigits + tail.count
        guard line.count > start.utf8.count + signatureKey.count + after, line.starts(with: Array(start.utf8)),
            line.suffix(tail.count) == tail[...]
        else { return .wrong("it is no receipt of Varde") }
        let signature = String(decoding: line.dropLast(tail.count).suffix(signatureDigits), as: UTF8.self)
        let head = line.dropLast(after)
        guard head.suffix(signatureKey.count) == signatureKey[...] else { return .wrong("it is no receipt of Varde") }
        let body = head.dropLast(signatureKey.count)
        guard let (kind, key) = fields(Array(body) + [0x7D]) else { return .wrong("it is not well-formed JSON") }
        if let publicKey, publicKey != key { return .wrong("it is signed by another key: \(key)") }
        guard signature == signature.lowercased(), AuditSigner.isValid(signature, over: signed(body), publicKey: key) else {
            return .wrong("the signature is not that of its text: it was changed")
        }
        return .sound(kind: kind, key: key)
    }

    private static func fields(_ bytes: [UInt8]) -> (kind: String, key: String)? {
        var kind: String?
        var key: String?
        let span = bytes.span
        var reader = JSONReader()
        do throws(WireError) {
            try reader.object(span) { (reader, name) throws(WireError) in
                switch name {
                case "kind": kind = try reader.string(span)
                case "key": key = try reader.string(span)
                default: try reader.skip(span)
                }
            }
        } catch { return nil }
        guard let kind, let key, reader.isAtEnd(span) else { return nil }
        return (kind, key)
    }
}
