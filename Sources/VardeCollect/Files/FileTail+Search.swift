import VardeDisk
import VardeKernels

extension FileTail {
    /// Looks for files that are new, have another path or none, and lets go of those that are done with.
    func search(now: Int64) {
        nextSearch = now + Self.searchInterval
        var seen: Set<InputFile.Identity> = []
        for (index, source) in sources.enumerated() {
            let isNew = !known.contains(source.name)
            for pattern in source.paths {
                for path in PathPattern.paths(pattern) where !source.exclude.contains(where: { PathPattern.matches($0, path) }) {
                    guard let status = try? InputFile.status(of: path), status.isRegular, seen.insert(status.identity).inserted else {
                        continue
                    }
                    meet(path, status, source: index, isNew: isNew, now: now)
                }
            }
        }
        for source in sources { known.insert(source.name) }
        for identity in order where !seen.contains(identity) && files[identity]?.place != nil {
            lose(identity, seen: seen, now: now)
            count(event: "renamed")
        }
        recover(seen: seen, now: now)
        release(now: now)
    }

    /// A path that leads to a file.
    private func meet(_ path: String, _ status: InputFile.Status, source: Int, isNew: Bool, now: Int64) {
        if var file = files[status.identity] {
            file.place = path
            if status.size != file.size {
                file.grownAt = now
                file.isVerified = false
            }
            file.size = status.size
            files[status.identity] = file
            return
        }
        guard files.count < limits.files else { return count(failure: "limit") }
        var file: TailedFile
        if let mark = stored.removeValue(forKey: status.identity) {
            file = TailedFile(source: source, mark: mark, place: path, size: status.size, now: now)
        } else {
            file = TailedFile(
                source: source, mark: FileMark(identity: status.identity, path: path), place: path, size: status.size, now: now)
            if isNew, sources[source].startsAtEnd {
                file.mark.offset = status.size
                isBehind = true
            } else {
                // Whether it is the copy of another is told once it has stopped growing.
                file.isHeld = true
            }
            count(event: "found")
        }
        files[status.identity] = file
        order.append(status.identity)
    }

    /// A file no path leads to any more: a closed one is looked for where rotation puts it.
    private func lose(_ identity: InputFile.Identity, seen: Set<InputFile.Identity>, now: Int64) {
        guard var file = files[identity] else { return }
        if file.input == nil {
            let place = beside(file.mark.path).first { (try? InputFile.status(of: $0))?.identity == identity }
            file.input = place.flatMap { try? InputFile($0, regularOnly: true) }
        }
        file.place = nil
        files[identity] = file
        if let status = try? file.input?.status() { adopt(after: file, status, seen: seen, now: now) }
    }

    /// Takes up files that were put in the place of another and rotated away as well before they were seen there: those beside it, of its
    /// name, that were written to later.
    private func adopt(after file: TailedFile, _ status: InputFile.Status, seen: Set<InputFile.Identity>, now: Int64) {
        for path in beside(file.mark.path) where path.hasPrefix(file.mark.path) && files.count < limits.files {
            guard let input = try? InputFile(path, regularOnly: true), let other = try? input.status(), other.modified >= status.modified,
                files[other.identity] == nil, stored[other.identity] == nil, !seen.contains(other.identity)
            else { continue }
            var head: [UInt8] = []
            guard (try? input.read(at: 0, count: 8, into: &head)) != nil else { continue }
            if Self.isCompressed(head) {
                count(failure: "compressed")
                continue
            }
            let mark = FileMark(identity: other.identity, path: file.mark.path)
            var between = TailedFile(source: file.source, mark: mark, place: nil, size: other.size, now: now)
            between.input = input
            files[other.identity] = between
            order.append(other.identity)
            count(event: "found")
        }
    }

    /// Files of an earlier run that have lost their path since: looked for beside it, once.
    private func recover(seen: Set<InputFile.Identity>, now: Int64) {
        guard !stored.isEmpty else { return }
        for (identity, mark) in stored {
            guard let source = sources.firstIndex(where: { source in source.paths.contains { PathPattern.matches($0, mark.path) } }) else {
                // Of no source that is in force: kept as long as its path leads to it.
                if (try? InputFile.status(of: mark.path))?.identity != identity { forget(identity) }
                continue
            }
            let place = beside(mark.path).first { (try? InputFile.status(of: $0))?.identity == identity }
            guard let place, let input = try? InputFile(place, regularOnly: true), let status = try? input.status() else {
                forget(identity)
                continue
            }
            stored[identity] = nil
            var file = TailedFile(source: source, mark: mark, place: nil, size: status.size, now: now)
            file.input = input
            files[identity] = file
            order.append(identity)
            count(event: "renamed")
            adopt(after: file, status, seen: seen, now: now)
        }
    }

    private func forget(_ identity: InputFile.Identity) {
        stored[identity] = nil
        isBehind = true
        count(event: "gone")
    }

    /// Paths in the folder of a file that begin with its name, as rotation makes them.
    func beside(_ path: String) -> [String] {
        let folder = fileSystem.parent(of: path)
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let stem = name.split(separator: ".").first.map(String.init) ?? name
        let names = (try? fileSystem.list(folder)) ?? []
        return names.filter { $0.hasPrefix(stem) }.sorted().map { folder + "/" + $0 }
    }

    /// Closes files that do not grow, and lets go of those that have lost their path and are read.
    private func release(now: Int64) {
        var dropped: Set<InputFile.Identity> = []
        for (identity, file) in files {
            let quiet = now - file.grownAt
            if file.place == nil {
                if file.unread == 0 && quiet > Self.lingering || file.input == nil { dropped.insert(identity) }
            } else if file.input != nil, file.unread == 0, quiet > Self.idleTime {
                files[identity]?.input = nil
            }
        }
        guard !dropped.isEmpty else { return }
        for identity in dropped { files[identity] = nil }
        order.removeAll { dropped.contains($0) }
        turn = 0
        isBehind = true
        for _ in dropped { count(event: "gone") }
    }
}
