import VardeWire

/// Tells an endpoint from time to time what metric families are: `metadata_config`. 1.0 has requests of their own for it.
struct MetadataSender: Sendable {
    /// Times one request is tried; the next round brings it again.
    private static let attempts = 3

    let endpoint: RemoteWriteEndpoint
    let sender: EndpointSender
    let feed: SampleFeed
    let families: @Sendable () -> [RemoteWrite.Metadata]

    func run() async {
        if !endpoint.sendsMetadata { return }
        while !Task.isCancelled {
            let all = families()
            if sender.form == .newer { feed.use(all) } else { await send(all) }
            // What is scraped first is known soon after the start.
            try? await Task.sleep(for: .milliseconds(all.isEmpty ? min(1_000, endpoint.metadataInterval) : endpoint.metadataInterval))
        }
    }

    private func send(_ all: [RemoteWrite.Metadata]) async {
        for start in stride(from: 0, to: all.count, by: endpoint.metadataPerSend) {
            let part = all[start..<min(start + endpoint.metadataPerSend, all.count)]
            let body = SampleFeed.body(RemoteWrite.metadataRequest(part), .first)
            for number in 0..<Self.attempts {
                if Task.isCancelled { return }
                guard sender.mayGo() else { break }
                if case .accepted = await sender.attempt(body, number: number) {
                    sender.count { $0.metadata += part.count }
                    break
                }
                try? await Task.sleep(for: .milliseconds(endpoint.queue.maxBackoff))
            }
        }
    }
}
