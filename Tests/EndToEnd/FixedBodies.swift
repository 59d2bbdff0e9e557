import Foundation

/// Serves the same bytes at every request, a body a path: what two servers scrape to be compared.
final class FixedBodies: Sendable {
    private let listener: LoopbackListener

    var port: Int { listener.port }

    init(_ bodies: [String: (type: String, body: Data)]) throws {
        listener = try LoopbackListener { connection in
            guard let path = LoopbackListener.requestedPath(connection) else { return }
            let found = bodies[path]
            let head =
                "HTTP/1.1 \(found == nil ? "404 Not Found" : "200 OK")\r\nContent-Type: \(found?.type ?? "text/plain")\r\nContent-Length: \(found?.body.count ?? 0)\r\nConnection: close\r\n\r\n"
            _ = LoopbackListener.send(Array(head.utf8) + (found.map { Array($0.body) } ?? []), to: connection)
        }
    }

    func stop() { listener.stop() }
}
