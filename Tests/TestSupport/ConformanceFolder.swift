import Foundation

/// Where the conformance suites of other projects lie: `VARDE_CONFORMANCE`, else `../shared/conformance` beside the checkout.
public enum ConformanceFolder {
    /// The folder, nil where it is absent; tests that need it are then skipped visibly (`.enabled(if:)`).
    public static let url: URL? = {
        let environment = ProcessInfo.processInfo.environment["VARDE_CONFORMANCE"]
        let candidate =
            environment.map { URL(fileURLWithPath: $0) }
            ?? packageRoot.deletingLastPathComponent().appendingPathComponent("shared/conformance")
        return FileManager.default.fileExists(atPath: candidate.path) ? candidate : nil
    }()

    /// The root of this checkout, from the place of this file.
    public static let packageRoot = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Whether the suites are there.
    public static var isPresent: Bool { url != nil }
}
