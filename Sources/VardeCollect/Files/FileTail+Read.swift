import VardeKernels
import VardeModel
import VardeWire

extension FileTail {
    /// What was read of a file in a round.
    struct Part {
        var writes: [LogStreamWrite]
        var bytes: Int
    }

    /// Reads what is new in a file and notes its delivery; nil where there is nothing to hand over.
    func read(_ identity: InputFile.Identity, now: Int64, times: (Int) -> Int64) -> Part? {
        guard var file = files[identity], now >= file.restsUntil else { return nil }
        defer { files[identity] = file }
        do throws(InputFile.Failure) {
            if let input = file.input { look(&file, try input.status().size, now: now) }
            guard file.unread > 0 || file.size < file.mark.offset || file.mark.delivery != nil else { return nil }
            guard let input = try open(&file) else { return nil }
            if try !settle(&file, input, now: now) { return nil }
            return try take(&file, input, now: now, times: times)
        } catch {
            // A file that is gone between two looks is no failure.
            if !error.isNotFound { count(failure: file.input == nil ? "open" : "read") }
            file.restsUntil = now + Self.pause
            return nil
        }
    }

    private func look(_ file: inout TailedFile, _ size: Int, now: Int64) {
        if size == file.size { return }
        file.size = size
        file.grownAt = now
        file.isVerified = false
    }

    /// The open file; nil where its path leads to another by now, which the next search finds out.
    private func open(_ file: inout TailedFile) throws(InputFile.Failure) -> InputFile? {
        if let input = file.input { return input }
        guard let place = file.place else { return nil }
        if statistics.openFiles >= limits.openFiles { closeOne() }
        let input = try InputFile(place, regularOnly: true)
        let status = try input.status()
        guard status.identity == file.mark.identity else { return nil }
        file.input = input
        file.size = status.size
        statistics.openFiles += 1
        return input
    }

    /// Closes the file that has not grown for longest; it is opened again when it has its turn.
    private func closeOne() {
        let open = files.filter { $0.value.input != nil && $0.value.place != nil }
        guard let oldest = open.min(by: { $0.value.grownAt < $1.value.grownAt }) else { return }
        files[oldest.key]?.input = nil
        statistics.openFiles -= 1
    }

    /// Finds out whether the file still is what was read of it; false where that has to wait.
    private func settle(_ file: inout TailedFile, _ input: InputFile, now: Int64) throws(InputFile.Failure) -> Bool {
        if file.isHeld { return try identify(&file, input, now: now) }
        if file.isVerified { return true }
        if file.size >= file.mark.offset, try file.mark.print.fits(input, before: file.mark.offset) {
            file.isVerified = true
            return true
        }
        // Emptied and written anew: what was not read of it before may be in a copy.
        count(event: "truncated")
        adoptCopy(of: file, now: now)
        file.mark.offset = 0
        file.mark.isInside = false
        file.mark.print = FileMark.Fingerprint()
        file.mark.delivery = nil
        file.isVerified = true
        isBehind = true
        return file.size > 0
    }

    /// Whether a file that is new is the copy of another: then it goes on where that one was read to.
    private func identify(_ file: inout TailedFile, _ input: InputFile, now: Int64) throws(InputFile.Failure) -> Bool {
        var head: [UInt8] = []
        try input.read(at: 0, count: Self.headSize, into: &head)
        if Self.isCompressed(head) {
            count(failure: "compressed")
            file.mark.offset = file.size
            file.restsUntil = now + Self.lingering
            return false
        }
        let stem = file.mark.path
        for other in files.values where other.mark.identity != file.mark.identity && other.mark.offset > 0 && !other.isHeld {
            guard Self.areSiblings(other.mark.path, stem) else { continue }
            // What is on its way of the other counts as read.
            var reached = other.mark
            reached.advance()
            if file.size >= reached.offset, reached.print.length >= FileMark.Fingerprint.telling,
                try reached.print.fits(input, before: reached.offset)
            {
                reached.identity = file.mark.identity
                file.mark = reached
                file.isHeld = false
                file.isVerified = true
                isBehind = true
                count(event: "copied")
                return file.unread > 0
            }
            // It begins as the other does: perhaps the copy is not whole yet.
            var otherHead: [UInt8] = []
            if let opened = other.input { try opened.read(at: 0, count: Self.headSize, into: &otherHead) }
            if head == otherHead, head.count == Self.headSize, now - file.foundAt < Self.copyTime { return false }
        }
        file.isHeld = false
        return true
    }

