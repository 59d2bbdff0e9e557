import VardeKernels

extension WriteAheadLog {
    /// What a catalog names of the log in the directory `wal` of a store's.
    package static func expected(of store: String) -> String { "\(store)/wal/\(LogExtent.name)" }

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
        try fileSystem.removeTemporaries(in: directory)
        // What cannot be read of it is among the damage found below.
        let known = try? LogExtent.read(in: directory, fileSystem: fileSystem)
        try removeVoid(in: directory, fileSystem: fileSystem, behind: known?.last ?? 0)
        let outcome = try read(directory: directory, fileSystem: fileSystem, from: from, replay)
        let numbers = try fileSystem.list(directory).compactMap(LogFormat.segment)
        let behindAll = max(numbers.max() ?? 0, known?.last ?? 0, known.map { $0.first - min($0.first, 1) } ?? 0) + 1
        let next = max(behindAll, firstSegment)
        // Where the catalog says that the log goes on farther behind, nothing of what is here is needed.
        let first = next > behindAll ? next : known?.first ?? numbers.min() ?? next
        let log = WriteAheadLog(
            directory: directory, fileSystem: fileSystem, mode: mode, segmentSize: segmentSize,
            nextSegment: next, before: next == (outcome.last?.segment ?? 0) + 1 ? outcome.last?.end ?? 0 : 0,
            extent: known ?? LogExtent(first: 0, last: 0))
        let last = max(numbers.max() ?? 0, known?.last ?? 0, first - min(first, 1))
        try log.changeExtent { $0 = LogExtent(first: first, last: last, end: last == known?.last ? known?.end ?? 0 : 0) }
        return (log, outcome.damage)
    }

    /// Reads every record of a log, or those from a segment on, without opening it for writing: for `varde check data`.
    ///
    /// - Returns: the damage found, and the last segment with the end of its sound records; `torn` says whether bytes lie behind them.
    package static func read(
        directory: String, fileSystem: any FileSystem, from: UInt64 = 0,
        _ body: (_ segment: UInt64, _ kind: UInt8, _ payload: Span<UInt8>) throws -> Void
    ) throws -> (damage: [Damage], last: (segment: UInt64, end: Int, torn: Bool)?) {
        // Segments are made and removed meanwhile: this one's last and a later one's first are there all the time.
        let before = try? LogExtent.read(in: directory, fileSystem: fileSystem)
        let all = try fileSystem.list(directory).compactMap(LogFormat.segment).sorted()
        // Where the last one ends is of interest even if what is in it is not.
        let segments = all.filter { $0 >= from || $0 == all.last }
        var damage: [Damage] = []
        var last: (segment: UInt64, end: Int, torn: Bool)?
        let extent = try extent(of: directory, fileSystem: fileSystem, last: before?.last, present: all, &damage)
        for (index, segment) in segments.enumerated() {
            let path = directory + "/" + LogFormat.name(of: segment)
            let next = index + 1 < segments.count ? segments[index + 1] : nil
            last = (segment, 0, false)
            let file: any File
            do throws(DiskError) {
                file = try fileSystem.open(path, .read)
            } catch {
                // Sealed under a key that is no more, or its seal is damaged; with the wrong key nothing may go on.
                if error.isNotFound, try isRemoved(segment, directory: directory, fileSystem: fileSystem) { continue }
                guard error.code == 0, !error.isLocked else { throw error }
                damage.append(Damage(path: path, offset: 0, reason: error.reason))
                continue
            }
            guard let header = try header(of: file, path: path), header.number == segment else {
                let isVoid = try next == nil && isVoid(file)
                if isVoid, segment <= extent?.last ?? 0 {
                    damage.append(Damage(path: path, offset: 0, reason: "the segment is empty"))
                } else if !isVoid {
                    damage.append(Damage(path: path, offset: 0, reason: "the segment's header does not match its checksum or name"))
                }
                continue
            }
            if extent == nil, index > 0, segment != segments[index - 1] + 1, header.before > 0 {
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
            if let extent, segment == extent.last, outcome.end < extent.end {
                damage.append(
                    Damage(path: path, offset: outcome.end, reason: "the segment was \(extent.end) bytes long, its end is missing"))
                // For the header of the next one: it is missed at later starts as well.
                last?.end = Int(clamping: extent.end)
            }
        }
        return (damage, last)
    }

    /// The log's extent, as far as it can be read; what it names that is not on disk is damage, and so is that it is gone itself.
    private static func extent(
        of directory: String, fileSystem: any FileSystem, last: UInt64?, present: [UInt64], _ damage: inout [Damage]
    ) throws(DiskError) -> LogExtent? {
        let path = LogExtent.path(in: directory)
        do throws(DiskError) {
            if var extent = try LogExtent.read(in: directory, fileSystem: fileSystem) {
                // What was begun meanwhile is not looked at.
                if let last, last < extent.last { (extent.last, extent.end) = (last, 0) }
                for range in extent.missing(from: present) {
                    let path = directory + "/" + LogFormat.name(of: range.lowerBound)
                    let others = "the segments from here through number \(range.upperBound) are missing"
                    damage.append(Damage(path: path, offset: 0, reason: range.count == 1 ? "the segment is missing" : others))
                }
                return extent
            }
        } catch {
            guard error.code == 0, !error.isLocked else { throw error }
            damage.append(Damage(path: path, offset: 0, reason: error.reason))
            return nil
        }
        for segment in present {
            let path = directory + "/" + LogFormat.name(of: segment)
            guard let file = try? fileSystem.open(path, .read), (try? header(of: file, path: path))?.isMarked == true else { continue }
            let reason = "the list of the log's segments is missing: whether there were others before or behind is not known"
            damage.append(Damage(path: LogExtent.path(in: directory), offset: 0, reason: reason))
            break
        }
        return nil
    }

    /// Whether a segment that was there a moment ago was removed by who writes the log.
    private static func isRemoved(_ segment: UInt64, directory: String, fileSystem: any FileSystem) throws(DiskError) -> Bool {
        guard let extent = try LogExtent.read(in: directory, fileSystem: fileSystem) else { return false }
        return segment < extent.first
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
    ///
    /// - Parameter known: the last segment that is known to have been whole: it is empty by damage.
    private static func removeVoid(in directory: String, fileSystem: any FileSystem, behind known: UInt64) throws(DiskError) {
        for segment in try fileSystem.list(directory).compactMap(LogFormat.segment).sorted().reversed() where segment > known {
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
