import Dispatch
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import VardeCompression
import VardeDisk
import VardeKernels
import VardeLogs
import VardeModel

/// What stands before every route: limits, decompression, tokens, errors in words, counting, compression of answers.
struct ServerResponder: HTTPResponder {
    typealias Context = ConnectionContext

    let routes: RouteTable
    let currentLimits: @Sendable () -> LimitSettings
    /// Takes personal data out of what is said of a request that was refused.
    let redact: @Sendable (String) -> String
    let tokens: TokenGate
    let metrics: SelfMetrics
    let logger: Logger
    let audit: AuditTrail
    let gate: InboundGate

    /// Answers larger than this are compressed where the client can read it.
    private static let compressFrom = 1_024
    /// Most room made for a body before any of it has come.
    private static let mostReserved = 1 << 20

    private var limits: LimitSettings { currentLimits() }

    func respond(to numbered: Request, context: Context) async throws -> Response {
        guard let request = RequestHeads.whole(numbered) else { return Response(status: .badRequest) }
        let began = DispatchTime.now().uptimeNanoseconds
        let path = String(request.uri.path)
        let method = request.method.rawValue
        var routeName = "unknown"
        var plain = path.hasPrefix("/loki")
        var answer: APIResponse
        // What the audit log is told of a request that fails.
        var asked: (route: RouteTable.Route, request: APIRequest)?
        do {
            guard request.head.authority != nil else { throw APIFailure.badData("a request needs one Host header") }
            switch routes.match(method, path) {
            case .none: throw APIFailure(status: 404, type: "not_found", message: "404 page not found\n", isPlain: true)
            case .wrongMethod(let route, let allowed):
                routeName = route.name
                var response = APIResponse.text(405, "Method Not Allowed\n")
                response.headers.append(("Allow", allowed.joined(separator: ", ")))
                answer = response
                metrics.count("varde_http_requests_refused_total", ["reason": "method_not_allowed"])
            case .found(let route, let handler, let captures):
                routeName = route.name
                plain = route.plainErrors
                var received = try await read(request, of: route)
                received.captures = captures
                received.remoteAddress = gate.client(peer: context.remoteAddress, forwarded: received.headers["x-forwarded-for"])
                asked = (route, received)
                if let role = route.role {
                    if role != .write { try gate.admit(received.remoteAddress) }
                    received.token = try await tokens.admit(received.headers["authorization"], role)
                    asked?.request = received
                    try received.checkPseudonyms()
                }
                if route.role == .read {
                    let complete = received
                    answer = try await context.hangUp.cancelling { try await handler(complete) }
                } else {
                    answer = try await handler(received)
                }
                // Before the answer leaves: what cannot be entered in the audit log is not given out.
                try await audit.answered(route, received, lines: answer.lines, status: answer.status)
            }
        } catch let failure as APIFailure {
            if let asked, failure.type != "unavailable" {
                try? await audit.answered(asked.route, asked.request, lines: nil, status: failure.status)
            }
            // What was sent in may hold anybody's data: it is not told again.
            var told = failure
            told.message = redact(failure.message)
            answer = Self.failure(told, plain: plain)
            metrics.count("varde_http_requests_refused_total", ["reason": failure.type])
        } catch let error where error is DiskError || error is LogStoreError {
            logger.error("a request failed on what is stored", metadata: ["route": "\(routeName)", "error": "\(error)"])
            metrics.count("varde_storage_errors_total", ["route": routeName])
            answer = Self.failure(
                APIFailure(status: 500, type: "internal", message: "stored data cannot be read: see the log"), plain: plain)
        } catch {
            // Nothing of the request is told: it may hold personal data.
            logger.error("a request failed", metadata: ["route": "\(routeName)", "error": "\(Swift.type(of: error))"])
            answer = Self.failure(APIFailure(status: 500, type: "internal", message: "internal error"), plain: plain)
        }
        ProcessMemory.wipeStack()
        let seconds = Double(DispatchTime.now().uptimeNanoseconds - began) / 1e9
        metrics.request(route: routeName, method: method, status: answer.status, seconds: seconds)
        return response(
            answer, accepting: request.headers[.acceptEncoding] ?? "", isHead: method == "HEAD", route: routeName, channel: context.channel)
    }

    private static func failure(_ failure: APIFailure, plain: Bool) -> APIResponse {
        var response: APIResponse
        if plain || failure.isPlain {
            response = .text(failure.status, failure.message)
        } else {
            response = APIResponse(status: failure.status, body: APIEnvelope.error(failure))
        }
        if let seconds = failure.retryAfter { response.headers.append(("Retry-After", String(seconds))) }
        if failure.status == 401 { response.headers.append(("WWW-Authenticate", "Bearer realm=\"varde\", Basic realm=\"varde\"")) }
        return response
    }

    /// How an answer may be packed, the best the client can read.
    private static func encoding(_ accepting: String) -> (name: String, container: Deflate.Container)? {
        let offered = accepting.lowercased().split(separator: ",").compactMap { offer -> String? in
            let parts = offer.split(separator: ";").map { $0.filter { !$0.isWhitespace } }
            let isRefused = parts.dropFirst().contains { $0.hasPrefix("q=") && Double($0.dropFirst(2)) == 0 }
            return isRefused ? nil : parts.first
        }
        return offered.contains("gzip") ? ("gzip", .gzip) : offered.contains("deflate") ? ("deflate", .zlib) : nil
    }

