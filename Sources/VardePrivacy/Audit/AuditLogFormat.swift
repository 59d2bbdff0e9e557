internal import Crypto

/// The audit log on disk, version 1: JSON Lines in files that are only ever appended to.
///
///     file       = entry*                     name: number of its first entry in 16 hexadecimal digits, ".audit"
///     entry      = body ',"hash":"' hash '"}' newline
///     body       = {"n":…,"time":…,"who":…,"from":…,"action":…,"what":…[,"lines":…][,"status":…]      no closing brace
///     hash       = SHA-256 over the hash before and the bytes of body, 64 hexadecimal digits; before the first: SHA-256 of `seed`
///
/// Entries are numbered from 1 without a gap. A chain shows every change but one: that its end was cut off. So its head is signed
/// now and then and the signature kept in a second place, outside the data directory:
///
///     checkpoint = {"entries":…,"hash":…,"time":…,"key":…,"signature":…} newline          Ed25519 over `signed(…)`
enum AuditLogFormat {
    static let suffix = ".audit"
    static let seed = "varde audit 1"
    /// Between an entry's body and its hash, and behind the hash.
    static let hashKey = Array(",\"hash\":\"".utf8)
    static let tail = Array("\"}\n".utf8)
    static let hashDigits = 64
    /// A file is closed once it is larger, in bytes: small enough to be read whole at the start.
    static let maxFileSize = 32 << 20
    /// Longest text of a request that is kept, in bytes.
    static let maxText = 4 << 10
    /// Checkpoints are thinned to half once their file is larger, in bytes: only the newest is needed.
    static let maxCheckpointSize = 4 << 20

    static let firstHash: [UInt8] = Array(SHA256.hash(data: Array(seed.utf8)))

    static func hash(_ before: [UInt8], _ body: ArraySlice<UInt8>) -> [UInt8] {
        var state = SHA256()
        state.update(data: before)
        state.update(data: Array(body))
        return Array(state.finalize())
    }

    static func name(_ first: UInt64) -> String {
        let digits = String(first, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits + suffix
    }

    static func number(of name: String) -> UInt64? {
        name.hasSuffix(suffix) && name.utf8.count == 22 ? UInt64(name.dropLast(6), radix: 16) : nil
    }

    /// What a checkpoint's signature is over.
    static func signed(entries: UInt64, hash: String, time: String) -> [UInt8] {
        Array("varde audit checkpoint 1\n\(entries)\n\(hash)\n\(time)\n".utf8)
    }

    /// A line taken apart: its number, the hash it states, and where its body ends; nil where it is not of this format.
    static func parse(_ line: ArraySlice<UInt8>) -> (number: UInt64, hash: [UInt8], body: ArraySlice<UInt8>)? {
        let after = hashDigits + tail.count - 1
        guard line.count > hashKey.count + after, line.suffix(tail.count - 1).elementsEqual(tail.dropLast()) else { return nil }
        let digits = line.dropLast(tail.count - 1).suffix(hashDigits)
        let body = line.dropLast(after + hashKey.count)
        guard line[body.endIndex..<body.endIndex + hashKey.count].elementsEqual(hashKey) else { return nil }
        let text = String(decoding: digits, as: UTF8.self)
        guard text == text.lowercased(), let hash = Hex.bytes(text) else { return nil }
        let start = Array("{\"n\":".utf8)
        guard body.starts(with: start) else { return nil }
        var number: UInt64 = 0
        var count = 0
        for byte in body.dropFirst(start.count) {
            if byte == 0x2C { break }
            guard ByteClass.isDigit(byte), count < 18 else { return nil }
            number = number * 10 + UInt64(byte & 15)
            count += 1
        }
        return count > 0 ? (number, hash, body) : nil
    }
}
