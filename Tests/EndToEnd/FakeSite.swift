import Foundation
import Synchronization

/// Answers requests by their paths, remembers their heads, and opens tunnels to where it is asked.
final class FakeSite: Sendable {
    private final class Heads: Sendable {
        let all = Mutex<[String]>([])
    }

    private let listener: LoopbackListener
    private let asked = Heads()

    var address: String { "127.0.0.1:\(listener.port)" }
    var heads: [String] { asked.all.withLock { $0 } }

    init(_ answer: @escaping @Sendable (_ path: String) -> (status: String, body: String)) throws {
        let asked = asked
        listener = try LoopbackListener { connection in
            guard let head = LoopbackListener.head(connection) else { return }
            asked.all.withLock { $0.append(head) }
            let place = String(head.split(separator: " ")[1])
            if head.hasPrefix("CONNECT ") {
                if let port = place.split(separator: ":").last.flatMap({ UInt16($0) }) { Self.tunnel(connection, to: port) }
                return
            }
            // Through a proxy the whole address is asked for.
            let (status, body) = answer(place.replacing(#/^http:\/\/[^\/]*/#, with: ""))
            let text = "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
            _ = LoopbackListener.send(Array(text.utf8), to: connection)
        }
    }

    /// A proxy that answers with the same metrics whatever it is asked for.
    static func proxy(_ body: String) throws -> FakeSite {
        try FakeSite { _ in ("200 OK\r\nContent-Type: text/plain; version=0.0.4", body) }
    }

    func stop() { listener.stop() }

    /// Values of a header in requests for a path.
    func values(_ header: String, of path: String) -> Set<String> {
        Set(
            heads.filter { $0.split(separator: " ")[1].hasSuffix(path) }.flatMap { head in
                head.split(separator: "\r\n").filter { $0.lowercased().hasPrefix(header.lowercased() + ":") }.map {
                    $0.drop { $0 != ":" }.dropFirst().trimmingCharacters(in: .whitespaces)
                }
            })
    }

    private static func tunnel(_ connection: Int32, to port: UInt16) {
        let other = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(other) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(other, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else {
            _ = LoopbackListener.send(Array("HTTP/1.1 502 Bad Gateway\r\n\r\n".utf8), to: connection)
            return
        }
        _ = LoopbackListener.send(Array("HTTP/1.1 200 Connection established\r\n\r\n".utf8), to: connection)
        // Both are closed once neither is read from any more.
        let isBack = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            pass(from: other, to: connection)
            shutdown(connection, Int32(SHUT_RDWR))
            isBack.signal()
        }
        pass(from: connection, to: other)
        shutdown(other, Int32(SHUT_RDWR))
        isBack.wait()
    }

    private static func pass(from one: Int32, to other: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(one, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0, LoopbackListener.send(Array(buffer[..<count]), to: other) else { return }
        }
    }
}
