import Synchronization
package import VardeDisk
import VardeKernels
package import VardeModel
import VardeWire

/// Groups of metrics that short-lived jobs pushed, as Prometheus' Pushgateway keeps them: one for each set of grouping labels, until it
/// is deleted. Each is a file of its own, written before the push is answered. Labels come redacted: nothing else may reach the disk.
package final class PushedGroups: Sendable {
    /// Groups kept at once, families of a group, and samples of a group.
    package static let maxGroups = 10_000
    package static let maxSamples = 100_000

    /// Why a push is not taken.
    package struct Refusal: Error, Sendable {
        package var message: String
    }

    private let groups: Mutex<[Labels: PushedGroup]>
    private let directory: String
    private let fileSystem: any FileSystem
    /// Knows which files there are.
    private let catalog: Catalog
    /// One push at a time touches the disk, so that files and memory agree.
    private let writing = Mutex(())

    private init(_ groups: [Labels: PushedGroup], directory: String, fileSystem: any FileSystem, catalog: Catalog) {
        self.groups = Mutex(groups)
        self.catalog = catalog
        self.directory = directory
        self.fileSystem = fileSystem
    }

    /// Reads the groups of a directory, made where it is absent; `damage` names files that cannot be read, which are left as they are.
    package static func open(
        directory: String, fileSystem: any FileSystem, catalog: Catalog
    ) throws -> (groups: PushedGroups, damage: [String]) {
        try fileSystem.makeDirectories(directory)
        try fileSystem.removeTemporaries(in: directory)
        var found: [Labels: PushedGroup] = [:]
        var damage: [String] = []
        for name in try fileSystem.list(directory) where name.hasSuffix(PushedGroupFile.suffix) {
            let path = directory + "/" + name
            do {
                let group = try PushedGroupFile.decode(try fileSystem.read(path), path: path)
                found[group.labels] = group
            } catch {
                damage.append("\(error)")
            }
        }
        try catalog.expect(found.keys.map(expected).sorted())
        return (PushedGroups(found, directory: directory, fileSystem: fileSystem, catalog: catalog), damage)
    }

    /// Every text of a group's file: for `varde check data --dump`.
    ///
    /// - Throws: `DiskError` where the file is not what was written.
    package static func dump(path: String, fileSystem: any FileSystem, _ print: (String) -> Void) throws {
        let group = try PushedGroupFile.decode(try fileSystem.read(path), path: path)
        print("group \(group.labels)")
        for family in group.families {
            print("family \(family.name) \(family.type) \(family.help)")
            for sample in family.samples { print("\(sample.labels) \(sample.value)") }
        }
    }

    /// A group's file as the catalog names it.
    private static func expected(_ labels: Labels) -> String { "pushed/" + PushedGroupFile.name(of: labels) }

    /// Whether a path is that of a group's file.
    package static func isFile(_ path: String) -> Bool { path.hasSuffix(PushedGroupFile.suffix) }

    package var isEmpty: Bool { groups.withLock { $0.isEmpty } }
    package var count: Int { groups.withLock { $0.count } }

    /// Takes a push: all metrics of the group are replaced, or those with the same names only.
    ///
    /// - Parameter now: milliseconds.
    /// - Throws: `Refusal` where the metrics contradict themselves or others (the group then says when that was), `DiskError`.
    package func push(_ families: [PushedFamily], to labels: Labels, replacingAll: Bool, now: Int64) throws {
        try writing.withLock { _ in
            let before = groups.withLock { $0[labels] }
            if before == nil, count >= Self.maxGroups { throw Refusal(message: "\(Self.maxGroups) groups are kept already: delete some") }
            var group = before ?? PushedGroup(labels: labels)
            if let complaint = complaint(families, labels) {
                group.failureTime = now
                if before != nil || count < Self.maxGroups { try keep(group) }
                throw Refusal(message: complaint)
            }
            if replacingAll {
                group.families = families
            } else {
                let names = Set(families.map(\.name))
                group.families = group.families.filter { !names.contains($0.name) } + families
            }
            group.families.sort { $0.name.utf8Precedes($1.name) }
            let samples = group.families.reduce(0) { $0 + $1.samples.count }
            if samples > Self.maxSamples { throw Refusal(message: "\(samples) samples in one group, more than \(Self.maxSamples)") }
            group.pushTime = now
            try keep(group)
        }
    }

    /// Forgets a group; nothing happens where there is none.
    package func delete(_ labels: Labels) throws {
        try writing.withLock { _ in
            // Also where the file is gone and the group unknown: then it is not missed any more.
            try catalog.expectNoMore(Self.expected(labels))
            guard groups.withLock({ $0[labels] }) != nil else { return }
            let path = directory + "/" + PushedGroupFile.name(of: labels)
            // Gone already where an attempt before removed it and failed to sync.
            if fileSystem.exists(path) { try fileSystem.remove(path) }
            try fileSystem.syncDirectory(directory)
            groups.withLock { $0[labels] = nil }
        }
    }

    /// Forgets samples, and groups of which the labels themselves pass the test or no sample is left; how many samples there were.
    package func remove(where test: (Labels) -> Bool) throws -> Int {
        var removed = 0
        for (labels, group) in groups.withLock({ $0 }) {
            if test(labels) {
                removed += group.families.reduce(0) { $0 + $1.samples.count }
                try delete(labels)
                continue
            }
            var left = group
            for index in left.families.indices { left.families[index].samples.removeAll { test($0.labels) } }
            let count = group.families.reduce(0) { $0 + $1.samples.count } - left.families.reduce(0) { $0 + $1.samples.count }
            if count == 0 { continue }
            left.families.removeAll { $0.samples.isEmpty }
            removed += count
            if left.families.isEmpty {
                try delete(labels)
            } else {
                try writing.withLock { [left] _ in try keep(left) }
            }
        }
        return removed
    }

    private func keep(_ group: PushedGroup) throws {
        try fileSystem.writeAtomically(PushedGroupFile.encode(group).span, to: directory + "/" + PushedGroupFile.name(of: group.labels))
        if groups.withLock({ $0[group.labels] }) == nil { try catalog.expect([Self.expected(group.labels)]) }
        groups.withLock { $0[group.labels] = group }
    }

    /// What the families contradict: each other, or the type another group gives a name.
    private func complaint(_ families: [PushedFamily], _ labels: Labels) -> String? {
        var seen: Set<Labels> = []
        for family in families {
            for sample in family.samples {
                if sample.labels.name == "push_time_seconds" || sample.labels.name == "push_failure_time_seconds" {
                    return "\(sample.labels.name) is written by the server, it cannot be pushed"
                }
                if !seen.insert(sample.labels).inserted { return "\(sample.labels) is given twice" }
            }
        }
        let types = Dictionary(families.map { ($0.name, $0.type) }) { first, _ in first }
        return groups.withLock { groups in
            for group in groups.values where group.labels != labels {
                for family in group.families {
                    if let type = types[family.name], type != family.type {
                        return "\(family.name) is a \(type) here and a \(family.type) in the group \(group.labels)"
                    }
                }
            }
            return nil
        }
    }

    /// All groups as a page in the text format, families together.
    package func page() -> [UInt8] {
        let all = groups.withLock { $0.values.sorted { $0.labels < $1.labels } }
        var page = HostPage()
        var families: [String: (PushedFamily, [PushedSample])] = [:]
        for group in all {
            for family in group.families { families[family.name, default: (family, [])].1 += family.samples }
        }
        for (name, entry) in families.sorted(by: { $0.key.utf8Precedes($1.key) }) {
            page.family(name, entry.0.type, entry.0.help)
            for sample in entry.1 { page.sample(sample.labels.name, sample.labels.pairs, sample.value) }
        }
        if all.isEmpty { return page.bytes }
        page.family("push_time_seconds", "gauge", "Last Unix time when changing this group succeeded.")
        for group in all {
            page.sample("push_time_seconds", group.labels.pairs, Double(group.pushTime) / 1000)
        }
        page.family("push_failure_time_seconds", "gauge", "Last Unix time when changing this group failed.")
        for group in all {
            page.sample("push_failure_time_seconds", group.labels.pairs, Double(group.failureTime) / 1000)
        }
        return page.bytes
    }
}

/// What was pushed under one set of grouping labels. Times in milliseconds, 0 for never.
package struct PushedGroup: Sendable, Equatable {
    package var labels: Labels
    package var families: [PushedFamily] = []
    package var pushTime: Int64 = 0
    package var failureTime: Int64 = 0

    package init(labels: Labels) { self.labels = labels }
}

package struct PushedFamily: Sendable, Equatable {
    package var name: String
    package var type: String
    package var help: String
    package var samples: [PushedSample]

    package init(name: String, type: String, help: String, samples: [PushedSample]) {
        self.name = name
        self.type = type
        self.help = help
        self.samples = samples
    }
}

package struct PushedSample: Sendable, Equatable {
    /// With the metric's name and the group's labels.
    package var labels: Labels
    package var value: Double

    package init(labels: Labels, value: Double) {
        self.labels = labels
        self.value = value
    }

    package static func == (a: PushedSample, b: PushedSample) -> Bool {
        a.labels == b.labels && a.value.bitPattern == b.value.bitPattern
    }
}

extension Labels {
    /// All but the metric's name.
    fileprivate var pairs: [(String, String)] { filter { $0.name != Labels.metricName }.map { ($0.name, $0.value) } }
}
