import Foundation
import Synchronization

/// Lets requests in by their token. Without tokens configured everyone is let in: the server then listens on loopback only.
final class TokenGate: Sendable {
    private struct State {
        var tokens: [AuthToken]
        var failures = 0
        var delayed = 0
    }

    /// Wrong tokens are answered after this many milliseconds, at most so many at a time; beyond that at once, as 429.
    private static let penalty = 300
    private static let maxDelayed = 64

    private let state: Mutex<State>

    init(tokens: [AuthToken]) {
        state = Mutex(State(tokens: tokens))
    }

    func replace(_ tokens: [AuthToken]) { state.withLock { $0.tokens = tokens } }

    var failures: Int { state.withLock { $0.failures } }

    /// The token of an Authorization header, if it allows the role.
    ///
    /// - Throws: 401 for no or a wrong token, 403 for one without the role.
    func admit(_ header: String?, _ role: Role) async throws -> AuthToken? {
        let tokens = state.withLock { $0.tokens }
        if tokens.isEmpty { return nil }
        guard let header else { throw APIFailure(status: 401, type: "unauthorized", message: "a token is needed: Authorization: Bearer …") }
        let hash = TokenSecret.hash(Self.secret(of: header) ?? "")
        // Every token is compared, whichever matches: the time tells nothing.
        var found: AuthToken?
        for token in tokens where TokenSecret.equal(token.hash, hash) { found = token }
        guard let found else {
            let mayDelay = state.withLock { state in
                state.failures += 1
                guard state.delayed < Self.maxDelayed else { return false }
                state.delayed += 1
                return true
            }
            guard mayDelay else {
                throw APIFailure(status: 429, type: "too_many_requests", message: "too many wrong tokens", retryAfter: 1)
            }
            try? await Task.sleep(for: .milliseconds(Self.penalty))
            state.withLock { $0.delayed -= 1 }
            throw APIFailure(status: 401, type: "unauthorized", message: "the token is not known")
        }
        guard found.allows(role) else {
            throw APIFailure(status: 403, type: "forbidden", message: "the token “\(found.name)” has not the role \(role.rawValue)")
        }
        return found
    }

    /// The secret in `Bearer secret`, Influx' `Token secret` or, as password, in `Basic …`.
    private static func secret(of header: String) -> String? {
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        switch parts[0].lowercased() {
        case "bearer", "token": return String(parts[1])
        case "basic":
            guard let data = Data(base64Encoded: String(parts[1])) else { return nil }
            return String(decoding: data, as: UTF8.self).split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).last.map(
                String.init)
        default: return nil
        }
    }
}
