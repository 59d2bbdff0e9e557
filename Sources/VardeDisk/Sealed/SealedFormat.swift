import Crypto
import VardeKernels

/// Sealed files, version 1: what `storage.encryption` makes of every file of a data directory that holds data.
///
///     file   = header pages | header frame*
///     header = "VRDS" version(u16) layout(u8) zero(u8) file id(16) master key id(8) day(i32) serial(u32) page size(u32)
///              wrapped file key(60) checksum(u32)                                               108 bytes
///     page   = ciphertext tag(16)                        the last one shorter than the others, or as long
///     frame  = length(u32) start(u64) nonce(12) check(u32) ciphertext tag(16)
///
/// Integers are little-endian. Everything is AES-256-GCM. Each file has a random key of its own, in its header: wrapped (nonce, ciphertext,
/// tag) by the key of its day (`StorageKeys`), bound to the header before it. `checksum` is CRC-32C over all of the header between the
/// magic and it. `day` counts from 1970; the smallest number stands for files that are of no day.
///
/// Layout 1 is for files that are written once: page i has the nonce i and is bound to file id, i and whether it is the last, so that pages
/// cannot be swapped, taken out or cut off. Its key seals each page number once: it is written front to back, and `sync` ends it.
///
/// Layout 2 is for files that grow: what is written at once becomes one frame, or several. A nonce is eight random bytes of the open file
/// and a counter: a frame that is written again after a failure has another. A frame is bound to file id and its place `start` in the
/// content; `check` is CRC-32C over the 24 bytes before, going on from the file id's first four bytes: it tells where a frame begins even
/// behind damage. A frame that cannot be opened reads as bytes 255, which what is inside (the log's checksums, the audit log's chain) finds.
package enum SealedFormat {
    static let magic: [UInt8] = Array("VRDS".utf8)
    static let version: UInt16 = 1
    static let headerSize = 108
    static let tagSize = 16
    static let nonceSize = 12
    static let wrappedSize = 60
    static let frameHeaderSize = 28
    /// What is opened to read a byte; a few blocks of the device, so that the call costs little beside it.
    static let pageSize = 16 << 10
    /// Most of one frame.
    static let maxFrame = 64 << 10

    enum Layout: UInt8 {
        case pages = 1
        case frames = 2
    }

    /// What a sealed file says of itself.
    struct Header: Equatable {
        var layout: Layout
        var fileID: [UInt8]
        var masterID: [UInt8]
        var key: StorageKeys.KeyName
        var pageSize: Int
        var wrapped: [UInt8] = []

        init(layout: Layout, masterID: [UInt8], key: StorageKeys.KeyName) {
            self.layout = layout
            fileID = SealedFormat.random(16)
            self.masterID = masterID
            self.key = key
            pageSize = SealedFormat.pageSize
        }

        /// What the wrapped key is bound to.
        var bound: [UInt8] {
            var bytes = SealedFormat.magic
            bytes += [UInt8(truncatingIfNeeded: SealedFormat.version), UInt8(SealedFormat.version >> 8), layout.rawValue, 0]
            bytes += fileID + masterID
            Bytes.append32(UInt32(bitPattern: key.day), to: &bytes)
            Bytes.append32(key.serial, to: &bytes)
            Bytes.append32(UInt32(pageSize), to: &bytes)
            return bytes
        }

        var bytes: [UInt8] {
            var bytes = bound + wrapped
            Bytes.append32(CRC32C.checksum(bytes.span.extracting(4...)), to: &bytes)
            return bytes
        }

        /// Reads a header; nil where the bytes are none.
        ///
        /// - Throws: where they are one, damaged or of a version not known.
        init?(_ bytes: [UInt8], path: String) throws(DiskError) {
            guard bytes.count >= SealedFormat.headerSize else { return nil }
            let span = bytes.span
            let isMagic = Array(bytes[0..<4]) == SealedFormat.magic
            // A flipped bit in the magic makes no plain file of a sealed one.
            guard CRC32C.checksum(span.extracting(4..<104)) == Bytes.load32(span, at: 104) else {
                if isMagic { throw DiskError(damaged: path, "the header of the sealed file does not match its checksum") }
                return nil
            }
            guard isMagic, let layout = Layout(rawValue: bytes[6]) else {
                throw DiskError(damaged: path, "the header of the sealed file makes no sense")
            }
            let version = UInt16(bytes[4]) | UInt16(bytes[5]) << 8
            guard version == SealedFormat.version else {
                throw DiskError(damaged: path, "sealed version \(version) is not known to this Varde (it knows \(SealedFormat.version))")
            }
            self.layout = layout
            fileID = Array(bytes[8..<24])
            masterID = Array(bytes[24..<32])
            key = StorageKeys.KeyName(day: Int32(bitPattern: Bytes.load32(span, at: 32)), serial: Bytes.load32(span, at: 36))
            pageSize = Int(Bytes.load32(span, at: 40))
            wrapped = Array(bytes[44..<104])
            guard (512...1 << 20).contains(pageSize) else {
                throw DiskError(damaged: path, "the header of the sealed file makes no sense")
            }
        }
    }

    static func random(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    /// Seals bytes behind `output`: ciphertext and tag.
    static func seal(_ bytes: ArraySlice<UInt8>, key: SymmetricKey, nonce: [UInt8], binding: [UInt8], to output: inout [UInt8]) {
        guard let nonce = try? AES.GCM.Nonce(data: nonce),
            let box = try? AES.GCM.seal(bytes, using: key, nonce: nonce, authenticating: binding)
        else { preconditionFailure("AES-GCM seals any message of these sizes") }
        output.append(contentsOf: box.ciphertext)
        output.append(contentsOf: box.tag)
    }

    /// Opens nonce, ciphertext and tag in one; nil where they are not what was sealed with this key and binding.
    static func open(_ combined: [UInt8], key: SymmetricKey, binding: [UInt8]) -> [UInt8]? {
        guard let box = try? AES.GCM.SealedBox(combined: combined), let bytes = try? AES.GCM.open(box, using: key, authenticating: binding)
        else { return nil }
        return Array(bytes)
    }

    static func bytes64(_ value: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        Bytes.append64(UInt64(value), to: &bytes)
        return bytes
    }
}
