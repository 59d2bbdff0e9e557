package import VardeDisk

/// What reading the whole audit log shows.
package struct AuditVerification: Sendable {
    /// Problems told; beyond, only their number is counted.
    private static let maxProblems = 100

    package private(set) var files = 0
    package private(set) var entries: UInt64 = 0
    package private(set) var checkpoints = 0
    /// Entries a signed checkpoint covers: a cut among them is always found.
    package private(set) var signed: UInt64 = 0
    /// Hash of the last entry, hexadecimal.
    package private(set) var hash = ""
    /// What is wrong, each with file and line.
    package private(set) var problems: [String] = []
    package private(set) var problemCount = 0

    package var isSound: Bool { problemCount == 0 }

    /// Reads the log in a directory against the signed checkpoints.
    ///
    /// - Parameters:
    ///   - checkpoints: their file; nil where there is none to hold the log against.
    ///   - publicKey: the key they must be signed with, 64 hexadecimal digits.
    package init(directory: String, checkpoints: String?, publicKey: String?, fileSystem: any FileSystem) throws {
        // Checkpoints first: entries made meanwhile are in the log then.
        var signed: [UInt64: (hash: String, place: String)] = [:]
        if let checkpoints { try readCheckpoints(checkpoints, publicKey, fileSystem, &signed) }
        var previous = AuditLogFormat.firstHash
        let all = try fileSystem.list(directory).sorted()
        let names = all.filter { AuditLogFormat.number(of: $0) != nil }
        for name in all where AuditLogFormat.number(of: name) == nil { note("\(directory)/\(name): not a file of the audit log") }
        for (index, name) in names.enumerated() {
            files += 1
            try readFile(
                directory + "/" + name, first: AuditLogFormat.number(of: name) ?? 0, isLast: index == names.count - 1, fileSystem,
                &previous, signed)
        }
        hash = Hex.text(previous)
        if let last = signed.max(by: { $0.key < $1.key }) {
            self.signed = min(last.key, entries)
            if last.key > entries {
                note("\(directory): ends at entry \(entries), but \(last.value.place) signed \(last.key): the end has been cut off")
            }
        }
    }

    private mutating func note(_ problem: String) {
        problemCount += 1
        if problems.count < Self.maxProblems { problems.append(problem) }
    }

    private mutating func readCheckpoints(
        _ path: String, _ publicKey: String?, _ fileSystem: any FileSystem, _ signed: inout [UInt64: (hash: String, place: String)]
    ) throws {
        guard fileSystem.exists(path) else { return note("\(path): there are no checkpoints: a cut-off end cannot be seen") }
        let bytes = try fileSystem.read(path)
        var last: UInt64 = 0
        var key = publicKey
        var other = ""
        for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: true).enumerated() {
            let place = "\(path):\(index + 1)"
            guard let checkpoint = AuditCheckpoint(line) else {
                note("\(place): not a checkpoint")
                continue
            }
            // Without a key from elsewhere the first one's is believed: then the file shows that it is of one piece, no more.
            if key == nil { key = checkpoint.key }
            if checkpoint.key != key, checkpoint.isSigned(by: checkpoint.key) {
                // A key that was lost and made anew, or somebody else's: told once, where it begins.
                if checkpoint.key != other { note("\(place): another key from entry \(checkpoint.entries) on: \(checkpoint.key)") }
                other = checkpoint.key
                continue
            }
            guard checkpoint.isSigned(by: key ?? "") else {
                note("\(place): the signature over entry \(checkpoint.entries) does not hold")
                continue
            }
            if checkpoint.entries < last { note("\(place): entry \(checkpoint.entries) was signed after entry \(last)") }
            last = checkpoint.entries
            checkpoints += 1
            signed[checkpoint.entries] = (checkpoint.hash, place)
        }
        if checkpoints == 0 { note("\(path): there are no checkpoints: a cut-off end cannot be seen") }
    }

    private mutating func readFile(
        _ path: String, first: UInt64, isLast: Bool, _ fileSystem: any FileSystem, _ previous: inout [UInt8],
        _ signed: [UInt64: (hash: String, place: String)]
    ) throws {
        let bytes = try fileSystem.read(path)
        if first != entries + 1 { note("\(path): begins with entry \(first) where \(entries + 1) was due") }
        var start = 0
        var lineNumber = 0
        while start < bytes.count {
            lineNumber += 1
            guard let end = bytes[start...].firstIndex(of: 0x0A) else {
                note("\(path):\(lineNumber): the line is not whole: \(bytes.count - start) bytes at the end")
                break
            }
            readLine(bytes[start..<end], "\(path):\(lineNumber)", &previous, signed)
            start = end + 1
        }
        if bytes.isEmpty, !isLast { note("\(path): the file is empty") }
    }

    private mutating func readLine(
        _ line: ArraySlice<UInt8>, _ place: String, _ previous: inout [UInt8], _ signed: [UInt64: (hash: String, place: String)]
    ) {
        guard let (number, hash, body) = AuditLogFormat.parse(line) else {
            note("\(place): not an entry: changed or cut off")
            return
        }
        if number != entries + 1 {
            note("\(place): entry \(number) where \(entries + 1) was due: \(number > entries ? "entries are missing" : "out of order")")
        } else if AuditLogFormat.hash(previous, body) != hash {
            note("\(place): entry \(number) does not match its hash: it, or the one before, has been changed")
        } else if let (due, by) = signed[number], due != Hex.text(hash) {
            note("\(place): entry \(number) is another than \(by) signed")
        }
        // From here on the chain is followed as the line states it, so that one change is one problem.
        entries = number
        previous = hash
    }
}
