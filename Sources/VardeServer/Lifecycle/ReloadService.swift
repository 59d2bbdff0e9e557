import Logging
import ServiceLifecycle
import UnixSignals

/// Reads files again: the configuration on SIGHUP, certificate and key when they have changed.
struct ReloadService: Service {
    let reload: @Sendable () async throws -> Void
    let tls: TLSFilesReader?
    let logger: Logger

    /// How often the certificate's files are looked at.
    private static let certificateInterval = Duration.seconds(30)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    for await _ in await UnixSignalsSequence(trapping: [.sighup]) {
                        // What is wrong was logged where it was found.
                        try? await reload()
                    }
                }
                group.addTask {
                    while let tls, !Task.isCancelled {
                        try? await Task.sleep(for: Self.certificateInterval)
                        tls.refresh(logger: logger)
                    }
                }
                await group.waitForAll()
            }
        }
    }
}
