import Foundation
import Testing
import VardeEgress

@testable import VardeCollect

/// Answers datagrams cut short, and the same question over TCP in full, in two pieces.
private final class ShortNameServer: @unchecked Sendable {  // Sockets are made and closed once.
    let port: Int
    private let datagrams: Int32
    private let streams: Int32

    init?() {
        datagrams = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        streams = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (first, second) = (datagrams, streams)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(first, $0, size) == 0 && getsockname(first, $0, &size) == 0 && bind(second, $0, size) == 0 && listen(second, 8) == 0
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        if !isBound { return nil }
        Thread.detachNewThread { [self] in answerDatagrams() }
        Thread.detachNewThread { [self] in answerStreams() }
    }

    func stop() {
        // Each is closed by who waits at it.
        shutdown(streams, Int32(SHUT_RDWR))
        shutdown(datagrams, Int32(SHUT_RDWR))
    }

    /// The question as an answer: with `count` records of 127.0.0.x, or cut.
    private static func answer(_ question: [UInt8], count: Int) -> [UInt8] {
        // What stands behind the question, as the sizes the asker takes, is left out.
        var end = 12
        while question[end] != 0 { end += Int(question[end]) + 1 }
        var answer = Array(question[..<(end + 5)])
        answer[11] = 0
        answer[2] = count == 0 ? 0x83 : 0x81
        answer[3] = 0x80
        answer[6] = UInt8(count >> 8)
        answer[7] = UInt8(count & 255)
        for number in 0..<count { answer += [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, UInt8(number >> 8), UInt8(number & 255)] }
        return answer
    }

    private func answerDatagrams() {
        defer { close(datagrams) }
        var buffer = [UInt8](repeating: 0, count: 512)
        while true {
            var sender = sockaddr()
            var size = socklen_t(MemoryLayout<sockaddr>.size)
            let count = recvfrom(datagrams, &buffer, buffer.count, 0, &sender, &size)
            if count <= 0 { return }
            let answer = Self.answer(Array(buffer[..<count]), count: 0)
            sendto(datagrams, answer, answer.count, 0, &sender, size)
        }
    }

    private func answerStreams() {
        defer { close(streams) }
        var buffer = [UInt8](repeating: 0, count: 512)
        while true {
            let connection = accept(streams, nil, nil)
            if connection < 0 { return }
            let count = recv(connection, &buffer, buffer.count, 0)
            if count > 2 {
                let answer = Self.answer(Array(buffer[2..<count]), count: 300)
                let framed = [UInt8(answer.count >> 8), UInt8(answer.count & 255)] + answer
                for piece in [framed[..<1], framed[1..<700], framed[700...]] {
                    _ = piece.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                    usleep(10_000)
                }
            }
            close(connection)
        }
    }
}

@Suite struct DNSOverTCPTests {
    @Test func `An answer that does not fit into a datagram is asked for over TCP`() async throws {
        let server = try #require(ShortNameServer())
        defer { server.stop() }
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("resolv-\(UUID().uuidString)")
        try "nameserver 127.0.0.1\n".write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let egress = EgressClient()
        var asking = EgressAsking(egress: egress, authorizer: EndpointAuthorizer(egress: egress, clock: { 0 }))
        asking.resolver = file.path
        asking.port = server.port
        let discovery = DNSDiscovery(names: ["many.example.no"], type: .a, port: 9_100)
        let groups = try await discovery.groups(asking)
        #expect(groups.count == 300)
        #expect(groups.last?.addresses == ["127.0.1.43:9100"])
        await egress.shutdown()
    }
}
