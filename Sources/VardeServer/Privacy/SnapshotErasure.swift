import VardeCollect
import VardeDisk
import VardeLogs
import VardeMetrics
import VardePrivacy

/// Erases in the snapshots of a data directory what is erased in the directory itself.
///
/// A snapshot is opened as the data directory it is, erased from as the stores are, and gets a new list of checksums. From the first
/// change to that list it is marked by the file `ERASING` and cannot be brought back; a crash in between is taken up by the erasure.
struct SnapshotErasure: Sendable {
    private static let mark = "ERASING"

    /// `snapshots` in the data directory.
    let directory: String
    let room: StorageRoom
    /// How stores are opened.
    let options: @Sendable () throws -> (metrics: MetricStoreOptions, logs: LogStoreOptions)
    /// Milliseconds since the epoch.
    let clock: @Sendable () -> Int64
    let pace: @Sendable () -> Void

    private var device: any FileSystem { room.files.device }

    private func names() throws -> [String] {
        device.exists(directory) ? try device.list(directory).sorted() : []
    }

    private func isFinished(_ path: String) -> Bool { device.exists(path + "/" + DataBackup.manifest) }
    private func isMarked(_ path: String) -> Bool { device.exists(path + "/" + Self.mark) }

    /// Removes what a crash left of snapshots being made. For the start, when none is.
    func removeUnfinished() throws {
        for name in try names() where !isFinished(directory + "/" + name) && !isMarked(directory + "/" + name) {
            for path in try device.walk(directory + "/" + name) { try device.remove(path) }
        }
    }

    /// Erases in all of them; their names. Blocks.
    ///
    /// - Throws: where one is just being made, and what the stores throw: it is to be tried again.
    func erase(_ request: ErasureRequest) throws -> [String] {
        var done: [String] = []
        for name in try names() {
            let path = directory + "/" + name
            if !isFinished(path), !isMarked(path) {
                if (try? device.walk(path))?.isEmpty ?? true { continue }
                throw DiskError(damaged: path, "the snapshot is being made: the erasure waits for it")
            }
            if !isMarked(path) { try device.writeAtomically([UInt8]().span, to: path + "/" + Self.mark) }
            if isFinished(path) {
                try device.remove(path + "/" + DataBackup.manifest)
                try device.syncDirectory(path)
            }
            try erase(request, inSnapshot: path)
            try DataBackup.finishAgain(path, fileSystem: device, leavingOut: Self.mark)
            try device.remove(path + "/" + Self.mark)
            try device.syncDirectory(path)
            done.append(name)
        }
        return done
    }

    private func erase(_ request: ErasureRequest, inSnapshot path: String) throws {
        let files = SealedFileSystem(device, keys: room.keys, seals: room.seals, root: path)
        let (catalog, _) = try Catalog.openSettingAsideDamaged(path: path + "/catalog.sqlite", fileSystem: files, texts: room.texts)
        let options = try options()
        let stores = ErasedStores(
            metrics: try MetricStore.open(
                directory: path + "/metrics", fileSystem: files, catalog: catalog, options: options.metrics, clock: clock),
            logs: try LogStore.open(directory: path + "/logs", fileSystem: files, catalog: catalog, options: options.logs),
            exemplars: try ExemplarStore.open(directory: path + "/exemplars", fileSystem: files, catalog: catalog),
            pushed: try PushedGroups.open(directory: path + "/pushed", fileSystem: files, catalog: catalog).groups)
        let ground = StoreErasureGround(
            stores: stores, holds: LegalHolds(catalog: catalog, configured: { [] }, clock: clock), note: { _, _, _ in },
            copies: { _ in [] }, pace: pace)
        var copy = request
        try ground.deleteSeries(&copy) { _ in }
        try ground.rewriteLogs(&copy) { _ in }
        try ground.verify(&copy) { _ in }
        try ground.forget(copy)
        // The request itself, with its words, may have been in the copy.
        try catalog.remove(Catalog.Job(kind: ErasureSaga.kind, name: request.id, step: "", payload: ""))
        try catalog.forgetRemoved()
        try stores.exemplars.close()
        try stores.logs.close()
        try stores.metrics.close()
    }
}
