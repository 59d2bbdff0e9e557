/// Why a query has no answer: the kind decides the HTTP status and `errorType`, the text is shown to the client.
package struct QueryError: Error, Sendable, Equatable {
    /// Prometheus' error types as its API names them.
    package enum Kind: String, Sendable {
        /// The request cannot be understood: HTTP 400.
        case badData = "bad_data"
        /// The evaluation failed: HTTP 422.
        case execution
        /// The deadline passed: HTTP 503.
        case timeout
        /// The client went away or the server stops: HTTP 499 or 503.
        case canceled
        /// The store failed: HTTP 500.
        case `internal`
    }

    package var kind: Kind
    package var message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// An error of kind `execution`.
    package static func execution(_ message: String) -> QueryError { QueryError(.execution, message) }
    /// An error of kind `bad_data`.
    package static func badData(_ message: String) -> QueryError { QueryError(.badData, message) }
}

extension QueryError: CustomStringConvertible {
    package var description: String { message }
}
