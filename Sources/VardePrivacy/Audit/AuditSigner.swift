internal import Crypto
internal import VardeKernels

/// The key checkpoints and receipts are signed with (Ed25519). Its file has mode 0600 and lies outside the data directory.
package struct AuditSigner: Sendable {
    private let key: Curve25519.Signing.PrivateKey

    /// A new key.
    package init() { key = Curve25519.Signing.PrivateKey() }

    private init(_ key: Curve25519.Signing.PrivateKey) { self.key = key }

    /// 32 bytes.
    package var publicKey: [UInt8] { Array(key.publicKey.rawRepresentation) }

    /// 64 hexadecimal digits.
    package var publicKeyText: String { Hex.text(publicKey) }

    /// Signature over a message, 64 bytes as 128 hexadecimal digits.
    package func signature(over message: [UInt8]) throws -> String { Hex.text(Array(try key.signature(for: message))) }

    /// Whether a signature over a message is that of a public key, both as hexadecimal digits.
    package static func isValid(_ signature: String, over message: [UInt8], publicKey: String) -> Bool {
        guard let bytes = Hex.bytes(publicKey), let signed = Hex.bytes(signature),
            let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes)
        else { return false }
        return key.isValidSignature(signed, for: message)
    }

    private static let header = "varde-audit-key 1 "
    private static let maxSize = 4096

    /// Reads the key at a path; where there is no file, makes one, and beside it `PATH.pub` with the public key for who verifies.
    package static func open(_ path: String, dataDirectory: String) throws(KeyRingFile.Refusal) -> AuditSigner {
        if PrivateFile.isInside(path, directory: dataDirectory) { throw .insideDataDirectory(path: path) }
        switch PrivateFile.read(path, maxSize: maxSize) {
        case .success(let bytes):
            let line = String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self)
            guard line.hasPrefix(header), let raw = Hex.bytes(line.dropFirst(header.count)),
                let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: raw)
            else { throw .content(path: path, .notAKeyFile) }
            return AuditSigner(key)
        case .failure(.absent):
            let signer = AuditSigner()
            let text = header + Hex.text(Array(signer.key.rawRepresentation)) + "\n"
            if let reason = PrivateFile.write(Array(text.utf8), to: path) { throw .unwritable(path: path, reason: reason) }
            if let reason = PrivateFile.write(Array((signer.publicKeyText + "\n").utf8), to: path + ".pub") {
                throw .unwritable(path: path + ".pub", reason: reason)
            }
            return signer
        case .failure(.readableByOthers(let mode)): throw .readableByOthers(path: path, mode: mode)
        case .failure(.notAFile): throw .notAFile(path: path)
        case .failure(.system(let reason)): throw .unreadable(path: path, reason: reason)
        }
    }
}
