import Foundation
import Synchronization

/// A D-Bus with a systemd on it, at a socket in a temporary folder. Its messages are put together here, byte by byte.
final class FakeMessageBus: Sendable {
    enum Value: Sendable {
        case text(String)
        case word(UInt32)
        case long(UInt64)
    }

    enum Manner: Sendable {
        case good, rejecting, silent, garbled
    }

    /// A unit as ListUnits tells it: name, whether loaded, state.
    typealias Unit = (name: String, load: String, active: String)

    let socket: String
    private let folder: URL
    private let descriptor: Int32
    private let isStopped = Atomic(false)
    private let heard = Heard()

    private final class Heard: Sendable { let calls = Mutex<[String]>([]) }

    /// Members called, in order, with their texts.
    var calls: [String] { heard.calls.withLock { $0 } }

    /// `properties` by object's path, interface and name with blanks between; `isLittle` is the order of bytes.
    init(units: [Unit], properties: [String: Value], isLittle: Bool = true, manner: Manner = .good) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("bus-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        socket = folder.appendingPathComponent("s").path
        let listener = Foundation.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        descriptor = listener
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(socket.utf8)) }
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 && listen(listener, 8) == 0
            }
        }
        guard isBound else { throw CocoaError(.fileWriteUnknown) }
        let talk = Talk(units: units, properties: properties, isLittle: isLittle, manner: manner)
        Thread.detachNewThread { [heard] in
            // Who accepts closes: a number that was given back may be somebody else's already.
            defer { close(listener) }
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0, errno != EINTR { return }
                if connection < 0 { continue }
                talk.serve(connection) { text in heard.calls.withLock { $0.append(text) } }
                close(connection)
            }
        }
    }

    func stop() {
        if isStopped.exchange(true, ordering: .relaxed) { return }
        shutdown(descriptor, Int32(SHUT_RDWR))
        try? FileManager.default.removeItem(at: folder)
    }

    private struct Talk: Sendable {
        var units: [Unit]
        var properties: [String: Value]
        var isLittle: Bool
        var manner: Manner

        private func read(_ connection: Int32, _ count: Int) -> [UInt8]? {
            var bytes: [UInt8] = []
            while bytes.count < count {
                var piece = [UInt8](repeating: 0, count: count - bytes.count)
                let got = recv(connection, &piece, piece.count, 0)
                if got < 0, errno == EINTR { continue }
                if got <= 0 { return nil }
                bytes += piece[..<got]
            }
            return bytes
        }

        private func line(_ connection: Int32) -> String? {
            var text = ""
            while !text.hasSuffix("\r\n") {
                guard let byte = read(connection, 1) else { return nil }
                text.unicodeScalars.append(Unicode.Scalar(byte[0]))
            }
            return String(text.unicodeScalars.dropLast(2))
        }

        private func send(_ connection: Int32, _ bytes: [UInt8]) {
            _ = Foundation.send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        }

        func serve(_ connection: Int32, _ heard: (String) -> Void) {
            guard let greeting = line(connection) else { return }
            let user = String(geteuid()).utf8.map { String($0, radix: 16) }.joined()
            guard greeting == "\0AUTH EXTERNAL \(user)", manner != .rejecting else {
                return send(connection, Array("REJECTED EXTERNAL\r\n".utf8))
            }
            send(connection, Array("OK 1234deadbeef\r\n".utf8))
            guard line(connection) == "BEGIN" else { return }
            while let head = read(connection, 16) {
                // Calls come least byte first.
                func word(_ at: Int, _ bytes: [UInt8]) -> Int { (0..<4).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) } }
                let (bodyBytes, serial, fieldBytes) = (word(4, head), word(8, head), word(12, head))
                guard let fields = read(connection, (fieldBytes + 7) / 8 * 8), let body = read(connection, bodyBytes) else { return }
                var texts: [UInt8: String] = [:]
                var at = 0
                while at < fieldBytes {
                    at = (at + 7) / 8 * 8
                    let (code, type) = (fields[at], fields[at + 2])
                    at += 4
                    let isSignature = type == UInt8(ascii: "g")
                    let count = isSignature ? Int(fields[at]) : word(at, fields)
                    at += isSignature ? 1 : 4
                    texts[code] = String(decoding: fields[at..<(at + count)], as: UTF8.self)
                    at += count + 1
                }
                var arguments: [String] = []
                at = 0
                while at < bodyBytes {
                    at = (at + 3) / 4 * 4
                    let count = word(at, body)
                    arguments.append(String(decoding: body[(at + 4)..<(at + 4 + count)], as: UTF8.self))
                    at += 5 + count
                }
                heard(([texts[3] ?? ""] + arguments).joined(separator: " "))
                guard texts[8] ?? "" == String(repeating: "s", count: arguments.count) else { return }
                answer(connection, UInt32(serial), texts[1] ?? "", texts[3] ?? "", arguments)
            }
        }

        private func answer(_ connection: Int32, _ serial: UInt32, _ path: String, _ member: String, _ arguments: [String]) {
            switch member {
            case "Hello":
                var name = FakeBytes(isLittle)
                name.text(":1.7")
                send(connection, FakeBytes.message(isLittle, 2, serial, "s", name.bytes))
                // What nobody asked for comes in between.
                send(connection, FakeBytes.message(isLittle, 4, nil, "s", name.bytes))
            case "ListUnits":
                if manner == .silent { return }
                if manner == .garbled { return send(connection, [UInt8](repeating: 0x7f, count: 64)) }
                var rows = FakeBytes(isLittle)
                for unit in units {
                    rows.pad(8)
                    for text in [unit.name, "words", unit.load, unit.active, "x", "", "/" + unit.name] { rows.text(text) }
                    rows.word(0)
                    for text in ["", "/"] { rows.text(text) }
                }
                var body = FakeBytes(isLittle)
                body.word(UInt32(rows.bytes.count))
                body.pad(8)
                send(connection, FakeBytes.message(isLittle, 2, serial, "a(ssssssouso)", body.bytes + rows.bytes))
            default:
                guard let value = properties[path + " " + arguments.joined(separator: " ")] else {
                    return send(connection, FakeBytes.message(isLittle, 3, serial, "", []))
                }
                var body = FakeBytes(isLittle)
                switch value {
                case .text(let text):
                    body.signature("s")
                    body.text(text)
                case .word(let word):
                    body.signature("u")
                    body.word(word)
                case .long(let long):
                    body.signature("t")
                    body.pad(8)
                    body.number(long, 8)
                }
                send(connection, FakeBytes.message(isLittle, 2, serial, "v", body.bytes))
            }
        }
    }
}

