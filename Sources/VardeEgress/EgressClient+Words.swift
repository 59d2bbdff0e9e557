import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension EgressClient {
    /// What went wrong, in plain words.
    static func words(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError: error.connectionErrors.first.map { words($0.error) } ?? "connection refused"
        case let error as IOError: words(error)
        case let error as HTTPParserError where error == .invalidEOFState: "the connection was closed before the answer was complete"
        case let error as HTTPParserError: "the answer is not well-formed HTTP (\(error))"
        case let error as HTTPClientError where error == .remoteConnectionClosed: "the connection was closed before the answer was complete"
        case let error as ChannelError where error == .ioOnClosedChannel || error == .eof: "the connection was closed"
        case let error as NIOSSLError: words(error)
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            "the certificate is for another name (tls_config.server_name says which name it must be for)"
        default: "\(error)"
        }
    }

    private static func words(_ error: NIOSSLError) -> String {
        switch error {
        case .handshakeFailed(let cause):
            // The library's own text names a file of its source behind the reason.
            "TLS handshake failed: \(reason(in: "\(cause)"))"
        case .uncleanShutdown: "the TLS connection was closed before the answer was complete"
        default: "\(error)"
        }
    }

    /// The reason in a message such as `…OPENSSL_internal:CERTIFICATE_VERIFY_FAILED at …`, as words.
    private static func reason(in message: String) -> String {
        guard let mark = message.firstRange(of: "OPENSSL_internal:") else { return "the other side broke it off" }
        let name = message[mark.upperBound...].prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        let known = [
            "CERTIFICATE_VERIFY_FAILED": "the certificate is not valid, or of no authority that is trusted",
            "WRONG_VERSION_NUMBER": "the other side does not speak TLS there",
        ]
        return known[String(name)] ?? name.lowercased().replacing("_", with: " ")
    }

    private static func words(_ error: IOError) -> String {
        switch error.errnoCode {
        case ECONNREFUSED: "connection refused: nobody listens there"
        case ECONNRESET, EPIPE: "the other side broke the connection off"
        case EHOSTUNREACH, ENETUNREACH: "there is no route there"
        case ETIMEDOUT: "nobody answered"
        default: "\(error)"
        }
    }
}
