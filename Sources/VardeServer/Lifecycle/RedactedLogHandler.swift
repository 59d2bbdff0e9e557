import Logging

/// Writes a log without personal data, passwords and secrets: what is said of targets and answers of others holds their words.
struct RedactedLogHandler: LogHandler {
    private var inner: any LogHandler
    private let redact: @Sendable (String) -> String

    /// A logger that writes where another does.
    static func logger(_ logger: Logger, _ redact: @escaping @Sendable (String) -> String) -> Logger {
        Logger(label: logger.label) { _ in RedactedLogHandler(inner: logger.handler, redact: redact) }
    }

    var metadata: Logger.Metadata {
        get { inner.metadata }
        set { inner.metadata = newValue }
    }

    var logLevel: Logger.Level {
        get { inner.logLevel }
        set { inner.logLevel = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { inner[metadataKey: key] }
        set { inner[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) {
        var event = event
        event.message = "\(redact(event.message.description))"
        event.metadata = event.metadata?.mapValues { .string(redact($0.description)) }
        inner.log(event: event)
    }
}
