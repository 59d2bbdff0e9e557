import Foundation
import VardeEgress

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The built binary, serving from a temporary directory on a free port of the loopback address.
final class ServerProcess: @unchecked Sendable {  // Used by one test at a time.
    /// What a request was answered with.
    struct Answer {
        var status: Int
        var body: Data
        /// Names in lower case.
        var headers: [String: String] = [:]
        var text: String { String(decoding: body, as: UTF8.self) }

        /// The body as JSON, an empty dictionary where it is none.
        var json: [String: Any] { (try? JSONSerialization.jsonObject(with: body)) as? [String: Any] ?? [:] }
    }

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// The binary the tests were built with.
    static let binary: URL = {
        var folder = Bundle.main.bundleURL
        for _ in 0..<4 {
            let candidate = folder.appendingPathComponent("varde")
            if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
            folder = folder.deletingLastPathComponent()
        }
        return URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("varde")
    }()

    let folder: URL
    let port: Int
    private(set) var process: Process?
    private let configuration: String
    private let arguments: [String]
    /// Whom to trust where it serves by TLS.
    private let tls: EgressTLS?

    var address: String { "\(tls == nil ? "http" : "https")://127.0.0.1:\(port)" }
    var dataDirectory: URL { folder.appendingPathComponent("data") }
    var logFile: URL { folder.appendingPathComponent("server.log") }
    /// What the server wrote to standard error, over all its starts.
    var log: String { (try? String(contentsOf: logFile, encoding: .utf8)) ?? "" }

    /// - Parameter authority: PEM text of the certificate to trust, where the configuration makes it serve by TLS.
    init(configuration: String = "", arguments: [String] = [], authority: String? = nil) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("varde-e2e-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        port = try FreePort.take()
        self.configuration = configuration.replacingOccurrences(of: "PORT", with: String(port))
        self.arguments = arguments
        tls = authority.map { text in
            var tls = EgressTLS()
            tls.authorities = text
            return tls
        }
        try self.configuration.write(to: folder.appendingPathComponent("varde.yaml"), atomically: true, encoding: .utf8)
        _ = FileManager.default.createFile(atPath: logFile.path, contents: nil)
    }

