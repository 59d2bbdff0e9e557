import VardeModel

/// The objects a cluster's discovery needs, listed once and then followed: a change is known at once, and a connection that ends is
/// taken up where it ended.
actor KubernetesWatch {
    /// What is listed and watched by one address.
    struct Stream: Sendable, Hashable {
        var kind: KubernetesDiscovery.Role
        var path: String
    }

    /// The server no longer has what came after the version asked for: everything is to be listed anew.
    private struct Gone: Error {}

    /// Seconds a watch lasts before it is begun anew, and milliseconds it may be late with that.
    private static let watchSeconds = 300
    private static let margin: Int64 = 30_000
    /// Bytes of an event.
    private static let longestEvent = 16 << 20
    /// Objects of a stream.
    private static let maxObjects = 200_000
    /// Changes that come together are told together.
    private static let gathering = Duration.milliseconds(100)
    private static let pauses = (first: Duration.milliseconds(500), last: Duration.seconds(30))

    private let discovery: KubernetesDiscovery
    private let asker: DiscoveryAsker
    private let streams: [Stream]
    private let publish: @Sendable ([TargetGroup]) -> Void
    private let failed: @Sendable (any Error) -> Void
    /// By namespace and name; a stream stands here once it was listed.
    private var objects: [Stream: [String: JSONTree]] = [:]
    private var versions: [Stream: String] = [:]
    private var isDue = false

    /// - Parameters:
    ///   - publish: is told the groups whenever they may have changed, from when everything was listed.
    ///   - failed: is told what goes wrong; it is tried again.
    init(
        _ discovery: KubernetesDiscovery, _ asker: DiscoveryAsker, publish: @escaping @Sendable ([TargetGroup]) -> Void,
        failed: @escaping @Sendable (any Error) -> Void
    ) {
        self.discovery = discovery
        self.asker = asker
        self.publish = publish
        self.failed = failed
        streams = discovery.kinds.flatMap { kind in discovery.paths(of: kind).map { Stream(kind: kind, path: $0) } }
    }

    /// Follows until cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            for stream in streams { group.addTask { await self.follow(stream) } }
        }
    }

    private func follow(_ stream: Stream) async {
        var pause = Self.pauses.first
        while !Task.isCancelled {
            let before = versions[stream]
            do {
                if before == nil {
                    let (items, version) = try await discovery.list(stream.path, of: stream.kind, asker)
                    objects[stream] = Dictionary(items.map { (Self.key($0), $0) }) { _, last in last }
                    versions[stream] = version
                    changed()
                }
                try await watch(stream, from: versions[stream] ?? "")
            } catch is Gone {
                versions[stream] = nil
            } catch {
                if Task.isCancelled { return }
                failed(error)
            }
            // Who tells something new is asked on at once; who does not is given time.
            pause = versions[stream] != nil && versions[stream] != before ? Self.pauses.first : min(pause * 2, Self.pauses.last)
            try? await Task.sleep(for: pause)
        }
    }

    private func watch(_ stream: Stream, from version: String) async throws {
        let query =
            discovery.query(of: stream.kind) + [
                "watch=1", "allowWatchBookmarks=true", "resourceVersion=\(PercentEncoding.escaped(version, blankIsPlus: true))",
                "timeoutSeconds=\(Self.watchSeconds)",
            ]
        let status = try await asker.lines(
            "\(discovery.server)\(stream.path)?\(query.joined(separator: "&"))", longest: Self.longestEvent,
            timeout: Int64(Self.watchSeconds) * 1_000 + Self.margin
        ) { [weak self] line in try await self?.take(line, stream) }
        if status == 410 { throw Gone() }
        guard status == 200 else {
            throw DiscoveryFault(description: "a watch was answered with HTTP status \(HTTPStatusText.text(status))")
        }
    }

    private func take(_ line: [UInt8], _ stream: Stream) throws {
        let event = try JSONTree(line.span)
        let object = event["object"]
        switch event["type"].text {
        case "ADDED", "MODIFIED":
            guard objects[stream]?.count ?? 0 < Self.maxObjects else {
                throw DiscoveryFault(description: "more than \(Self.maxObjects) objects at \(stream.path)")
            }
            objects[stream]?[Self.key(object)] = object
            changed()
        case "DELETED":
            objects[stream]?[Self.key(object)] = nil
            changed()
        case "BOOKMARK": break
        case "ERROR":
            if object["code"].text == "410" { throw Gone() }
            throw DiscoveryFault(description: "the watch of \(stream.path) ended: \(object["message"].text)")
        default: throw DiscoveryFault(description: "an event of an unknown type at \(stream.path)")
        }
        let version = object["metadata"]["resourceVersion"].text
        if !version.isEmpty { versions[stream] = version }
    }

    private static func key(_ object: JSONTree) -> String { object["metadata"]["namespace"].text + "/" + object["metadata"]["name"].text }

    private func changed() {
        guard !isDue, objects.count == streams.count else { return }
        isDue = true
        Task {
            try? await Task.sleep(for: Self.gathering)
            tell()
        }
    }

    private func tell() {
        isDue = false
        var byKind: [KubernetesDiscovery.Role: [JSONTree]] = [:]
        for stream in streams {
            byKind[stream.kind, default: []] += (objects[stream] ?? [:]).sorted { $0.key < $1.key }.map(\.value)
        }
        publish(discovery.groups(of: byKind))
    }
}
