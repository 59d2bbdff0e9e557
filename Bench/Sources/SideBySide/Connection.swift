import Foundation

/// One keep-alive HTTP/1.1 connection over a blocking socket: the least a load generator can cost. Used by one thread at a time.
final class Connection: @unchecked Sendable {
    struct Failure: Error, CustomStringConvertible { var description: String }

    private var descriptor: Int32
    private let port: Int
    /// What was received and not yet taken lies in `taken..<filled` of it.
    private var buffer = [UInt8](repeating: 0, count: 1 << 18)
    private var taken = 0
    private var filled = 0

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
            taken = 0
            filled = 0
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

    /// Receives more; what was not taken yet is moved to the front where there is no room behind it.
    private func fillBuffer() throws {
        if taken == filled {
            taken = 0
            filled = 0
        } else if filled == buffer.count {
            buffer.replaceSubrange(0..<filled - taken, with: buffer[taken..<filled])
            filled -= taken
            taken = 0
        }
        let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress.map { $0 + filled }, $0.count - filled, 0) }
        guard count > 0 else { throw Failure(description: "the server closed the connection") }
        filled += count
    }

    private func readLine() throws -> String {
        var searched = 0
        while true {
            if let end = buffer[(taken + searched)..<filled].firstIndex(of: 10) {
                let line = String(decoding: buffer[taken..<end], as: UTF8.self)
                taken = end + 1
                return line.hasSuffix("\r") ? String(line.dropLast()) : line
            }
            searched = filled - taken
            if searched == buffer.count { throw Failure(description: "a line of the answer is too long") }
            try fillBuffer()
        }
    }

    private func read(_ count: Int, into body: inout [UInt8]) throws {
        var missing = count
        while missing > 0 {
            if taken == filled { try fillBuffer() }
            let part = min(missing, filled - taken)
            body += buffer[taken..<taken + part]
            taken += part
            missing -= part
        }
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
        var body: [UInt8] = []
        if !chunked {
            if status != 204 { try read(length, into: &body) }
            return (status, body)
        }
        while true {
            let size = Int(try readLine().split(separator: ";").first ?? "0", radix: 16) ?? 0
            try read(size, into: &body)
            _ = try readLine()
            if size == 0 { return (status, body) }
        }
    }
}
