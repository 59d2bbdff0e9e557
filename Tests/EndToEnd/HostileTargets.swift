import Foundation
import VardeCompression

/// Targets that behave badly, each at a path of its own: what a server that scrapes them must live through.
final class HostileTargets: @unchecked Sendable {  // The socket is closed once; nothing else changes.
    let port: Int
    private let listener: Int32
    private let bomb: [UInt8]
    private let million: [UInt8]

    /// Paths that never come to a good end.
    static let paths = [
        "hang", "stall", "drip", "short", "endless", "bomb", "words", "utf8", "million", "headers", "nothing",
    ]

    init() throws {
        let line = Array("zeros 0000000000000000000000000000000000000000000000000000000000000000000000\n".utf8)
        var plain: [UInt8] = []
        for _ in 0..<200_000 { plain += line }
        var packed: [UInt8] = []
        Deflate.compress(plain.span, as: .gzip, into: &packed)
        bomb = packed
        var crowd: [UInt8] = []
        for number in 0..<1_000_000 { crowd += "million{n=\"\(number)\"} 1\n".utf8 }
        million = Array(Self.head("Content-Length: \(crowd.count)").utf8) + crowd
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && listen(descriptor, 64) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard isBound else { throw ServerProcess.Failure(description: "no free port for targets") }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0 { return }
                Thread.detachNewThread { [self] in
                    serve(connection)
                    close(connection)
                }
            }
        }
    }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private static func send(_ bytes: [UInt8], to connection: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Foundation.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    private func serve(_ connection: Int32) {
        var request: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while !String(decoding: request, as: UTF8.self).contains("\r\n\r\n") {
            let count = recv(connection, &buffer, buffer.count, 0)
            if count <= 0 { return }
            request += buffer[..<count]
        }
        let path = String(decoding: request, as: UTF8.self).split(separator: " ").dropFirst().first.map(String.init) ?? ""
        answer(String(path.dropFirst()), connection)
    }

    private static func head(_ more: String) -> String { "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n\(more)\r\n\r\n" }

    private func answer(_ path: String, _ connection: Int32) {
        func say(_ text: String) { _ = Self.send(Array(text.utf8), to: connection) }
        func whole(_ body: String) { say(Self.head("Content-Length: \(body.utf8.count)") + body) }
        /// Until the other side has enough.
        func forever(_ text: String, every pause: UInt32) {
            while Self.send(Array(text.utf8), to: connection) { usleep(pause) }
        }
        switch path {
        case "good": whole("good 1\n")
        case "hang": forever("", every: 100_000)
        case "stall":
            say(Self.head("Content-Length: 1000") + "a 1\nb ")
            waitForClose(connection)
        case "drip":
            say(Self.head("Content-Length: 100000000"))
            forever("1", every: 20_000)
        case "short": say(Self.head("Content-Length: 1000") + "a 1\n")
        case "long": say(Self.head("Content-Length: 4") + "a 1\nstowaway 2\n")
        case "endless":
            say(Self.head("Transfer-Encoding: chunked"))
            let text = String(repeating: "never_ending{a=\"b\"} 1\n", count: 2_000)
            forever(String(text.utf8.count, radix: 16) + "\r\n\(text)\r\n", every: 0)
        case "bomb": _ = Self.send(Array(Self.head("Content-Encoding: gzip\r\nContent-Length: \(bomb.count)").utf8) + bomb, to: connection)
        case "words": say("these are no headers\r\n\r\n")
        case "utf8":
            let body = Array("a{b=\"".utf8) + [0xC3, 0x28, 0xFF] + Array("\"} 1\n".utf8)
            _ = Self.send(Array(Self.head("Content-Length: \(body.count)").utf8) + body, to: connection)
        case "million": _ = Self.send(million, to: connection)
        case "crowd":
            // Other series at every scrape.
            let run = UInt32.random(in: 0...UInt32.max)
            var body = ""
            for number in 0..<30_000 { body += "\(path){n=\"\(run)-\(number)\"} 1\n" }
            whole(body)
        case "headers":
            forever("HTTP/1.1 200 OK\r\n" + String(repeating: "X-More: \(String(repeating: "x", count: 1_000))\r\n", count: 50), every: 0)
        default: break
        }
    }

    private func waitForClose(_ connection: Int32) {
        var byte: UInt8 = 0
        while recv(connection, &byte, 1, 0) > 0 {}
    }
}
