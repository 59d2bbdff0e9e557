import VardeKernels
internal import VardeModel

/// The files storage keys live in: the master key, and beside it the days' keys under it, both of mode 0600 and outside the data directory.
package enum StorageKeyFile {
    /// Why a key file is refused.
    package struct Refusal: Error, Sendable, Equatable, CustomStringConvertible {
        /// What happened, where, and what to do.
        package var description: String
    }

    private static let header = "varde-master-key 1 "
    /// Longest file of days' keys read, in bytes: more than twenty years of days.
    private static let maxSize = 4 << 20

    /// Where the days' keys are for a master key at a path.
    package static func daysPath(of masterPath: String) -> String { masterPath + ".days" }

    /// Opens the keys; nil where there are none and none are to be made.
    ///
    /// - Parameters:
    ///   - makes: make a master key where there is none; refused where the directory has files sealed under a lost one.
    ///   - sealedFile: a sealed file of the data directory, where there is one.
    package static func open(
        _ masterPath: String, dataDirectory: String, makes: Bool, sealedFile: () -> String?
    ) throws(Refusal) -> StorageKeys? {
        let daysPath = daysPath(of: masterPath)
        for path in [masterPath, daysPath] where PrivateFile.isInside(path, directory: dataDirectory) {
            throw Refusal(
                description: "key file \(path) lies inside the data directory: who copies the data would have the keys; move it elsewhere")
        }
        let days = try read(daysPath)
        let master: [UInt8]
        if let bytes = try read(masterPath) {
            let line = String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self)
            guard line.hasPrefix(header), let key = HexText.bytes(line.dropFirst(header.count)), key.count == 32 else {
                throw Refusal(description: "\(masterPath) is not a master key of varde: a line “\(header)” and 64 hexadecimal digits")
            }
            master = key
        } else {
            if days != nil {
                throw Refusal(
                    description:
                        "the master key \(masterPath) is missing, and \(daysPath) has keys under it: bring it back, nothing can be read without it"
                )
            }
            if let file = sealedFile() {
                throw Refusal(
                    description: "\(file) is sealed, and there is no master key at \(masterPath): bring it back, with \(daysPath)")
            }
            guard makes else { return nil }
            master = SealedFormat.random(32)
            let text = header + HexText.of(master) + "\n"
            if let reason = PrivateFile.write(Array(text.utf8), to: masterPath) {
                throw Refusal(description: "key file \(masterPath) cannot be written: \(reason)")
            }
        }
        return try keys(master, masterPath, daysPath, days, sealedFile)
    }

    private static func keys(
        _ master: [UInt8], _ masterPath: String, _ daysPath: String, _ days: [UInt8]?, _ sealedFile: () -> String?
    ) throws(Refusal) -> StorageKeys {
        var entries: [StorageKeys.Entry] = []
        var masterID: [UInt8]?
        if let days {
            switch StorageKeys.parse(days) {
            case .success(let read): (masterID, entries) = (read.masterID, read.entries)
            case .failure(let bad): throw Refusal(description: "key file \(daysPath):\(bad.number) is damaged")
            }
        } else if let file = sealedFile() {
            throw Refusal(description: "\(file) is sealed, and \(daysPath), which has the keys of its day, is missing: bring it back")
        }
        let keys = StorageKeys(master: master, masterPath: masterPath, daysPath: daysPath, entries: entries) { bytes in
            PrivateFile.write(bytes, to: daysPath)
        }
        if let masterID, masterID != keys.masterID {
            throw Refusal(
                description:
                    "the keys in \(daysPath) are under the master key \(HexText.of(masterID)), and the one in \(masterPath) is \(HexText.of(keys.masterID)): bring the right one back"
            )
        }
        return keys
    }

    /// nil where there is no file.
    private static func read(_ path: String) throws(Refusal) -> [UInt8]? {
        switch PrivateFile.read(path, maxSize: maxSize) {
        case .success(let bytes): return bytes
        case .failure(.absent): return nil
        case .failure(.readableByOthers(let mode)):
            throw Refusal(description: "key file \(path) has mode 0\(String(mode, radix: 8)): others may read it; run chmod 600 \(path)")
        case .failure(.notAFile): throw Refusal(description: "key file \(path) is not a regular file")
        case .failure(.system(let reason)): throw Refusal(description: "key file \(path) cannot be read: \(reason)")
        }
    }
}
