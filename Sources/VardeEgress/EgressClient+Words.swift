import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix

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
        case let error as HTTPParserError: "the answer is not well-formed HTTP (\(error))"
        case let error as HTTPClientError where error == .remoteConnectionClosed: "the connection was closed before the answer was complete"
        case let error as ChannelError where error == .ioOnClosedChannel || error == .eof: "the connection was closed"
        default: "\(error)"
        }
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
