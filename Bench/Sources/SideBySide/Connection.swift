import Foundation

/// One keep-alive HTTP/1.1 connection over a blocking socket: the least a load generator can cost. Used by one thread at a time.
final class Connection: @unchecked Sendable {
    struct Failure: Error, CustomStringConvertible { var description: String }

    private var descriptor: Int32
    private let port: Int
    private var buffer: [UInt8] = []

    init(port: Int) throws {
        self.port = port
        descriptor = try Self.open(port)
    }

    private static func open(_ port: Int) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard status == 0 else {
            close(descriptor)
            throw Failure(description: "nothing listens on port \(port)")
        }
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        return descriptor
    }

    deinit { close(descriptor) }

    /// Sends a request and reads the whole answer; once more over a new connection where the server has closed this one, as some do
    /// after a while.
    func request(
        _ method: String, _ path: String, headers: [(String, String)] = [], body: [UInt8] = []
    ) throws -> (status: Int, body: [UInt8]) {
        do {
            return try requestOnce(method, path, headers: headers, body: body)
        } catch {
            close(descriptor)
            buffer = []
            descriptor = -1
            descriptor = try Self.open(port)
            return try requestOnce(method, path, headers: headers, body: body)
        }
    }

    private func requestOnce(
        _ method: String, _ path: String, headers: [(String, String)], body: [UInt8]
    ) throws -> (status: Int, body: [UInt8]) {
        var head = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nContent-Length: \(body.count)\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        try write(Array((head + "\r\n").utf8))
        if !body.isEmpty { try write(body) }
        return try readAnswer()
    }

    private func write(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                send(descriptor, $0.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure(description: "the server closed the connection") }
            sent += count
        }
    }

    private func fillBuffer() throws {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        guard count > 0 else { throw Failure(description: "the server closed the connection") }
        buffer += chunk[..<count]
    }

    private func readLine() throws -> String {
        while true {
            if let end = buffer.firstIndex(of: 10) {
                let line = String(decoding: buffer[..<end], as: UTF8.self)
                buffer.removeFirst(end + 1)
                return line.hasSuffix("\r") ? String(line.dropLast()) : line
            }
            try fillBuffer()
        }
    }

    private func read(_ count: Int) throws -> [UInt8] {
        while buffer.count < count { try fillBuffer() }
        let bytes = Array(buffer[..<count])
        buffer.removeFirst(count)
        return bytes
    }

    private func readAnswer() throws -> (status: Int, body: [UInt8]) {
        let status = Int(try readLine().split(separator: " ").dropFirst().first ?? "") ?? 0
        var length = 0
        var chunked = false
        while case let line = try readLine(), !line.isEmpty {
            let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
            if parts.count == 2, parts[0] == "content-length" { length = Int(parts[1]) ?? 0 }
            if parts.count == 2, parts[0] == "transfer-encoding", parts[1] == "chunked" { chunked = true }
        }
        if !chunked { return (status, status == 204 ? [] : try read(length)) }
        var body: [UInt8] = []
        while true {
            let size = Int(try readLine().split(separator: ";").first ?? "0", radix: 16) ?? 0
            if size > 0 { body += try read(size) }
            _ = try readLine()
            if size == 0 { return (status, body) }
        }
    }
}
