import Foundation
import VardeCompression

/// Targets that behave badly, each at a path of its own: what a server that scrapes them must live through.
final class HostileTargets: Sendable {
    private let listener: LoopbackListener

    var port: Int { listener.port }

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
        let bomb = Array(Self.head("Content-Encoding: gzip\r\nContent-Length: \(packed.count)").utf8) + packed
        var crowd: [UInt8] = []
        for number in 0..<1_000_000 { crowd += "million{n=\"\(number)\"} 1\n".utf8 }
        let million = Array(Self.head("Content-Length: \(crowd.count)").utf8) + crowd
        listener = try LoopbackListener { connection in
            guard let path = LoopbackListener.requestedPath(connection) else { return }
            switch path {
            case "/bomb": _ = LoopbackListener.send(bomb, to: connection)
            case "/million": _ = LoopbackListener.send(million, to: connection)
            default: Self.answer(String(path.dropFirst()), connection)
            }
        }
    }

    func stop() { listener.stop() }

    private static func head(_ more: String) -> String { "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n\(more)\r\n\r\n" }

    private static func answer(_ path: String, _ connection: Int32) {
        func say(_ text: String) { _ = LoopbackListener.send(Array(text.utf8), to: connection) }
        func whole(_ body: String) { say(head("Content-Length: \(body.utf8.count)") + body) }
        /// Until the other side has enough.
        func forever(_ text: String, every pause: UInt32) {
            while LoopbackListener.send(Array(text.utf8), to: connection) { usleep(pause) }
        }
        switch path {
        case "good": whole("good 1\n")
        case "hang": waitForClose(connection)
        case "stall":
            say(head("Content-Length: 1000") + "a 1\nb ")
            waitForClose(connection)
        case "drip":
            say(head("Content-Length: 100000000"))
            forever("1", every: 20_000)
        case "short": say(head("Content-Length: 1000") + "a 1\n")
        case "long": say(head("Content-Length: 4") + "a 1\nstowaway 2\n")
        case "endless":
            say(head("Transfer-Encoding: chunked"))
            let text = String(repeating: "never_ending{a=\"b\"} 1\n", count: 2_000)
            forever(String(text.utf8.count, radix: 16) + "\r\n\(text)\r\n", every: 0)
        case "words": say("these are no headers\r\n\r\n")
        case "utf8":
            let body = Array("a{b=\"".utf8) + [0xC3, 0x28, 0xFF] + Array("\"} 1\n".utf8)
            _ = LoopbackListener.send(Array(head("Content-Length: \(body.count)").utf8) + body, to: connection)
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

    private static func waitForClose(_ connection: Int32) {
        var byte: UInt8 = 0
        while recv(connection, &byte, 1, 0) > 0 {}
    }
}
