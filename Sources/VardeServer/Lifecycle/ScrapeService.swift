import ServiceLifecycle
import VardeCollect

/// Runs the scrape manager once there is a store to scrape into.
struct ScrapeService: Service {
    let parts: ServerParts
    let store: StoreService

    func run() async throws {
        await store.waitUntilOpen()
        guard parts.isReady else {
            // Stopped before it began: the others have their turn first.
            try? await gracefulShutdown()
            return
        }
        parts.applyScrapes()
        let scrapes = parts.scrapes
        await cancelWhenGracefulShutdown { await scrapes.run() }
    }
}
