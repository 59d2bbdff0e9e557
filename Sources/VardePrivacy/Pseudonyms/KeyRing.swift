internal import Crypto

/// The secret keys pseudonyms are made with, one an epoch. Destroying an epoch's key makes its tokens unlinkable to anybody.
package struct KeyRing: Sendable {
    /// How long one key is used where nothing else is configured, in seconds.
    package static let defaultEpochLength: Int64 = 30 * 86_400
    /// Bytes of a key.
    static let keyLength = 32

    /// A key and when its use began.
    package struct Epoch: Sendable {
        /// Number in placeholders (`k3`), ascending from 1.
        package let number: Int
        /// Seconds since 1970 from which it is used.
        package let start: Int64
        /// Seconds since 1970 when the key was destroyed; nil while it exists.
        package fileprivate(set) var destroyed: Int64?
        fileprivate(set) var key: [UInt8]
    }

    /// Why a key file's content is refused.
    package enum ParseError: Error, Sendable, Equatable {
        case notAKeyFile
        /// A line that says nothing valid, counted from 1.
        case badLine(Int)
        case noEpoch
    }

    /// All epochs, oldest first; the last is in use.
    package private(set) var epochs: [Epoch]
    /// Seconds one key is used.
    package var epochLength: Int64

    /// A ring with a new random key from `now` (seconds since 1970) on.
    ///
    /// - Parameter first: number of its epoch.
    package init(now: Int64, epochLength: Int64 = KeyRing.defaultEpochLength, first: Int = 1) {
        self.epochLength = epochLength
        epochs = [Epoch(number: first, start: now, destroyed: nil, key: Self.randomKey())]
    }

    private static func randomKey() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<keyLength).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    /// Epochs before this number had keys that were lost with their file; 0 where none were.
    package var lostBefore: Int { epochs[0].number > 1 ? epochs[0].number : 0 }

    /// The epoch in use.
    package var current: Epoch { epochs[epochs.count - 1] }

    /// Begins a new epoch where the current one has lasted its time; returns whether it did.
    package mutating func rotateIfDue(now: Int64) -> Bool {
        guard now - current.start >= epochLength || current.destroyed != nil else { return false }
        rotate(now: now)
        return true
    }

    /// Begins a new epoch.
    package mutating func rotate(now: Int64) {
        epochs.append(Epoch(number: current.number + 1, start: now, destroyed: nil, key: Self.randomKey()))
    }

    /// Destroys the key of an epoch; the current one is followed by a new epoch. Returns false where there is no such key any more.
    package mutating func destroy(epoch number: Int, now: Int64) -> Bool {
        guard let index = epochs.firstIndex(where: { $0.number == number && $0.destroyed == nil }) else { return false }
        for i in epochs[index].key.indices { epochs[index].key[i] = 0 }
        epochs[index].key = []
        epochs[index].destroyed = now
        if index == epochs.count - 1 { rotate(now: now) }
        return true
    }

    /// The state to begin pseudonyms of a type from, nil where the epoch's key is destroyed.
    func begin(_ epoch: Epoch, tenant: String, type: String) -> HMAC<SHA256>? {
        guard epoch.destroyed == nil else { return nil }
        // One key for each tenant, type and epoch, so that tokens of one say nothing about those of another.
        var derivation = HMAC<SHA256>(key: SymmetricKey(data: epoch.key))
        derivation.update(data: Array("varde pseudonym 1\0\(tenant.utf8.count)\0\(tenant)\0\(type)\0\(epoch.number)".utf8))
        return HMAC<SHA256>(key: SymmetricKey(data: Array(derivation.finalize())))
    }

    // The file: text, a header line, then a line an epoch.
    //     varde-keys 1 2592000
    //     1 1764000000 6f0c…                64 hexadecimal digits
    //     2 1766592000 destroyed 1770000000

    /// The ring as the bytes of its file.
    package func serialized() -> [UInt8] {
        var text = "varde-keys 1 \(epochLength)\n"
        for epoch in epochs {
            if let destroyed = epoch.destroyed {
                text += "\(epoch.number) \(epoch.start) destroyed \(destroyed)\n"
            } else {
                text += "\(epoch.number) \(epoch.start) " + Hex.text(epoch.key) + "\n"
            }
        }
        return Array(text.utf8)
    }

    /// Reads a ring from the bytes of its file.
    package init(parsing bytes: [UInt8]) throws(ParseError) {
        let lines = bytes.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }
        guard let header = lines.first else { throw .notAKeyFile }
        let head = header.split(separator: " ")
        guard head.count == 3, head[0] == "varde-keys", head[1] == "1", let length = Int64(head[2]), length > 0 else { throw .notAKeyFile }
        var epochs: [Epoch] = []
        for (index, line) in lines.enumerated().dropFirst() {
            let parts = line.split(separator: " ")
            guard parts.count >= 3, let number = Int(parts[0]), let start = Int64(parts[1]), number > (epochs.last?.number ?? 0) else {
                throw .badLine(index + 1)
            }
            if parts[2] == "destroyed" {
                guard parts.count == 4, let time = Int64(parts[3]) else { throw .badLine(index + 1) }
                epochs.append(Epoch(number: number, start: start, destroyed: time, key: []))
            } else {
                guard parts.count == 3, let key = Hex.bytes(parts[2]), key.count == Self.keyLength else { throw .badLine(index + 1) }
                epochs.append(Epoch(number: number, start: start, destroyed: nil, key: key))
            }
        }
        guard let last = epochs.last, last.destroyed == nil else { throw .noEpoch }
        self.epochs = epochs
        epochLength = length
    }
}

/// Bytes as hexadecimal digits.
enum Hex {
    static func text(_ bytes: some Sequence<UInt8>) -> String {
        var text = ""
        for byte in bytes {
            text += String(byte >> 4, radix: 16)
            text += String(byte & 15, radix: 16)
        }
        return text
    }

    static func bytes(_ text: some StringProtocol) -> [UInt8]? {
        var result: [UInt8] = []
        var high: UInt8?
        for character in text.utf8 {
            guard ByteClass.isHex(character) else { return nil }
            let value = ByteClass.isDigit(character) ? character & 15 : (character & 15) + 9
            if let first = high {
                result.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return high == nil ? result : nil
    }
}
