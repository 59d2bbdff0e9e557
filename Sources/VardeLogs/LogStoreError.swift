package import VardeDisk

/// What keeps a log store from opening or answering.
package enum LogStoreError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Stored bytes are not what was written; the text says which.
    case damaged(String)
    case disk(DiskError)
    /// A matcher's regular expression that RE2 refuses.
    case regex(String)
    case closed

    package var description: String {
        switch self {
        case .damaged(let text): "damaged log data: \(text)"
        case .disk(let error): "\(error)"
        case .regex(let text): text
        case .closed: "the log store is closed"
        }
    }
}
