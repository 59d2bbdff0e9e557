import CVardeKernels

/// What this binary is: for `varde --version`, `/api/v1/status/buildinfo` and the log's first line.
package enum BuildInfo {
    /// Version of the product, by semantic versioning.
    package static let version = "0.1.0"

    /// The commit the sources stood at, with `+changes` where they had been edited; empty where git did not know.
    package static let commit: String = {
        var text = [UInt8](repeating: 0, count: 64)
        var span = text.mutableSpan
        let size = varde_build_commit(&span)
        return String(decoding: text[..<Int(size)], as: UTF8.self)
    }()

    /// `release` or `debug`.
    package static var mode: String {
        #if DEBUG
            "debug"
        #else
            "release"
        #endif
    }

    /// `0.1.0 (0123456789ab, release, x86_64)`.
    package static var summary: String {
        "\(version) (\(commit.isEmpty ? "no commit" : commit), \(mode), \(architecture))"
    }

    /// The processor family.
    package static var architecture: String {
        #if arch(x86_64)
            "x86_64"
        #elseif arch(arm64)
            "arm64"
        #else
            "unknown"
        #endif
    }
}
