import Foundation
import VardeKernels

/// Ships batches of lines: retried until they are acknowledged, and what the server refuses for good is told apart from the rest.
struct LinePush {
    /// Lines the server will not take however often they are sent.
    struct Fault {
        /// Number of the line, nil where the server does not say which.
        var line: Int?
        var count = 1
        var reason: String
    }

    /// Longest wait between two tries, in milliseconds.
    private static let longestPause = 10_000

    let connection: ServerConnection
    let labels: [(String, String)]
    let isJSON: Bool
    let retries: Int
    /// Is told why a try failed that will be made again.
    var onRetry: (String) -> Void = { _ in }
    private(set) var shipped = 0
    private(set) var refused = 0
    /// Nanoseconds the next line may have: a batch sent again has the times it had, so that the server knows its lines.
    private var nextTime: Int64 = 0

    init(_ connection: ServerConnection, labels: [(String, String)], isJSON: Bool, retries: Int) {
        self.connection = connection
        self.labels = labels
        self.isJSON = isJSON
        self.retries = retries
    }

    mutating func note(refused count: Int) { refused += count }

    /// Returns once all lines of the batch are stored, but those returned.
    ///
    /// - Throws: where the server cannot be reached, or refuses for another reason than what a line is.
    mutating func send(_ batch: LineBatch) async throws -> [Fault] {
        nextTime = max(nextTime, WallClock.nanoseconds)
        let time = nextTime
        nextTime += Int64(batch.lineCount)
        return try await ship(batch, at: time)
    }

    private mutating func ship(_ batch: LineBatch, at time: Int64) async throws -> [Fault] {
        do {
            try await post(batch, at: time)
            shipped += batch.lineCount
            return []
        } catch let refusal as ServerConnection.Refusal {
            if refusal.status == 413 {
                guard batch.lineCount > 1 else { return fault(batch.firstLine, "a request of \(batch.bytes.count) bytes is too large") }
                return try await ship(halves: batch, at: time)
            }
            guard refusal.status == 400 else { throw refusal }
            if isJSON, let place = refusal.description.firstMatch(of: /^line (\d+): (.*)/), let number = Int(place.1) {
                return try await ship(batch, without: number, String(place.2), at: time)
            }
            guard let match = refusal.description.firstMatch(of: /total ignored: (\d+) out of (\d+)/), let ignored = Int(match.1) else {
                throw refusal
            }
            shipped += batch.lineCount - ignored
            refused += ignored
            return Self.explain(refusal.description, ignored, batch)
        }
    }

    private mutating func fault(_ line: Int, _ reason: String) -> [Fault] {
        refused += 1
        return [Fault(line: line, reason: reason)]
    }

    private mutating func ship(halves batch: LineBatch, at time: Int64) async throws -> [Fault] {
        let lines = batch.lines
        let middle = lines.count / 2
        let cut = lines[middle].lowerBound
        let first = LineBatch(bytes: Array(batch.bytes[..<cut]), firstLine: batch.firstLine, lineCount: middle)
        let rest = LineBatch(
            bytes: Array(batch.bytes[cut...]), firstLine: batch.firstLine + middle, lineCount: batch.lineCount - middle)
        return try await ship(first, at: time) + ship(rest, at: time + Int64(middle))
    }

    /// Ships a batch but for a line that is no JSON; the server counts lines that are not empty, from 1.
    private mutating func ship(_ batch: LineBatch, without number: Int, _ reason: String, at time: Int64) async throws -> [Fault] {
        let lines = batch.lines
        let filled = lines.indices.filter { !lines[$0].isEmpty && batch.bytes[lines[$0]] != [13] }
        guard filled.indices.contains(number - 1) else { throw CommandFailure("the server found fault with line \(number): \(reason)") }
        let index = filled[number - 1]
        var faults = fault(batch.firstLine + index, reason)
        // In the two parts around it, so that lines keep their numbers.
        let parts = [(0, index), (index + 1, lines.count)].filter { $0.0 < $0.1 }
        for (from, to) in parts {
            let end = to == lines.count ? batch.bytes.count : lines[to].lowerBound
            let part = LineBatch(
                bytes: Array(batch.bytes[lines[from].lowerBound..<end]), firstLine: batch.firstLine + from, lineCount: to - from)
            faults += try await ship(part, at: time + Int64(from))
        }
        return faults
    }

    /// Which lines the server means: those that are too long can be told here, of others only how many there are.
    private static func explain(_ message: String, _ ignored: Int, _ batch: LineBatch) -> [Fault] {
        let reasons = message.split(separator: "\n").filter { !$0.hasPrefix("total ignored") }.map(String.init)
        var faults: [Fault] = []
        if let match = message.firstMatch(of: /max entry size '(\d+)' bytes/), let most = Int(match.1) {
            for (index, range) in batch.lines.enumerated() {
                let count = range.count - (batch.bytes[range].last == 13 ? 1 : 0)
                if count > most {
                    faults.append(Fault(line: batch.firstLine + index, reason: "\(count) bytes, the server takes \(most) in a line"))
                }
            }
        }
        if faults.count == ignored { return faults }
        let lines = "lines \(batch.firstLine) to \(batch.firstLine + batch.lineCount - 1): "
        let others = reasons.first { !$0.hasPrefix("max entry size") } ?? reasons.first ?? message
        return faults + [Fault(line: nil, count: max(1, ignored - faults.count), reason: lines + others)]
    }

    private func post(_ batch: LineBatch, at time: Int64) async throws {
        var pause = 250
        var tries = 0
        while true {
            do {
                _ = try await connection.post(
                    "/api/v1/logs/lines", labels, headers: [("X-Varde-Time", String(time))], body: Data(batch.bytes),
                    contentType: isJSON ? "application/x-ndjson" : "text/plain")
                return
            } catch let refusal as ServerConnection.Refusal where !refusal.isTemporary || tries >= retries {
                throw refusal
            } catch let failure as CommandFailure where tries >= retries {
                throw failure
            } catch {
                tries += 1
                let asked = ((error as? ServerConnection.Refusal)?.retryAfter ?? 0) * 1000
                onRetry("\(error)")
                try await Task.sleep(for: .milliseconds(min(max(pause, asked), Self.longestPause)))
                pause = min(pause * 2, Self.longestPause)
            }
        }
    }
}
