import Logging
import VardeEgress
import VardeKernels

/// Answers scrapes of `host://local/` from the machine itself and those of pages the server has of its own, hands the others on.
struct HostFetching: ScrapeFetching {
    let others: any ScrapeFetching
    /// A page of the server's own by its URL; nil where there is none.
    let ownPage: @Sendable (String) -> [UInt8]?
    private let collector = HostCollector(root: "/")
    private let systemd: SystemdUnits

    init(others: any ScrapeFetching, egress: EgressClient, logger: Logger, ownPage: @escaping @Sendable (String) -> [UInt8]?) {
        self.others = others
        systemd = SystemdUnits(egress: egress, logger: logger)
        self.ownPage = ownPage
    }

    func fetch(_ request: ScrapeRequest) async throws -> ScrapeAnswer {
        if request.url.hasPrefix("host://") {
            var page = collector.families(request.host)
            if !request.host.systemBus.isEmpty {
                // What the kernel says is there even where the bus does not answer in time.
                let timeout = min(request.timeout / 2, SystemdUnits.longestWait)
                await systemd.add(socket: request.host.systemBus, timeout: timeout, to: &page)
            }
            return ScrapeAnswer(contentType: "text/plain;version=0.0.4", body: page.bytes)
        }
        if let page = ownPage(request.url) { return ScrapeAnswer(contentType: "text/plain;version=0.0.4", body: page) }
        return try await others.fetch(request)
    }
}
