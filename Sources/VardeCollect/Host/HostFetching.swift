import VardeKernels

/// Answers scrapes of `host://local/` from the machine itself and those of pages the server has of its own, hands the others on.
struct HostFetching: ScrapeFetching {
    let others: any ScrapeFetching
    /// A page of the server's own by its URL; nil where there is none.
    let ownPage: @Sendable (String) -> [UInt8]?
    private let collector = HostCollector(root: "/")

    init(others: any ScrapeFetching, ownPage: @escaping @Sendable (String) -> [UInt8]? = { _ in nil }) {
        self.others = others
        self.ownPage = ownPage
    }

    func fetch(_ request: ScrapeRequest) async throws -> ScrapeAnswer {
        if request.url.hasPrefix("host://") { return ScrapeAnswer(contentType: "text/plain;version=0.0.4", body: collector.page()) }
        if let page = ownPage(request.url) { return ScrapeAnswer(contentType: "text/plain;version=0.0.4", body: page) }
        return try await others.fetch(request)
    }
}
