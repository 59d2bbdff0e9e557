import VardeKernels

extension WriteAheadLog {
    /// Opens a log directory, made where it is absent, and replays what is in it; new records go to a new segment.
    ///
    /// `firstSegment` is where a log begins whose segments were all removed: numbers never come again. Replay keeps one window of a
    /// segment in memory. `replay` is given each record's segment, kind and payload in order, from segment `from` on: those before are
    /// kept for others to read and left alone here.
    /// - Returns: the log, and the damage found on the way (a torn end of the last segment is none: it was never acknowledged).
    /// - Throws: `DiskError` where a file cannot be read or is of a version not known; whatever `replay` throws.
    package static func open(
        directory: String, fileSystem: any FileSystem, mode: SyncMode = .every, segmentSize: Int = LogFormat.segmentSize,
        firstSegment: UInt64 = 1, from: UInt64 = 0, replay: (_ segment: UInt64, _ kind: UInt8, _ payload: Span<UInt8>) throws -> Void
    ) throws -> (log: WriteAheadLog, damage: [Damage]) {
        try fileSystem.makeDirectories(directory)
        try removeVoid(in: directory, fileSystem: fileSystem)
        let outcome = try read(directory: directory, fileSystem: fileSystem, from: from, replay)
        let next = (outcome.last?.segment ?? 0) + 1
        let log = WriteAheadLog(
            directory: directory, fileSystem: fileSystem, mode: mode, segmentSize: segmentSize,
            nextSegment: max(next, firstSegment), before: firstSegment > next ? 0 : outcome.last?.end ?? 0)
        return (log, outcome.damage)
    }

    /// Reads every record of a log, or those from a segment on, without opening it for writing: for `varde check data`.
    ///
    /// - Returns: the damage found, and the last segment with the end of its sound records; `torn` says whether bytes lie behind them.
    package static func read(
        directory: String, fileSystem: any FileSystem, from: UInt64 = 0,
        _ body: (_ segment: UInt64, _ kind: UInt8, _ payload: Span<UInt8>) throws -> Void
    ) throws -> (damage: [Damage], last: (segment: UInt64, end: Int, torn: Bool)?) {
        let all = try fileSystem.list(directory).compactMap(LogFormat.segment).sorted()
        // Where the last one ends is of interest even if what is in it is not.
        let segments = all.filter { $0 >= from || $0 == all.last }
        var damage: [Damage] = []
        var last: (segment: UInt64, end: Int, torn: Bool)?
        for (index, segment) in segments.enumerated() {
            let path = directory + "/" + LogFormat.name(of: segment)
            let next = index + 1 < segments.count ? segments[index + 1] : nil
            last = (segment, 0, false)
            let file: any File
            do throws(DiskError) {
                file = try fileSystem.open(path, .read)
            } catch {
                // Sealed under a key that is no more, or its seal is damaged; with the wrong key nothing may go on.
                guard error.code == 0, !error.isLocked else { throw error }
                damage.append(Damage(path: path, offset: 0, reason: error.reason))
                continue
            }
            guard let header = try header(of: file, path: path), header.number == segment else {
                let isVoid = try next == nil && isVoid(file)
                if !isVoid {
                    damage.append(Damage(path: path, offset: 0, reason: "the segment's header does not match its checksum or name"))
                }
                continue
            }
            if index > 0, segment != segments[index - 1] + 1, header.before > 0 {
                let reason = "the segments between this one and number \(segments[index - 1]) are missing"
                damage.append(Damage(path: path, offset: 0, reason: reason))
            }
            var limit: Int?
            if let next, next == segment + 1 {
                let nextPath = directory + "/" + LogFormat.name(of: next)
                if let file = try? fileSystem.open(nextPath, .read), let behind = try Self.header(of: file, path: nextPath) {
                    limit = Int(behind.before)
                }
            }
            var reader = try LogSegmentReader(path: path, file: file, header: header, limit: limit)
            let outcome = try reader.read { kind, payload in if segment >= from { try body(segment, kind, payload) } }
            damage += outcome.damage
            if let tail = outcome.tail, next != nil { damage.append(Damage(path: path, offset: outcome.end, reason: tail)) }
            if let limit, try file.size() < limit {
                damage.append(Damage(path: path, offset: outcome.end, reason: "the segment was \(limit) bytes long, its end is missing"))
            }
            last = (segment, outcome.end, outcome.tail != nil)
        }
        return (damage, last)
    }

    /// The header of a segment; nil where it is not sound.
    static func header(of file: any File, path: String) throws(DiskError) -> LogFormat.Header? {
        var bytes: [UInt8] = []
        try file.read(at: 0, count: LogFormat.headerSize, into: &bytes)
        guard bytes.count == LogFormat.headerSize, Array(bytes[0..<4]) == LogFormat.magic else { return nil }
        let header = LogFormat.Header(bytes.span)
        let version = UInt16(bytes[4]) | UInt16(bytes[5]) << 8
        if header != nil, version != LogFormat.version {
            throw DiskError(damaged: path, "log version \(version) is not known to this Varde (it knows \(LogFormat.version))")
        }
        return header
    }

    /// Whether a crash came between making a segment and syncing its header, so that no record can have followed.
    private static func isVoid(_ file: any File) throws(DiskError) -> Bool {
        var bytes: [UInt8] = []
        try file.read(at: 0, count: LogFormat.headerSize, into: &bytes)
        return bytes.count < LogFormat.headerSize || bytes.allSatisfy { $0 == 0 }
    }

    /// Removes segments at the end that were only just made, so that the one before them is the last.
    private static func removeVoid(in directory: String, fileSystem: any FileSystem) throws(DiskError) {
        for segment in try fileSystem.list(directory).compactMap(LogFormat.segment).sorted().reversed() {
            let path = directory + "/" + LogFormat.name(of: segment)
            do throws(DiskError) {
                guard try isVoid(fileSystem.open(path, .read)) else { return }
            } catch {
                if error.code == 0 { return }
                throw error
            }
            try fileSystem.remove(path)
            try fileSystem.syncDirectory(directory)
        }
    }
}
