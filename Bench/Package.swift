// swift-tools-version: 6.2
import PackageDescription

/// Varde beside its rivals. A package of its own: users of Varde never build it.
let package = Package(
    name: "bench",
    targets: [
        .systemLibrary(name: "CSnappy", pkgConfig: "snappy", providers: [.apt(["libsnappy-dev"])]),
        .executableTarget(
            name: "side-by-side", dependencies: ["CSnappy"], path: "Sources/SideBySide", swiftSettings: [.swiftLanguageMode(.v6)]),
    ]
)
