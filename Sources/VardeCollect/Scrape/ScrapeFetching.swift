import VardeCompression
import VardeEgress
import VardeKernels
import VardeWire

/// What a scrape asks for.
package struct ScrapeRequest: Sendable {
    package var url: String
    package var headers: [(name: String, value: String)]
    /// Milliseconds for everything together.
    package var timeout: Int64
    /// Bytes of the body, as sent and as decompressed.
    package var maxBytes: Int
    package var access: EndpointAccess
    /// What is looked at where it is the machine itself that is asked.
    package var host: HostOptions
}

/// What a target answered, decompressed.
package struct ScrapeAnswer: Sendable {
    package var status: Int
    package var contentType: String
    package var body: [UInt8]

    package init(status: Int = 200, contentType: String, body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }
}

/// Fetches bodies; tests put their own in its place.
package protocol ScrapeFetching: Sendable {
    func fetch(_ request: ScrapeRequest) async throws -> ScrapeAnswer
}

/// Time as scraping sees it; tests put their own in its place.
package protocol ScrapeClock: Sendable {
    /// Milliseconds since the epoch.
    func now() -> Int64
    /// Returns at that time, or throws when cancelled.
    func sleep(until time: Int64) async throws
}

/// The machine's time.
package struct WallScrapeClock: ScrapeClock {
    private let read: @Sendable () -> Int64

    package init(_ read: @escaping @Sendable () -> Int64) { self.read = read }

    package func now() -> Int64 { read() }
    package func sleep(until time: Int64) async throws { try await Task.sleep(for: .milliseconds(max(0, time - read()))) }
}

/// Fetches by way of the one way out.
struct EgressFetching: ScrapeFetching {
    let egress: EgressClient
    let authorizer: EndpointAuthorizer

    func fetch(_ request: ScrapeRequest) async throws -> ScrapeAnswer {
        let (own, tls) = try await authorizer.resolve(request.access, timeout: request.timeout)
        let headers = request.headers.filter { header in !own.contains { $0.name.lowercased() == header.name.lowercased() } } + own
        let response: EgressResponse
        do throws(EgressError) {
            response = try await egress.send(
                "GET", request.url, headers: headers.map { ($0.name, $0.value) }, timeout: request.timeout,
                maxBytes: request.maxBytes, followRedirects: request.access.followRedirects, tls: tls,
                proxy: request.access.proxy)
        } catch {
            switch error {
            case .timeout: throw ScrapeFault(kind: .timeout, description: "\(error)")
            case .tooManyRedirects: throw ScrapeFault(kind: .status, description: "\(error)")
            case .unusable: throw ScrapeFault(kind: .format, description: "\(error)")
            case .bodyTooLarge: throw Self.bodyTooLarge(request)
            default: throw ScrapeFault(kind: .connection, description: "\(error)")
            }
        }
        var answer = ScrapeAnswer(status: response.status, contentType: response.header("content-type") ?? "", body: response.body)
        guard response.status == 200, response.header("content-encoding")?.lowercased() == "gzip" else { return answer }
        answer.body = []
        do throws(DecompressionError) {
            try Deflate.decompress(response.body.span, from: .gzip, limit: request.maxBytes, into: &answer.body)
        } catch {
            if error == .tooLarge(encoding: "gzip", limit: request.maxBytes) {
                throw Self.bodyTooLarge(request)
            }
            throw ScrapeFault(kind: .format, description: "the gzip body is damaged")
        }
        return answer
    }

    private static func bodyTooLarge(_ request: ScrapeRequest) -> ScrapeFault {
        ScrapeFault(kind: .bodySize, description: "body size limit exceeded (limit: \(request.maxBytes) bytes)")
    }
}

extension ScrapeConfig {
    /// Bytes of a body where its job sets no limit.
    static let hardBodyLimit = 256 << 20

    /// The request a scrape of this job sends.
    func request(to url: String) -> ScrapeRequest {
        var protocols = protocols
        if scrapesNativeHistograms, !protocols.contains(.protobuf) { protocols.insert(.protobuf, at: 0) }
        let headers: [(name: String, value: String)] = [
            ("Accept", ExpositionFormat.accept(protocols, escaping: nameEscaping)),
            ("Accept-Encoding", enableCompression ? "gzip" : "identity"),
            ("User-Agent", "Varde/\(BuildInfo.version)"),
            ("X-Prometheus-Scrape-Timeout-Seconds", SampleText.text(Double(timeout) / 1000)),
        ]
        return ScrapeRequest(
            url: url, headers: headers, timeout: timeout, maxBytes: bodySizeLimit > 0 ? bodySizeLimit : Self.hardBodyLimit,
            access: access, host: host)
    }
}
