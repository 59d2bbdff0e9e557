import Foundation

/// The file system a path lies on, as the system tells it.
struct MountPoint: Sendable, Equatable {
    var device: String
    var mount: String
    var type: String
    var options: String

    /// The innermost mount a path lies under; nil where the system does not tell.
    static func of(_ path: String, table: String? = try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)) -> MountPoint? {
        let real = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        var best: MountPoint?
        for line in (table ?? "").split(separator: "\n") {
            // id parent major:minor root mount options optional* - type source superoptions
            let fields = line.split(separator: " ")
            guard fields.count > 9, let dash = fields.firstIndex(of: "-"), dash + 2 < fields.count else { continue }
            let mount = unescape(fields[4])
            guard mount == "/" || real == mount || real.hasPrefix(mount + "/") else { continue }
            // Of two mounts on one place the later covers the earlier.
            if let best, best.mount.utf8.count > mount.utf8.count { continue }
            best = MountPoint(
                device: "\(unescape(fields[dash + 2])) (\(fields[2]))", mount: mount, type: String(fields[dash + 1]),
                options: String(fields[5]))
        }
        return best
    }

    /// `\040` as a blank, and so on.
    private static func unescape(_ text: Substring) -> String {
        text.replacingOccurrences(of: "\\040", with: " ").replacingOccurrences(of: "\\011", with: "\t")
            .replacingOccurrences(of: "\\134", with: "\\")
    }
}
