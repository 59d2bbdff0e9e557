import ArgumentParser
import Foundation
import VardeKernels
import VardeModel

/// `varde push`: send lines to a server.
struct PushCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push", abstract: "Send logs to a server.", subcommands: [PushLogsCommand.self])
}

/// `varde push logs`: lines from a file or standard input, in batches, retried until they are acknowledged.
struct PushLogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Ship lines from a file or standard input.",
        discussion:
            "A line counts as shipped once the server has synced it to disk. With --json, each line is an object: time, message and label fields are found by the server."
    )

    /// A batch is sent when it has so many bytes or lines, or when input pauses.
    static let batchBytes = 1 << 20
    static let batchLines = 10_000

    @Option(name: .shortAndLong, help: "A label of the stream, as name=value. Give it several times for several.")
    var label: [LabelArgument] = []

    @Flag(name: .long, help: "Lines are JSON objects (NDJSON).")
    var json = false

    @Option(name: .long, help: "Try a batch so often before giving up.")
    var retries: Int = 10

    @Argument(help: "The file; standard input without it or for “-”.")
    var file: String?

    @OptionGroup var options: ServerOptions

    func validate() throws {
        if label.isEmpty { throw ValidationError("give the stream at least one --label name=value") }
        guard (0...1_000).contains(retries) else { throw ValidationError("--retries is 0 to 1000") }
    }

    func run() async throws {
        let connection = try ServerConnection(options)
        let input: FileHandle
        var total: Int?
        if let file, file != "-" {
            guard let handle = FileHandle(forReadingAtPath: file) else { throw CommandFailure("cannot open \(file)") }
            input = handle
            total = (try? FileManager.default.attributesOfItem(atPath: file))?[.size] as? Int
        } else {
            input = .standardInput
        }
        var progress = Progress(total: total, on: .standardOutput)
        var pending = Data()
        while true {
            // `availableData` returns what is there, so a paused pipe is shipped without waiting for a full batch.
            let chunk = input.availableData
            pending.append(chunk)
            while let cut = Self.cut(pending, atEnd: chunk.isEmpty) {
                try await send(pending.prefix(cut), over: connection)
                progress.advance(by: cut)
                pending = Data(pending.dropFirst(cut))
            }
            if chunk.isEmpty { break }
        }
        progress.finish()
    }

    /// Where the first batch of whole lines ends, nil where there is none to send.
    static func cut(_ data: Data, atEnd: Bool) -> Int? {
        if data.isEmpty { return nil }
        var end: Int?
        var lines = 0
        for (offset, byte) in data.enumerated() {
            if byte == 10 {
                lines += 1
                end = offset + 1
                if lines == batchLines { break }
            }
            if offset + 1 >= batchBytes, end != nil { break }
        }
        return end ?? (atEnd ? data.count : nil)
    }

    private func send(_ batch: Data, over connection: ServerConnection) async throws {
        var labels = label.map { ($0.label.name, $0.label.value) }
        var wait = 250
        for attempt in 0... {
            do {
                _ = try await connection.post(
                    "/api/v1/logs/lines", labels, body: batch, contentType: json ? "application/x-ndjson" : "text/plain")
                labels.removeAll()
                return
            } catch let failure as ServerConnection.Refusal where !failure.isTemporary || attempt >= retries {
                throw CommandFailure(failure.description)
            } catch let failure as CommandFailure where attempt >= retries {
                throw failure
            } catch {
                try await Task.sleep(for: .milliseconds(wait))
                wait = min(wait * 2, 10_000)
            }
        }
    }
}

/// A bar on standard error for people; silent otherwise.
struct Progress {
    private let total: Int?
    private let shown: Bool
    private var done = 0
    private var lastShown = -1

    init(total: Int?, on terminal: Terminal) {
        self.total = total
        shown = terminal.isInteractive && TerminalSize(of: STDERR_FILENO) != nil && total != nil
    }

    mutating func advance(by bytes: Int) {
        done += bytes
        guard shown, let total, total > 0 else { return }
        let percent = min(100, done * 100 / total)
        if percent == lastShown { return }
        lastShown = percent
        let bar = String(repeating: "█", count: percent / 4) + String(repeating: "·", count: 25 - percent / 4)
        FileHandle.standardError.write(Data("\r\(bar) \(percent) %".utf8))
    }

    func finish() {
        if shown { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
    }
}
