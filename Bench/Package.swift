// swift-tools-version: 6.2
import PackageDescription

/// Varde beside its rivals. A package of its own: users of Varde never build it.
let package = Package(
    name: "bench",
    targets: [
        .systemLibrary(name: "CSnappy", pkgConfig: "snappy", providers: [.apt(["libsnappy-dev"])]),
        .systemLibrary(name: "CEpoll"),
        .executableTarget(
            name: "side-by-side", dependencies: ["CSnappy", "CEpoll"], path: "Sources/SideBySide", swiftSettings: [.swiftLanguageMode(.v6)]),
    ]
)
