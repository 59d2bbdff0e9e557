import VardeModel

/// Routes by path and method. A path segment `*` takes any one segment, `**` at the end one or more.
struct RouteTable: Sendable {
    typealias Handler = @Sendable (APIRequest) async throws -> APIResponse

    struct Route: Sendable {
        var pattern: [String]
        /// Handler by method.
        var handlers: [String: Handler]
        /// What a token must allow; nil for everyone.
        var role: Role?
        /// The pattern as metrics name it.
        var name: String
        /// Whether failures are told as Loki tells them: plain text.
        var plainErrors: Bool
        /// Content encodings that are taken where not all are.
        var encodings: [String]?
        /// Whether a body sent as a form is read as one, not as the bytes it is.
        var readsForms = true
    }

    enum Match {
        case found(Route, Handler, captures: [String])
        case wrongMethod(Route, allowed: [String])
        case none
    }

    private var exact: [String: Int] = [:]
    private var open: [Int] = []
    private var routes: [Route] = []

    mutating func add(
        _ methods: [String], _ path: String, role: Role?, encodings: [String]? = nil, readsForms: Bool = true, _ handler: @escaping Handler
    ) {
        let pattern = path.split(separator: "/").map(String.init)
        let index: Int
        if let known = routes.firstIndex(where: { $0.pattern == pattern }) {
            index = known
        } else {
            index = routes.count
            routes.append(
                Route(
                    pattern: pattern, handlers: [:], role: role, name: path, plainErrors: path.hasPrefix("/loki"), encodings: encodings,
                    readsForms: readsForms))
            if pattern.contains(where: { $0.hasPrefix("*") }) {
                open.append(index)
            } else {
                exact["/" + pattern.joined(separator: "/")] = index
            }
        }
        for method in methods { routes[index].handlers[method] = handler }
    }

    /// Finds the route of a path as it came, still escaped.
    func match(_ method: String, _ path: String) -> Match {
        let segments = path.split(separator: "/").map(String.init)
        var captures: [String] = []
        var found = exact["/" + segments.joined(separator: "/")]
        if found == nil {
            found = open.first { Self.matches(routes[$0].pattern, segments) }
            if let found {
                let pattern = routes[found].pattern
                captures = segments.enumerated().filter { $0.offset >= pattern.count || pattern[$0.offset].hasPrefix("*") }.map {
                    PercentEncoding.text($0.element.utf8, plusIsBlank: false)
                }
            }
        }
        guard let found else { return .none }
        let route = routes[found]
        if let handler = route.handlers[method] ?? (method == "HEAD" ? route.handlers["GET"] : nil) {
            return .found(route, handler, captures: captures)
        }
        return .wrongMethod(route, allowed: route.handlers.keys.sorted())
    }

    private static func matches(_ pattern: [String], _ segments: [String]) -> Bool {
        let isOpenEnded = pattern.last == "**"
        guard isOpenEnded ? segments.count >= pattern.count : segments.count == pattern.count else { return false }
        return zip(pattern, segments).allSatisfy { $0.hasPrefix("*") || $0 == $1 }
    }
}