    /// Whether one name is made from the other, as rotation does.
    private static func areSiblings(_ a: String, _ b: String) -> Bool {
        func stem(_ path: String) -> Substring {
            let slash = path.lastIndex(of: "/") ?? path.startIndex
            return path[..<(path[slash...].firstIndex(of: ".") ?? path.endIndex)]
        }
        return stem(a) == stem(b)
    }

    /// Begins of files of gzip, zstd, bzip2 and xz.
    static func isCompressed(_ head: [UInt8]) -> Bool {
        [[0x1f, 0x8b], [0x28, 0xb5, 0x2f, 0xfd], [0x42, 0x5a, 0x68], [0xfd, 0x37, 0x7a, 0x58]].contains { head.starts(with: $0) }
    }

    /// Takes up the copy that was made of a file before it was emptied, to read in it what was not read yet.
    private func adoptCopy(of file: TailedFile, now: Int64) {
        let mark = file.mark
        guard mark.print.length >= FileMark.Fingerprint.telling else { return }
        for path in beside(mark.path) {
            guard let input = try? InputFile(path, regularOnly: true), let status = try? input.status(),
                status.identity != mark.identity, status.size > mark.offset, files.count < limits.files,
                files[status.identity]?.isHeld != false, (try? mark.print.fits(input, before: mark.offset)) == true
            else { continue }
            var copy = TailedFile(source: file.source, mark: mark, place: nil, size: status.size, now: now)
            copy.mark.identity = status.identity
            copy.input = input
            copy.isVerified = true
            if files.updateValue(copy, forKey: status.identity) == nil { order.append(status.identity) }
            count(event: "copied")
            return
        }
    }

    /// Cuts entries out of what is unread, and notes where they end.
    private func take(
        _ file: inout TailedFile, _ input: InputFile, now: Int64, times: (Int) -> Int64
    ) throws(InputFile.Failure) -> Part? {
        let source = sources[file.source]
        let cutter = cutters[file.source]
        var bytes: [UInt8] = []
        let cut: EntryCutter.Cut
        let offset = file.mark.offset
        if let delivery = file.mark.delivery {
            // Perhaps they arrived: the same bytes, cut alike.
            try input.read(at: offset, count: delivery.end - offset, into: &bytes)
            cut = cutter.cut(bytes, isInside: file.mark.isInside, isWhole: true, isLast: delivery.isLast)
        } else {
            let quiet = now - file.grownAt
            let isLast = file.place == nil && quiet >= Self.lingering / 2
            let isWhole = source.multiline.map { quiet >= $0.maxWait } ?? true
            try input.read(at: offset, count: min(file.unread, cutter.window), into: &bytes)
            let isEnd = bytes.count == file.unread
            cut = cutter.cut(bytes, isInside: file.mark.isInside, isWhole: isWhole && isEnd, isLast: isLast && isEnd)
            guard cut.consumed > 0 else { return nil }
            let print = FileMark.Fingerprint(of: bytes[..<cut.consumed])
            file.mark.delivery = FileMark.Delivery(
                end: offset + cut.consumed, time: times(cut.entries.count), isLast: isLast && isEnd, endsInside: cut.isInside, print: print)
        }
        statistics.readBytes += cut.consumed
        statistics.entries += cut.entries.count
        let time = file.mark.delivery?.time ?? 0
        return Part(writes: documents(bytes, cut.entries, source, file.mark.path, at: time), bytes: max(1, cut.consumed))
    }

    private func documents(
        _ bytes: [UInt8], _ entries: [Range<Int>], _ source: FileSource, _ path: String, at time: Int64
    ) -> [LogStreamWrite] {
        if entries.isEmpty { return [] }
        var builder = LogDocuments(names: source.fields ?? limits.fields, stream: source.labels(of: path), now: time)
        for entry in entries {
            let line = bytes.span.extracting(entry)
            do throws(WireError) {
                if source.isJSON { _ = try builder.add(line) } else { try builder.addLine(line) }
            } catch {
                statistics.unparsed += 1
                // It has a label: that it could not be added was for what it is.
                try? builder.addLine(line)
            }
        }
        return builder.writes
    }
}