    deinit {
        if let process, process.isRunning {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        try? FileManager.default.removeItem(at: folder)
    }

    /// Starts the binary and returns once it is ready to serve.
    func start() async throws {
        let process = Process()
        process.executableURL = Self.binary
        process.arguments =
            [
                "serve", "--config", folder.appendingPathComponent("varde.yaml").path, "--data-dir", dataDirectory.path, "--listen",
                "127.0.0.1:\(port)",
            ] + arguments
        let log = try FileHandle(forWritingTo: logFile)
        try log.seekToEnd()
        process.standardError = log
        process.standardOutput = log
        try process.startAlone()
        self.process = process
        for _ in 0..<600 {
            if !process.isRunning { throw Failure(description: "the server ended with \(process.terminationStatus):\n\(self.log)") }
            if let answer = try? await get("/-/ready"), answer.status == 200 { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw Failure(description: "the server was not ready within 30 s:\n\(self.log)")
    }

    /// Ends the process as a power cut of the process would: SIGKILL.
    func killHard() {
        guard let process else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        self.process = nil
    }

    /// Asks for a stop by SIGTERM and returns the exit status.
    func stop() -> Int32 {
        guard let process else { return -1 }
        kill(process.processIdentifier, SIGTERM)
        process.waitUntilExit()
        self.process = nil
        if process.terminationStatus != 0 { print("stopped with \(process.terminationStatus):\n\(log.suffix(4_000))") }
        return process.terminationStatus
    }

    func get(_ path: String, headers: [String: String] = [:]) async throws -> Answer {
        try await send("GET", path, body: nil, headers: headers)
    }

    func post(_ path: String, _ body: some Sequence<UInt8>, type: String, headers: [String: String] = [:]) async throws -> Answer {
        var headers = headers
        headers["Content-Type"] = type
        return try await send("POST", path, body: Data(body), headers: headers)
    }

    /// Lives as long as the tests do.
    private static let client = EgressClient()

    /// By our own client: URLSession never answers where a server refuses by 401, and then no other request either.
    func send(_ method: String, _ path: String, body: Data? = nil, headers: [String: String] = [:]) async throws -> Answer {
        if path.removingPercentEncoding == nil { return try await getRaw(path) }
        let response = try await Self.client.send(
            method, address + path, headers: headers.map { ($0.key, $0.value) }, body: Array(body ?? Data()), timeout: 60_000,
            maxBytes: 1 << 30, followRedirects: false, tls: tls)
        return Answer(
            status: response.status, body: Data(response.body),
            headers: Dictionary(response.headers.map { ($0.name, $0.value) }) { "\($0), \($1)" })
    }

    /// A path that is no UTF-8 once decoded, which only URLSession sends as it stands.
    private func getRaw(_ path: String) async throws -> Answer {
        guard let url = URL(string: address + path) else { throw Failure(description: "no URL: \(path)") }
        let (data, response) = try await URLSession.shared.data(for: URLRequest(url: url, timeoutInterval: 60))
        return Answer(status: (response as? HTTPURLResponse)?.statusCode ?? 0, body: data)
    }

    /// Runs a command of the binary with the server's address and returns what it printed.
    func run(_ arguments: [String], input: Data? = nil) async throws -> (status: Int32, output: String, errors: String) {
        try await Self.run(Self.binary, arguments, input: input, environment: ["VARDE_SERVER": address])
    }

    /// Descriptors the running server has open.
    func openFiles() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process?.processIdentifier ?? 0)/fd").count
    }

    /// Asks again until something holds, for 40 s at most; whether it came to.
    static func wait(_ holds: () async throws -> Bool) async throws -> Bool {
        for _ in 0..<400 {
            if try await holds() { return true }
            try await Task.sleep(for: .milliseconds(100))
        }
        return try await holds()
    }

    /// As below on a thread of its own: a test that waits must not hold one of the few that all tests share.
    static func run(
        _ binary: URL, _ arguments: [String], input: Data? = nil, environment: [String: String] = [:], in workingFolder: URL? = nil
    ) async throws -> (status: Int32, output: String, errors: String) {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result { try run(binary, arguments, input: input, environment: environment, in: workingFolder) })
            }
        }
    }

    /// Runs a program to its end, with what it printed.
    static func run(
        _ binary: URL, _ arguments: [String], input: Data? = nil, environment: [String: String] = [:], in workingFolder: URL? = nil
    ) throws -> (status: Int32, output: String, errors: String) {
        let process = Process()
        process.executableURL = binary
        process.arguments = arguments
        if let workingFolder { process.currentDirectoryURL = workingFolder }
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        // Files rather than pipes: nothing can fill up and hang.
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("varde-run-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = ["in", "out", "err"].map { folder.appendingPathComponent($0) }
        try (input ?? Data()).write(to: files[0])
        for file in files.dropFirst() { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
        process.standardInput = try FileHandle(forReadingFrom: files[0])
        process.standardOutput = try FileHandle(forWritingTo: files[1])
        process.standardError = try FileHandle(forWritingTo: files[2])
        try process.startAlone()
        process.waitUntilExit()
        return (
            process.terminationStatus, try String(contentsOf: files[1], encoding: .utf8), try String(contentsOf: files[2], encoding: .utf8)
        )
    }
}

/// Ports nobody listens on. Below those the system gives to clients: a server must find its port free again after a restart.
enum FreePort {
    private static let range = 12_000..<32_000

    static func take() throws -> Int {
        for _ in 0..<200 {
            let port = Int.random(in: range)
            if isFree(port) { return port }
        }
        throw ServerProcess.Failure(description: "no free port")
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = in_port_t(port).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
        }
    }
}

/// Other people's programs, unpacked by peers.sh; nil where one is absent.
enum Peers {
    static func find(_ name: String) -> URL? {
        var places = ["/usr/bin", "/usr/sbin", "/usr/local/bin"]
        if let folder = ProcessInfo.processInfo.environment["VARDE_PEERS"] {
            places = ["\(folder)/usr/bin", "\(folder)/usr/sbin"] + places
        }
        return places.map { URL(fileURLWithPath: $0).appendingPathComponent(name) }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
    }
}

extension Process {
    private static let launching = NSLock()

    /// Runs it, one at a time in this program: Foundation notices a process' end by a socket that closes, and a child started in the
    /// same moment would inherit that socket and keep it open for as long as it lives.
    func startAlone() throws {
        try Self.launching.withLock { try run() }
    }
}
