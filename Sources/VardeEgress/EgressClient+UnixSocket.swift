import AsyncHTTPClient
import NIOCore
import NIOHTTP1

extension EgressClient {
    /// Asks a service of this machine over a unix socket, such as Docker's, and reads the whole answer. No network is involved.
    ///
    /// - Parameters:
    ///   - target: path and query, from the slash on.
    ///   - timeout: milliseconds for everything together.
    package func get(
        unixSocket socket: String, _ target: String, headers: [(String, String)] = [], timeout: Int64, maxBytes: Int
    ) async throws(EgressError) -> EgressResponse {
        let encoded = socket.replacing("%", with: "%25").replacing("/", with: "%2F")
        var request = HTTPClientRequest(url: "http+unix://\(encoded)\(target)")
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        do {
            let deadline = NIODeadline.now() + .milliseconds(timeout)
            let response = try await plain.execute(request, deadline: deadline)
            return EgressResponse(
                status: Int(response.status.code), headers: response.headers.map { ($0.name.lowercased(), $0.value) },
                body: try await Self.collect(response.body, until: deadline, maxBytes: maxBytes))
        } catch let error as EgressError {
            throw error
        } catch let error as HTTPClientError where error == .deadlineExceeded {
            throw .timeout
        } catch {
            throw .failed("the socket \(socket) cannot be asked: \(error)")
        }
    }
}
