import VardeEgress
import VardeWire

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A conversation on a D-Bus.
struct MessageBus {
    /// What is wrong with an answer, in words.
    struct Fault: Error, CustomStringConvertible {
        var description: String
    }

    /// Calls under way at once.
    private static let atOnce = 64
    /// Bytes of a message, and of a line while one is let in.
    private static let maxMessage = 16 << 20
    private static let maxLine = 16 << 10
    private static let bus = "org.freedesktop.DBus"

    private var stream: UnixStream
    private var serial: UInt32 = 0

    /// Is let in as the user this process runs as (EXTERNAL), and says hello.
    init(_ stream: UnixStream) async throws {
        self.stream = stream
        let user = String(geteuid()).utf8.map { String($0, radix: 16) }.joined()
        try await stream.write([0] + Array("AUTH EXTERNAL \(user)\r\n".utf8))
        let answer = try await self.stream.line(longest: Self.maxLine)
        guard answer.hasPrefix("OK ") || answer == "OK" else { throw Fault(description: "the bus does not let this user in") }
        try await self.stream.write(Array("BEGIN\r\n".utf8))
        _ = try await call(DBusCall(Self.bus, "/org/freedesktop/DBus", Self.bus, "Hello"))
    }

    /// One call's answer.
    mutating func call(_ call: DBusCall) async throws -> DBusMessage {
        let answers = try await self.call([call])
        guard let answer = answers.first, let answer else { throw Fault(description: "no answer to \(call.member)") }
        guard answer.kind == .answer else { throw Fault(description: "\(call.member) was answered with \(answer.faultName)") }
        return answer
    }

    /// Answers in the order of the calls; faults are among them.
    mutating func call(_ calls: [DBusCall]) async throws -> [DBusMessage?] {
        var answers: [DBusMessage?] = []
        for start in stride(from: 0, to: calls.count, by: Self.atOnce) {
            let batch = calls[start..<min(start + Self.atOnce, calls.count)]
            let first = serial + 1
            var bytes: [UInt8] = []
            for call in batch {
                serial += 1
                bytes += call.bytes(serial: serial)
            }
            try await stream.write(bytes)
            var found = [DBusMessage?](repeating: nil, count: batch.count)
            var left = batch.count
            while left > 0 {
                let message = try await next()
                guard message.kind == .answer || message.kind == .fault, message.answered >= first, message.answered <= serial else {
                    continue
                }
                if found[Int(message.answered - first)] == nil { left -= 1 }
                found[Int(message.answered - first)] = message
            }
            answers += found
        }
        return answers
    }

    private mutating func next() async throws -> DBusMessage {
        let head = try await stream.read(DBusMessage.headBytes)
        let length = try DBusMessage.length(of: head, limit: Self.maxMessage)
        return try DBusMessage(head + (try await stream.read(length - head.count)))
    }
}
