import Foundation
import Synchronization

/// Accepts connections on a free port of loopback, each on a thread of its own, and closes them once they are served.
final class LoopbackListener: Sendable {
    let port: Int
    private let descriptor: Int32
    private let isStopped = Atomic(false)

    init(serve: @escaping @Sendable (Int32) -> Void) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &size) == 0
            }
        }
        guard isBound else { throw ServerProcess.Failure(description: "no free port to listen at") }
        port = Int(UInt16(bigEndian: address.sin_port))
        descriptor = listener
        Thread.detachNewThread {
            // Who accepts closes: a number that was given back may be somebody else's already.
            defer { close(listener) }
            while true {
                let connection = Self.again { Int(accept(listener, nil, nil)) }
                if connection < 0 { return }
                Thread.detachNewThread {
                    serve(Int32(connection))
                    close(Int32(connection))
                }
            }
        }
    }

    func stop() {
        if !isStopped.exchange(true, ordering: .relaxed) { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }

    /// Repeats a call that a signal cut short: children of other tests end all the time.
    private static func again(_ call: () -> Int) -> Int {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR { return result }
        }
    }

    /// A request's head and nothing of what follows, nil where the connection ends before it does.
    static func head(_ connection: Int32) -> String? {
        var bytes: [UInt8] = []
        var one: UInt8 = 0
        while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            guard again({ recv(connection, &one, 1, 0) }) == 1, bytes.count < 65_536 else { return nil }
            bytes.append(one)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The path a request asks for, nil where the connection ends before its head does.
    static func requestedPath(_ connection: Int32) -> String? {
        head(connection).map { $0.split(separator: " ").dropFirst().first.map(String.init) ?? "" }
    }

    /// Sends all bytes; whether the other side took them.
    static func send(_ bytes: [UInt8], to connection: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = again {
                bytes[sent...].withUnsafeBytes { Foundation.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }
}
