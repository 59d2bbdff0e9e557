import Foundation

/// A server to be measured: how it is started, where it takes data, and what it cost so far.
final class Contestant {
    let name: String
    let port: Int
    let folder: URL
    let writePath: String
    let readyPath: String
    /// Path of the data whose size counts, below `folder`.
    let dataFolder: String
    private let binary: URL
    private let arguments: [String]
    private var process: Process?

    init(name: String, binary: URL, port: Int, folder: URL, writePath: String, readyPath: String, dataFolder: String, arguments: [String]) {
        self.name = name
        self.binary = binary
        self.port = port
        self.folder = folder
        self.writePath = writePath
        self.readyPath = readyPath
        self.dataFolder = dataFolder
        self.arguments = arguments
    }

    /// Starts it and returns the seconds until it answered its readiness path with 200.
    @discardableResult
    func start() throws -> Double {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let log = folder.appendingPathComponent("server.log")
        if !FileManager.default.fileExists(atPath: log.path) { _ = FileManager.default.createFile(atPath: log.path, contents: nil) }
        let handle = try FileHandle(forWritingTo: log)
        try handle.seekToEnd()
        let process = Process()
        process.executableURL = binary
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.standardOutput = handle
        process.standardError = handle
        let begin = Clock.seconds()
        try process.run()
        self.process = process
        while Clock.seconds() - begin < 120 {
            if let answer = try? Connection(port: port).request("GET", readyPath), answer.status == 200 { return Clock.seconds() - begin }
            guard process.isRunning else { break }
            usleep(5_000)
        }
        throw Connection.Failure(description: "\(name) did not become ready; see \(log.path)")
    }

    func kill(_ signal: Int32) {
        guard let process else { return }
        Foundation.kill(process.processIdentifier, signal)
        process.waitUntilExit()
        self.process = nil
    }

    /// Processor seconds used since its start, user and system.
    var cpuSeconds: Double {
        guard let process, let text = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8) else {
            return 0
        }
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        return Double((Int(fields[12]) ?? 0) + (Int(fields[13]) ?? 0)) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Waits until it does next to nothing any more: what is asked then is not slowed by what was sent before. Half a minute at most.
    func rest() {
        let begin = Clock.seconds()
        var before = cpuSeconds
        while Clock.seconds() - begin < 30 {
            usleep(500_000)
            let now = cpuSeconds
            if now - before < 0.025 { return }
            before = now
        }
    }

    /// Most memory it ever had resident, in bytes.
    var peakMemory: Int { status("VmHWM:") }
    var memory: Int { status("VmRSS:") }

    /// Begins `peakMemory` anew from what is resident now.
    func forgetPeak() {
        guard let process else { return }
        try? "5".write(toFile: "/proc/\(process.processIdentifier)/clear_refs", atomically: false, encoding: .utf8)
    }

    private func status(_ key: String) -> Int {
        guard let process, let text = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8) else {
            return 0
        }
        let line = text.split(separator: "\n").first { $0.hasPrefix(key) }
        return (line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
    }

    /// Bytes its data takes on disk, by blocks.
    var diskBytes: Int {
        let root = folder.appendingPathComponent(dataFolder)
        let walk = FileManager.default.enumerator(atPath: root.path)
        var total = 0
        while let name = walk?.nextObject() as? String {
            var info = stat()
            if lstat(root.appendingPathComponent(name).path, &info) == 0, info.st_mode & S_IFMT == S_IFREG {
                total += Int(info.st_blocks) * 512
            }
        }
        return total
    }
}

enum Clock {
    /// Processor seconds of this process, user and system.
    static func ownCPU() -> Double {
        var now = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }

    static func seconds() -> Double {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }
}

func median(_ values: [Double]) -> Double {
    let sorted = values.filter { !$0.isNaN }.sorted()
    return sorted.isEmpty ? .nan : sorted[sorted.count / 2]
}
