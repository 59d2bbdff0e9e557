import VardeKernels

/// Verifies every checksum of a data directory, whoever writes there: log segments, data files, databases, and the catalog against
/// the files. Reads only, and may run beside a server: what it makes or removes meanwhile may show among the leftovers.
package struct DataDirectoryCheck {
    /// Something that is not as it was written.
    package struct Finding: Sendable, Equatable, CustomStringConvertible {
        package var path: String
        /// Byte where it begins, where that is known.
        package var offset: Int?
        package var reason: String

        package init(path: String, offset: Int?, reason: String) {
            self.path = path
            self.offset = offset
            self.reason = reason
        }

        package var description: String { offset.map { "\(path) at byte \($0): \(reason)" } ?? "\(path): \(reason)" }
    }

    /// What was read and what was found.
    package struct Report: Sendable, Equatable {
        package var files = 0
        package var bytes = 0
        package var logRecords = 0
        package var sections = 0
        /// Damage: data that was acknowledged and cannot be read.
        package var damage: [Finding] = []
        /// What a crash leaves and the next start clears away: torn ends, unfinished and unlisted files.
        package var leftovers: [Finding] = []
    }

    /// A piece of a data directory as it is on disk, checksums verified: a record of a log, or a section of a file.
    package struct Part: Sendable, Equatable {
        package var path: String
        /// `record kind N` or the section's name.
        package var name: String
    }

    private let directory: String
    private let fileSystem: any FileSystem
    /// Given every sound record and section: for `varde check data --dump`.
    private let dump: ((_ part: Part, _ bytes: Span<UInt8>) throws -> Void)?
    private let other: ((_ path: String) throws -> Void)?
    private var report = Report()
    /// Names and sizes of data files by the store whose they are.
    private var dataFiles: [String: [String: Int]] = [:]
    private var sawCatalog = false
    /// Names of files whose keys were destroyed: the catalog may have them still.
    private var destroyed: Set<String> = []

    /// Checks a directory.
    ///
    /// - Parameter other: given the paths of files of no kind this module knows; a `DiskError` it throws is damage.
    /// - Throws: `DiskError` where the directory cannot be read, or whatever `dump` throws.
    package static func run(
        directory: String, fileSystem: any FileSystem, dump: ((_ part: Part, _ bytes: Span<UInt8>) throws -> Void)? = nil,
        other: ((_ path: String) throws -> Void)? = nil
    ) throws -> Report {
        var check = DataDirectoryCheck(directory: directory, fileSystem: fileSystem, dump: dump, other: other)
        return try check.run()
    }

    private init(
        directory: String, fileSystem: any FileSystem, dump: ((_ part: Part, _ bytes: Span<UInt8>) throws -> Void)?,
        other: ((_ path: String) throws -> Void)?
    ) {
        self.directory = directory
        self.fileSystem = fileSystem
        self.dump = dump
        self.other = other
    }

    private mutating func run() throws -> Report {
        var logs: Set<String> = []
        var databases: [String] = []
        // A snapshot is a data directory of its own, checked by itself.
        for path in try fileSystem.walk(directory) where !path.hasPrefix(directory + "/" + DataBackup.snapshots + "/") {
            do {
                report.files += 1
                report.bytes += try fileSystem.size(of: path)
                if path.hasSuffix(fileSystem.temporarySuffix) {
                    report.leftovers.append(Finding(path: path, offset: nil, reason: "an unfinished file"))
                } else if LogFormat.segment(of: fileSystem.name(of: path)) != nil || path.hasSuffix("/" + LogExtent.name) {
                    logs.insert(fileSystem.parent(of: path))
                } else if SQLiteFile.isCompanion(path) {
                    continue
                } else if path.contains(fileSystem.damagedMark) {
                    report.leftovers.append(Finding(path: path, offset: nil, reason: "set aside as damaged at a start before"))
                } else if try SectionedFile.isOne(path, fileSystem: fileSystem) {
                    try checkSections(path)
                } else if try SQLiteFile.isDatabase(path, fileSystem: fileSystem.device) {
                    databases.append(path)
                } else if SQLiteFile.isNamedAsOne(path) {
                    report.damage.append(Finding(path: path, offset: 0, reason: "the file does not begin as a database does"))
                    sawCatalog = true
                } else if SectionedFileFormat.Kind.isNamedAsOne(path) {
                    report.damage.append(Finding(path: path, offset: 0, reason: "not a Varde data file, though its name says so"))
                } else {
                    // What is sealed shows what was changed once it is read.
                    try fileSystem.scan(path) { _ throws(DiskError) in }
                    try other?(path)
                }
            } catch let error as DiskError where error.isNotFound {
                // Removed by the server meanwhile.
                continue
            } catch let error as DiskError where error.isDestroyed {
                destroyed.insert(fileSystem.name(of: path))
                report.leftovers.append(Finding(path: path, offset: nil, reason: error.reason))
            } catch let error as DiskError {
                report.damage.append(Finding(path: path, offset: nil, reason: error.reason))
            }
        }
        for log in logs.sorted() { try checkLog(log) }
        for database in databases { try checkDatabase(database) }
        if !sawCatalog, !dataFiles.isEmpty || !logs.isEmpty {
            let count = dataFiles.values.reduce(0) { $0 + $1.count }
            report.damage.append(
                Finding(path: directory, offset: nil, reason: "the catalog is missing that names the \(count) data files; \(Catalog.lost)"))
        }
        return report
    }

    private mutating func checkLog(_ path: String) throws {
        var records = 0
        let (damage, last) = try WriteAheadLog.read(directory: path, fileSystem: fileSystem) { segment, kind, payload in
            records += 1
            guard let dump else { return }
            let part = Part(path: path + "/" + LogFormat.name(of: segment), name: "record kind \(kind)")
            try dump(part, payload)
        }
        report.logRecords += records
        report.damage += damage.map { Finding(path: $0.path, offset: $0.offset, reason: $0.reason) }
        if let last, last.torn {
            let name = path + "/" + LogFormat.name(of: last.segment)
            report.leftovers.append(Finding(path: name, offset: last.end, reason: "a record cut off at the end of the log"))
        }
    }

    private mutating func checkSections(_ path: String) throws {
        let file = try SectionedFile(path: path, fileSystem: fileSystem)
        guard path.hasSuffix(file.kind.suffix) else {
            throw DiskError(damaged: path, "the file's kind is not what its name says")
        }
        if file.kind.isListed { dataFiles[file.kind.store, default: [:]][fileSystem.name(of: path)] = file.size }
        for section in file.sections {
            report.sections += 1
            do {
                try file.verify(section)
                try hand(section, of: file)
            } catch let error as DiskError {
                report.damage.append(Finding(path: path, offset: section.offset, reason: error.reason))
            }
        }
    }

    /// Gives a section to whoever wants to see it.
    private func hand(_ section: SectionedFile.Section, of file: SectionedFile) throws {
        guard let dump else { return }
        let bytes = try file.read(section.name)
        try dump(Part(path: file.path, name: section.name), bytes.span)
    }

    /// Those of the files missed that are missed again: what a server merged or removed meanwhile was in the catalog for one look only,
    /// what it made since the walk is on disk by now.
    private func stillMissing(_ names: [String], of store: String, _ path: String) throws -> [String] {
        if names.isEmpty { return [] }
        let present = Set(try fileSystem.walk(directory).map(fileSystem.name(of:)))
        let named = Set(try Catalog.entries(inDatabaseAt: path)?.filter { $0.store == store }.map(\.name) ?? [])
        return names.filter { named.contains($0) && !present.contains($0) }
    }

    private mutating func checkDatabase(_ path: String) throws {
        let problems = SQLiteFile.problems(path)
        report.damage += problems.map { Finding(path: path, offset: nil, reason: $0) }
        if !problems.isEmpty { sawCatalog = true }
        guard problems.isEmpty else { return }
        let catalog: (entries: [Catalog.Entry], sealProblem: String?)?
        do {
            catalog = try Catalog.entries(inDatabaseAt: path).map { ($0, try Catalog.sealProblem(inDatabaseAt: path)) }
        } catch {
            sawCatalog = true
            return report.damage.append(Finding(path: path, offset: nil, reason: (error as? DiskError)?.reason ?? "\(error)"))
        }
        guard let (entries, sealProblem) = catalog else { return }
        if let sealProblem { report.damage.append(Finding(path: path, offset: nil, reason: sealProblem)) }
        sawCatalog = true
        for name in try Catalog.missing(inDatabaseAt: path, directory: fileSystem.parent(of: path), fileSystem: fileSystem) {
            report.damage.append(Finding(path: fileSystem.parent(of: path) + "/" + name, offset: nil, reason: Catalog.missingReason))
        }
        for store in Set(entries.map(\.store)).union(dataFiles.keys).sorted() {
            let audit = Catalog.Audit(entries.filter { $0.store == store }, files: dataFiles[store] ?? [:])
            for name in try stillMissing(audit.missing, of: store, path) where !destroyed.contains(name) {
                report.damage.append(
                    Finding(path: path, offset: nil, reason: "the \(store) file \(name) is in the catalog and not on disk"))
            }
            for name in audit.misfits {
                report.damage.append(
                    Finding(path: path, offset: nil, reason: "the \(store) file \(name) is not as long as the catalog says"))
            }
            for name in audit.orphans {
                report.leftovers.append(
                    Finding(path: path, offset: nil, reason: "the \(store) file \(name) is on disk and not in the catalog"))
            }
        }
    }
}
