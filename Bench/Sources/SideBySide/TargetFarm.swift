import CEpoll
import Foundation

/// Many targets in one thread: each an address of the loopback network with connections of its own, all answering with bodies that were
/// made before. Notes when each was asked, so that lateness is seen from outside.
final class TargetFarm: @unchecked Sendable {  // One thread runs it; what others ask for is behind the lock.
    private struct Exchange {
        var target: Int
        var response = 0
        var sent = 0
        var isSending = false
        var request: [UInt8] = []
    }

    let port: Int
    private let listener: Int32
    private let poll: Int32
    private let responses: [[UInt8]]
    private let lock = NSLock()
    /// When each target was asked, in seconds of the monotonic clock.
    private var asked: [[Double]]
    private var exchanges: [Int32: Exchange] = [:]
    private var buffer = [UInt8](repeating: 0, count: 16_384)
    private var ends = false

    /// - Parameter bodies: a target's bodies in the order they are given, again from the first after the last.
    init(targets: Int, bodies: [[UInt8]], contentType: String, encoding: String?) throws {
        asked = Array(repeating: [], count: targets)
        responses = bodies.map { body in
            let coded = encoding.map { "Content-Encoding: \($0)\r\n" } ?? ""
            return Array("HTTP/1.1 200 OK\r\nContent-Type: \(contentType)\r\n\(coded)Content-Length: \(body.count)\r\n\r\n".utf8) + body
        }
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        // Every address of 127.0.0.0/8 is a target; who comes from elsewhere is sent away.
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && listen(descriptor, 4_096) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard isBound else { throw Connection.Failure(description: "no port for the targets") }
        port = Int(UInt16(bigEndian: address.sin_port))
        poll = epoll_create1(0)
        watch(listener, EPOLLIN.rawValue, EPOLL_CTL_ADD)
    }

    /// The address of a target: 127.1.0.1 and on.
    func address(_ target: Int) -> String { "127.\(1 + target / 50_000).\(target / 250 % 200).\(target % 250 + 1):\(port)" }

    private static func target(of address: UInt32) -> Int {
        let (a, b, c) = (Int(address >> 16 & 255), Int(address >> 8 & 255), Int(address & 255))
        return (a - 1) * 50_000 + b * 250 + c - 1
    }

    func start() { Thread.detachNewThread { [self] in run() } }
    func stop() { lock.withLock { ends = true } }

    /// When each target was asked so far, in seconds of the monotonic clock.
    var times: [[Double]] { lock.withLock { asked } }

    private func watch(_ descriptor: Int32, _ events: UInt32, _ operation: Int32) {
        var event = epoll_event(events: events, data: epoll_data(fd: descriptor))
        epoll_ctl(poll, operation, descriptor, &event)
    }

    private func run() {
        var events = [epoll_event](repeating: epoll_event(), count: 256)
        while !lock.withLock({ ends }) {
            let count = epoll_wait(poll, &events, 256, 200)
            for index in 0..<max(0, Int(count)) {
                let descriptor = events[index].data.fd
                if descriptor == listener { acceptAll() } else { serve(descriptor) }
            }
        }
        for descriptor in exchanges.keys { close(descriptor) }
        close(listener)
        close(poll)
    }

    private func acceptAll() {
        while true {
            let descriptor = accept(listener, nil, nil)
            if descriptor < 0 { return }
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
            var own = sockaddr_in()
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let isNamed = withUnsafeMutablePointer(to: &own) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) == 0 }
            }
            let address = UInt32(bigEndian: own.sin_addr.s_addr)
            let target = Self.target(of: address)
            guard isNamed, address >> 24 == 127, asked.indices.contains(target) else {
                close(descriptor)
                continue
            }
            exchanges[descriptor] = Exchange(target: target)
            watch(descriptor, EPOLLIN.rawValue, EPOLL_CTL_ADD)
        }
    }

    private func serve(_ descriptor: Int32) {
        guard var exchange = exchanges.removeValue(forKey: descriptor) else { return }
        if !exchange.isSending {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else {
                if count < 0, errno == EAGAIN { exchanges[descriptor] = exchange } else { close(descriptor) }
                return
            }
            exchange.request += buffer[..<count]
            guard exchange.request.suffix(4).elementsEqual("\r\n\r\n".utf8), exchange.request.count < 1 << 16 else {
                exchanges[descriptor] = exchange
                return
            }
            exchange.request = []
            exchange.response = note(exchange.target)
            exchange.sent = 0
        }
        send(&exchange, descriptor)
    }

    /// Notes a question; which response is due.
    private func note(_ target: Int) -> Int {
        let now = Clock.seconds()
        lock.withLock { asked[target].append(now) }
        return (Int(now / 15) + target) % responses.count
    }

    private func send(_ exchange: inout Exchange, _ descriptor: Int32) {
        let response = responses[exchange.response]
        while exchange.sent < response.count {
            let sent = response.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress.map { $0 + exchange.sent }, response.count - exchange.sent, Int32(MSG_NOSIGNAL))
            }
            if sent > 0 {
                exchange.sent += sent
            } else if errno == EAGAIN {
                if !exchange.isSending { watch(descriptor, EPOLLOUT.rawValue, EPOLL_CTL_MOD) }
                exchange.isSending = true
                exchanges[descriptor] = exchange
                return
            } else {
                close(descriptor)
                return
            }
        }
        if exchange.isSending { watch(descriptor, EPOLLIN.rawValue, EPOLL_CTL_MOD) }
        exchange.isSending = false
        exchanges[descriptor] = exchange
    }
}