private struct FakeBytes {
    var bytes: [UInt8] = []
    let isLittle: Bool

    init(_ isLittle: Bool) { self.isLittle = isLittle }

    mutating func pad(_ size: Int) { while bytes.count % size != 0 { bytes.append(0) } }

    mutating func number(_ value: UInt64, _ size: Int) {
        let all = (0..<size).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
        bytes += isLittle ? all : all.reversed()
    }

    mutating func word(_ value: UInt32) {
        pad(4)
        number(UInt64(value), 4)
    }

    mutating func text(_ text: String) {
        word(UInt32(text.utf8.count))
        bytes += Array(text.utf8) + [0]
    }

    mutating func signature(_ text: String) { bytes += [UInt8(text.utf8.count)] + Array(text.utf8) + [0] }

    static func message(_ isLittle: Bool, _ kind: UInt8, _ answered: UInt32?, _ signature: String, _ body: [UInt8]) -> [UInt8] {
        var fields = FakeBytes(isLittle)
        if let answered {
            fields.bytes.append(5)
            fields.signature("u")
            fields.word(answered)
        }
        for (code, type, text) in [
            (7, "s", "org.freedesktop.systemd1"), (4, "s", kind == 3 ? "org.freedesktop.DBus.Error.UnknownProperty" : ""),
            (8, "g", signature),
        ] as [(UInt8, String, String)] where !text.isEmpty {
            fields.pad(8)
            fields.bytes.append(code)
            fields.signature(type)
            if type == "g" { fields.signature(text) } else { fields.text(text) }
        }
        var message = FakeBytes(isLittle)
        message.bytes = [UInt8(ascii: isLittle ? "l" : "B"), kind, 0, 1]
        message.word(UInt32(body.count))
        message.word(9)
        message.word(UInt32(fields.bytes.count))
        message.bytes += fields.bytes
        message.pad(8)
        return message.bytes + body
    }
}
