// swift-tools-version: 6.2
import PackageDescription

/// Settings of every target of ours: language mode 6, no implicit existentials, imports stay internal unless said otherwise,
/// spans in API, C functions with bounds imported as functions over spans, and a warning wherever memory safety is not proven.
let house: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableExperimentalFeature("Lifetimes"),
    .enableExperimentalFeature("SafeInteropWrappers"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// Settings of targets that call C functions over spans: as `house`, compiled file by file in release builds, because the compiler
/// (6.3.1) crashes when it writes several objects for a module with such functions at once, and linking needs an object a file.
let houseOverC: [SwiftSetting] = house + [.unsafeFlags(["-no-whole-module-optimization"], .when(configuration: .release))]

/// Settings of test targets: as `house`, without the proof of memory safety.
let houseTests: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
]

/// The commit the sources stand at, for `varde --version`.
let commit = Context.gitInformation.map { String($0.currentCommit.prefix(12)) + ($0.hasUncommittedChanges ? "+changes" : "") } ?? ""

let package = Package(
    name: "varde",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "varde", targets: ["varde"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // System libraries, found by pkg-config.
        .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CSnappy", pkgConfig: "snappy", providers: [.apt(["libsnappy-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CRE2", pkgConfig: "re2", providers: [.apt(["libre2-dev"])]),

        // C shims: bounds are written into the declarations, so Swift sees spans and no pointer.
        .target(name: "CVardeKernels", cSettings: [.define("VARDE_COMMIT", to: "\"\(commit)\"")]),
        .target(name: "CVardeCompression", dependencies: ["CVardeKernels", "CLZ4", "CZstd", "CSnappy", "CZlib"]),
        .target(name: "CVardeRE2", dependencies: ["CVardeKernels", "CRE2"]),

        // The house, in the order data walks through it. A module imports only modules above it.
        .target(name: "VardeModel", swiftSettings: house),
        .target(name: "VardeKernels", dependencies: ["VardeModel", "CVardeKernels"], swiftSettings: houseOverC),
        .target(
            name: "VardeCompression",
            dependencies: ["VardeModel", "VardeKernels", "CVardeCompression", "CVardeRE2"],
            swiftSettings: houseOverC
        ),
        .target(
            name: "VardeDisk",
            dependencies: [
                "VardeModel", "VardeKernels", "VardeCompression",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: houseOverC
        ),
        .target(
            name: "VardeWire",
            dependencies: ["VardeModel", "VardeKernels", "VardeCompression"],
            swiftSettings: house
        ),
        .target(
            name: "VardePrivacy",
            dependencies: [
                "VardeModel", "VardeKernels", "VardeCompression", "VardeDisk", "VardeWire",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: house
        ),
        .target(
            name: "VardeMetrics",
            dependencies: ["VardeModel", "VardeKernels", "VardeCompression", "VardeDisk", "VardeWire"],
            swiftSettings: house
        ),
        .target(
            name: "VardeLogs",
            dependencies: ["VardeModel", "VardeKernels", "VardeCompression", "VardeDisk", "VardeWire"],
            swiftSettings: house
        ),
        .target(
            name: "VardeQuery",
            dependencies: ["VardeModel", "VardeKernels", "VardeCompression"],
            swiftSettings: house
        ),
        .target(
            name: "VardeEgress",
            dependencies: [
                "VardeModel", "VardeKernels",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: house
        ),
        .target(
            name: "VardeCollect",
            dependencies: [
                "VardeModel", "VardeKernels", "VardeCompression", "VardeDisk", "VardeWire", "VardeEgress",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: house
        ),
        .target(
            name: "VardeForward",
            dependencies: [
                "VardeModel", "VardeKernels", "VardeCompression", "VardeDisk", "VardeWire", "VardeMetrics", "VardeLogs", "VardeEgress",
                "VardeCollect",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: house
        ),
        .target(
            name: "VardeRules",
            dependencies: [
                "VardeModel", "VardeKernels", "VardeCompression", "VardeQuery", .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: house
        ),
        .target(
            name: "VardeServer",
            dependencies: [
                "VardeModel", "VardeKernels", "VardeCompression", "VardeDisk", "VardeWire", "VardePrivacy", "VardeMetrics",
                "VardeLogs", "VardeQuery", "VardeEgress", "VardeCollect", "VardeForward",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: house
        ),
        .executableTarget(
            name: "varde",
            dependencies: [
                "VardeModel", "VardeKernels", "VardeCompression", "VardeDisk", "VardeWire", "VardePrivacy", "VardeMetrics",
                "VardeLogs", "VardeQuery", "VardeEgress", "VardeCollect", "VardeRules", "VardeServer",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: house,
            // Every function is bound at the start: none of the first requests waits for it, and the table is read-only then.
            linkerSettings: [.unsafeFlags(["-Xlinker", "-z", "-Xlinker", "now"])]
        ),

        // Tests mirror the sources module by module.
        .target(
            name: "TestSupport", dependencies: ["VardeModel", "VardeKernels", "VardeCompression"], path: "Tests/TestSupport",
            swiftSettings: houseTests),
        .testTarget(name: "HouseTests", dependencies: ["TestSupport"], swiftSettings: houseTests),
        .testTarget(name: "VardeModelTests", dependencies: ["VardeModel", "TestSupport"], swiftSettings: houseTests),
        .testTarget(
            name: "VardeKernelsTests", dependencies: ["VardeKernels", "VardeModel", "TestSupport", "CVardeKernels"],
            swiftSettings: houseTests),
        .testTarget(
            name: "VardeCompressionTests", dependencies: ["VardeCompression", "VardeModel", "TestSupport"], swiftSettings: houseTests),
        .testTarget(
            name: "VardeDiskTests", dependencies: ["VardeDisk", "VardeKernels", "VardeCompression", "VardeModel", "TestSupport"],
            swiftSettings: houseTests),
        .testTarget(
            name: "VardeWireTests", dependencies: ["VardeWire", "VardeKernels", "VardeCompression", "VardeModel", "TestSupport"],
            swiftSettings: houseTests),
        .testTarget(
            name: "VardePrivacyTests",
            dependencies: ["VardePrivacy", "VardeWire", "VardeDisk", "VardeKernels", "VardeModel", "TestSupport"],
            swiftSettings: houseTests),
        .testTarget(
            name: "VardeMetricsTests",
            dependencies: ["VardeMetrics", "VardeDisk", "VardeKernels", "VardeCompression", "VardeModel", "TestSupport"],
            swiftSettings: houseTests),
        .testTarget(
            name: "VardeLogsTests",
            dependencies: ["VardeLogs", "VardeDisk", "VardeKernels", "VardeCompression", "VardeModel", "TestSupport"],
            swiftSettings: houseTests),
        .testTarget(
            name: "VardeQueryTests", dependencies: ["VardeQuery", "VardeKernels", "VardeCompression", "VardeModel", "TestSupport"],
            swiftSettings: houseTests),
        .testTarget(
            name: "VardeEgressTests",
            dependencies: [
                "VardeEgress", "VardeModel", "TestSupport", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: houseTests),
        .testTarget(
            name: "VardeCollectTests",
            dependencies: [
                "VardeCollect", "VardeEgress", "VardeWire", "VardeDisk", "VardeCompression", "VardeModel", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: houseTests),
        .testTarget(
            name: "VardeForwardTests",
            dependencies: [
                "VardeForward", "VardeMetrics", "VardeLogs", "VardeDisk", "VardeEgress", "VardeCollect", "VardeWire", "VardeCompression",
                "VardeModel", "TestSupport", .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: houseTests),
        .testTarget(
            name: "VardeServerTests",
            dependencies: [
                "VardeServer", "VardeModel", "VardeMetrics", "VardeLogs", "VardeQuery", "VardeCollect", "VardeDisk", "VardePrivacy",
                "VardeEgress", "VardeForward", "VardeKernels", "TestSupport",
            ],
            swiftSettings: houseTests),
        .testTarget(
            name: "EndToEnd",
            dependencies: [
                "varde", "TestSupport", "VardeModel", "VardeWire", "VardeCompression", "VardeEgress",
                .product(name: "Crypto", package: "swift-crypto"), .product(name: "Yams", package: "Yams"),
            ],
            exclude: ["peers.sh", "python.sh", "python-clients.txt", "clients.py", "exposition.py", "namespace.py"],
            swiftSettings: houseTests),
    ]
)

// Fuzzers of every decoder of bytes from disk or network: `make fuzz`. Known to the package only when asked for, as libFuzzer brings
// its own main.
if Context.environment["VARDE_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "varde-fuzz",
            dependencies: [
                "VardeModel", "VardeKernels", "VardeCompression", "VardeDisk", "VardeWire", "VardeMetrics", "VardeLogs", "VardeQuery",
            ],
            path: "Tests/Fuzz", swiftSettings: houseTests))
}

// Benchmarks of codecs and of the metrics store by itself: `make bench-micro`. They measure what is internal to the modules.
if Context.environment["VARDE_BENCH"] != nil {
    package.targets.append(.target(name: "CSanitizer", path: "Bench/Sources/CSanitizer"))
    package.targets.append(
        .executableTarget(
            name: "varde-micro",
            dependencies: [
                "CSanitizer", "VardeModel", "VardeKernels", "VardeDisk", "VardeWire", "VardePrivacy", "VardeMetrics", "VardeCollect",
            ],
            path: "Bench/Sources",
            sources: ["Micro", "SideBySide/Fleet.swift"], swiftSettings: houseTests))
}
