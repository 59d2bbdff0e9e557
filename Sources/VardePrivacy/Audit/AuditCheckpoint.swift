package import VardeDisk
internal import VardeWire

/// The audit chain's head, signed.
package struct AuditCheckpoint: Sendable, Equatable {
    /// How many entries there were.
    package var entries: UInt64
    /// Hash of the last, 64 hexadecimal digits.
    package var hash: String
    /// When it was signed.
    package var time: String
    /// The public key, 64 hexadecimal digits.
    package var key: String
    package var signature: String

    init(entries: UInt64, hash: [UInt8], time: Int64, signer: AuditSigner) throws {
        self.entries = entries
        self.hash = Hex.text(hash)
        self.time = UTCText.milliseconds(time)
        key = signer.publicKeyText
        signature = try signer.signature(over: AuditLogFormat.signed(entries: entries, hash: self.hash, time: self.time))
    }

    var line: [UInt8] {
        Array(
            "{\"entries\":\(entries),\"hash\":\"\(hash)\",\"time\":\"\(time)\",\"key\":\"\(key)\",\"signature\":\"\(signature)\"}\n".utf8)
    }

    /// Reads a line; nil where it is not exactly one.
    init?(_ bytes: ArraySlice<UInt8>) {
        let line = Array(bytes)
        let span = line.span
        var fields: [String: String] = [:]
        var count: Int64?
        var reader = JSONReader()
        do throws(WireError) {
            try reader.object(span) { (reader, key) throws(WireError) in
                if key == "entries" { count = try reader.wholeNumber(span) } else { fields[key] = try reader.string(span) }
            }
        } catch { return nil }
        guard let count, count >= 0, let hash = fields["hash"], let time = fields["time"], let key = fields["key"],
            let signature = fields["signature"]
        else { return nil }
        entries = UInt64(count)
        self.hash = hash
        self.time = time
        self.key = key
        self.signature = signature
        // Nothing may be written differently from how it was signed and written.
        guard self.line.dropLast().elementsEqual(line) else { return nil }
    }

    /// Entries and key of the last checkpoint of a file; nil where there is none.
    package static func last(in path: String, _ fileSystem: any FileSystem) -> (entries: UInt64, key: String)? {
        guard fileSystem.exists(path), let bytes = try? fileSystem.read(path), let line = bytes.split(separator: 0x0A).last else {
            return nil
        }
        return AuditCheckpoint(line).map { ($0.entries, $0.key) }
    }

    /// Whether the signature is that of the key.
    func isSigned(by key: String) -> Bool {
        self.key == key
            && AuditSigner.isValid(
                signature, over: AuditLogFormat.signed(entries: entries, hash: hash, time: time), publicKey: key)
    }
}
