import VardeKernels

/// Answers scrapes of `host://local/` from the machine itself, hands the others on.
struct HostFetching: ScrapeFetching {
    let others: any ScrapeFetching
    private let collector = HostCollector(root: "/")

    init(others: any ScrapeFetching) { self.others = others }

    func fetch(_ request: ScrapeRequest) async throws -> ScrapeAnswer {
        guard request.url.hasPrefix("host://") else { return try await others.fetch(request) }
        return ScrapeAnswer(contentType: "text/plain;version=0.0.4", body: collector.page())
    }
}
