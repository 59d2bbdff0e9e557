import Testing

/// The addresses below 10.0.0.0/8 that a server has found to scrape.
enum DiscoveredTargets {
    static func addresses(_ server: ServerProcess) async throws -> Set<String> {
        let data = try await server.get("/api/v1/targets?state=active").json["data"] as? [String: Any]
        let active = data?["activeTargets"] as? [[String: Any]] ?? []
        return Set(active.compactMap { ($0["discoveredLabels"] as? [String: String])?["__address__"] }.filter { $0.hasPrefix("10.") })
    }

    /// Waits, within limits, until they are the expected ones.
    static func expect(
        _ expected: Set<String>, of server: ServerProcess, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        var found: Set<String> = []
        for _ in 0..<200 {
            found = try await addresses(server)
            if found == expected { break }
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(found == expected, sourceLocation: sourceLocation)
    }
}