    private func response(
        _ answer: APIResponse, accepting: String, isHead: Bool, route: String, channel: any Channel
    ) -> Response {
        var headers = HTTPFields()
        var body = answer.body
        if answer.status != 204 { headers[.contentType] = answer.contentType }
        for (name, value) in answer.headers { if let field = HTTPField.Name(name) { headers[field] = value } }
        let isPacked = headers[.contentEncoding] != nil
        if let pieces = answer.pieces, !isHead {
            headers[.vary] = "Accept-Encoding"
            let packs = Self.encoding(accepting)?.container == .gzip
            if packs { headers[.contentEncoding] = "gzip" }
            let (metrics, logger) = (metrics, logger)
            let streamed = StreamedAnswer(pieces: pieces, packs: packs, channel: channel) { error in
                metrics.count("varde_http_answers_broken_total", ["handler": route])
                logger.warning("an answer broke off", metadata: ["route": "\(route)", "error": "\(Swift.type(of: error))"])
            }
            return Response(status: .init(code: answer.status), headers: headers, body: streamed.body)
        }
        if body.count >= Self.compressFrom, !isPacked {
            headers[.vary] = "Accept-Encoding"
            if let (name, container) = Self.encoding(accepting) {
                var packed: [UInt8] = []
                if container == .gzip {
                    packed = GzipStream.whole(body.span)
                } else {
                    Deflate.compress(body.span, as: container, into: &packed)
                }
                body = packed
                headers[.contentEncoding] = name
            }
        }
        let content: ResponseBody = isHead || answer.status == 204 ? .init() : .init(byteBuffer: ByteBuffer(bytes: body))
        return Response(status: .init(code: answer.status), headers: headers, body: content)
    }

    /// Reads a request whole, within the limits, and decompresses it.
    private func read(_ request: Request, of route: RouteTable.Route) async throws -> APIRequest {
        var received = APIRequest(method: request.method.rawValue, path: String(request.uri.path))
        if let query = request.uri.query { received.parameters = APIRequest.parseForm(query.utf8) }
        for field in request.headers { received.headers[field.name.canonicalName] = field.value }
        received.contentType = (received.headers["content-type"] ?? "").lowercased()
        let announced = received.headers["content-length"].flatMap { Int($0) } ?? 0
        if announced > limits.requestBytes { throw tooLarge() }
        var raw: [UInt8] = []
        raw.reserveCapacity(max(0, min(announced, Self.mostReserved)))
        do {
            for try await part in request.body {
                if raw.count + part.readableBytes > limits.requestBytes { throw tooLarge() }
                raw.append(contentsOf: part.readableBytesView)
            }
        } catch let error as HTTPParserError where error != .invalidEOFState {
            throw APIFailure.badData("the body is not framed as HTTP has it: \(error)")
        } catch  where !(error is APIFailure || error is CancellationError) {
            // Nobody is there to be told.
            throw APIFailure(status: 400, type: "hung_up", message: "the connection ended before the body did")
        }
        let encoding = (received.headers["content-encoding"] ?? "identity").lowercased()
        if let encodings = route.encodings, encoding != "identity", !encodings.contains(encoding) {
            throw APIFailure(
                status: 415, type: "unsupported_encoding",
                message: "content encoding “\(encoding)” is not taken here; send \(encodings.joined(separator: " or "))")
        }
        var body: [UInt8] = []
        do {
            switch encoding {
            case "identity", "": body = raw
            case "gzip", "x-gzip": try Deflate.decompress(raw.span, from: .gzip, limit: limits.decompressedBytes, into: &body)
            // Loki's clients send it bare, others as HTTP has it: a zlib header tells.
            case "deflate":
                let isZlib = raw.count > 1 && raw[0] & 0x0F == 8 && (Int(raw[0]) << 8 | Int(raw[1])) % 31 == 0
                try Deflate.decompress(raw.span, from: isZlib ? .zlib : .raw, limit: limits.decompressedBytes, into: &body)
            case "zstd": try Zstd.decompress(raw.span, limit: limits.decompressedBytes, into: &body)
            // Protocols that always use snappy's block format say so, or do not: their routes take it off.
            case "snappy": body = raw
            default:
                throw APIFailure(
                    status: 415, type: "unsupported_encoding",
                    message: "content encoding “\(encoding)” is not read; use identity, gzip, deflate, zstd or snappy")
            }
        } catch let error as DecompressionError {
            throw Self.failure(of: error)
        }
        if route.readsForms, request.method != .get, received.contentType.hasPrefix("application/x-www-form-urlencoded") {
            // A form's values come before those of the query string, as in Go.
            received.parameters = APIRequest.parseForm(body) + received.parameters
        } else {
            received.body = body
        }
        return received
    }

    private func tooLarge() -> APIFailure {
        APIFailure(status: 413, type: "too_large", message: "the body is larger than limits.request_size (\(limits.requestBytes) bytes)")
    }

    static func failure(of error: DecompressionError) -> APIFailure {
        switch error {
        case .malformed(let encoding): APIFailure(status: 400, type: "bad_data", message: "the body is not valid \(encoding)")
        case .tooLarge(let encoding, let limit):
            APIFailure(
                status: 413, type: "too_large",
                message: "the \(encoding) body is larger than limits.decompressed_size (\(limit) bytes) once decompressed")
        }
    }
}
