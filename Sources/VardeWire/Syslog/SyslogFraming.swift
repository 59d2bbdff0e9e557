import VardeKernels

/// Cuts a TCP stream of syslog into messages: octet counting (RFC 6587: `LEN SP MSG`) where a frame begins with a digit, else lines.
package struct SyslogFraming: Sendable {
    /// Bytes of one message; a longer one is cut there and the rest of it left out.
    package let maxMessage: Int
    /// Digits a count may have: a number beyond it is none.
    private static let maxDigits = 10
    private var pending: [UInt8] = []
    private var at = 0
    /// Inside a line that was too long: all up to its end is left out.
    private var isSkipping = false
    /// Bytes left out yet of a message whose count was too large.
    private var excess = 0
    /// Messages that were cut.
    package private(set) var cutMessages = 0

    package init(maxMessage: Int) { self.maxMessage = maxMessage }

    package mutating func append(_ bytes: some Collection<UInt8>) { pending.append(contentsOf: bytes) }

    /// The next whole message, nil until more comes.
    ///
    /// - Throws: where a count cannot be: what follows on the connection cannot be understood.
    package mutating func next() throws(WireError) -> [UInt8]? {
        while true {
            if at == pending.count {
                compact()
                return nil
            }
            if excess > 0 {
                let part = min(excess, pending.count - at)
                excess -= part
                at += part
                continue
            }
            if !isSkipping, pending[at] >= UInt8(ascii: "1"), pending[at] <= UInt8(ascii: "9") {
                return try counted()
            }
            guard let end = pending[at...].firstIndex(where: { $0 == 10 || $0 == 0 }) else {
                if isSkipping {
                    at = pending.count
                    continue
                }
                guard pending.count - at >= maxMessage else {
                    compact()
                    return nil
                }
                let message = Array(pending[at..<at + maxMessage])
                at = pending.count
                isSkipping = true
                cutMessages += 1
                return message
            }
            let wasSkipping = isSkipping
            isSkipping = false
            var message = pending[at..<end]
            at = end + 1
            if message.last == 13 { message.removeLast() }
            if wasSkipping || message.isEmpty { continue }
            if message.count > maxMessage {
                cutMessages += 1
                message = message.prefix(maxMessage)
            }
            return Array(message)
        }
    }

    private mutating func counted() throws(WireError) -> [UInt8]? {
        var count = 0
        var i = at
        while i < pending.count, pending[i] >= 48, pending[i] <= 57 {
            count = count * 10 + Int(pending[i] - 48)
            i += 1
            if i - at > Self.maxDigits { throw WireError("syslog: a count of more than \(Self.maxDigits) digits") }
        }
        guard i < pending.count else {
            compact()
            return nil
        }
        guard pending[i] == 32 else { throw WireError("syslog: expected a blank behind the count of bytes") }
        let taken = min(count, maxMessage)
        guard pending.count - i - 1 >= taken else {
            compact()
            return nil
        }
        if taken < count {
            excess = count - taken
            cutMessages += 1
        }
        at = i + 1 + taken
        var message = pending[(i + 1)..<at]
        // Some senders count a line's end as well.
        while let last = message.last, last == 10 || last == 0 { message.removeLast() }
        return Array(message)
    }

    /// What is left when the connection ends: a last line without its end.
    package mutating func finish() -> [UInt8]? {
        defer {
            pending.removeAll()
            at = 0
        }
        guard !isSkipping, at < pending.count, !(pending[at] >= UInt8(ascii: "1") && pending[at] <= UInt8(ascii: "9")) else { return nil }
        return Array(pending[at...].prefix(maxMessage))
    }

    /// Lets go of what was taken, and of its memory: nothing raw stays on a connection that waits.
    private mutating func compact() {
        if at > 0 { pending = Array(pending[at...]) }
        at = 0
    }
}
