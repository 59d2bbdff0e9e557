import ServiceLifecycle

/// Closes the doors first when the server stops: new writes are refused, and those who follow the log are told.
///
/// Last of the services, because they are stopped from the last to the first.
struct IntakeService: Service {
    let parts: ServerParts

    func run() async throws {
        try? await gracefulShutdown()
        parts.beginStopping()
    }
}
