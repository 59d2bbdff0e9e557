import Foundation
import Logging
import ServiceLifecycle

/// Closes the doors first when the server stops: new writes are refused, and those who follow the log are told. Queries still running at
/// half the time a stop may take are ended, so that the rest is enough to answer them.
///
/// Last of the services, because they are stopped from the last to the first.
struct IntakeService: Service {
    let parts: ServerParts
    /// Milliseconds.
    let shutdownTimeout: Int64
    let logger: Logger

    func run() async throws {
        try? await gracefulShutdown()
        parts.beginStopping()
        // Not children of this service: it ends now, so that those before it are stopped.
        let (parts, timeout, logger) = (parts, shutdownTimeout, logger)
        Task.detached {
            try? await Task.sleep(for: .milliseconds(timeout / 2))
            parts.pool.cancelAll()
            try? await Task.sleep(for: .milliseconds(timeout - timeout / 2 + 1000))
            // What was acknowledged is synced: the write-ahead log brings it back at the next start.
            logger.warning("the stop took longer than server.shutdown_timeout: ended with requests unanswered")
            exit(0)
        }
    }
}
