import Foundation
import TestSupport
import Testing

/// The architecture, kept true by reading the sources.
@Suite struct HouseTests {
    static let root = ConformanceFolder.packageRoot

    static let sources: [SourceFile] = {
        let folder = root.appendingPathComponent("Sources").resolvingSymlinksInPath()
        let walk = FileManager.default.enumerator(atPath: folder.path)
        var files: [SourceFile] = []
        while let name = walk?.nextObject() as? String {
            guard name.hasSuffix(".swift"), let text = try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8) else {
                continue
            }
            files.append(SourceFile(path: "Sources/" + name, text: text))
        }
        return files
    }()

    @Test func `the walk finds the sources`() {
        #expect(Self.sources.count > 20)
        #expect(Self.sources.contains { $0.path == "Sources/VardeModel/Labels.swift" })
    }

    @Test func `a module imports only modules above it`() throws {
        #expect(HouseRules.importsPointUp(Self.sources) == [])
        let manifest = try String(contentsOf: Self.root.appendingPathComponent("Package.swift"), encoding: .utf8)
        #expect(HouseRules.manifestPointsUp(manifest) == [])
    }

    @Test func `pointers stay in VardeKernels`() {
        #expect(HouseRules.pointersStayInKernels(Self.sources) == [])
    }

    @Test func `outbound connections stay in VardeEgress`() {
        #expect(HouseRules.outboundStaysInEgress(Self.sources) == [])
    }

    @Test func `file names are unique`() {
        #expect(HouseRules.baseNamesAreUnique(Self.sources.filter { !$0.path.hasSuffix("module.modulemap") }) == [])
    }
}

/// The rules themselves: each finds what it forbids and lets the rest be.
@Suite struct HouseRulesTests {
    private func file(_ path: String, _ text: String) -> SourceFile { SourceFile(path: path, text: text) }

    @Test func `an import that points down is found, with attributes and access levels`() {
        let text = "@testable package import VardeServer\nimport struct VardeQuery.Thing\nimport VardeModel"
        #expect(HouseRules.importsPointUp([file("Sources/VardeDisk/A.swift", text)]).count == 2)
    }

    @Test func `a module may not import itself's users in the manifest`() {
        #expect(
            HouseRules.manifestPointsUp(#".target(name: "VardeDisk", dependencies: ["VardeModel", "VardeLogs"], swiftSettings: house)"#)
                .count == 1)
        #expect(HouseRules.manifestPointsUp(#".target(name: "VardeLogs", dependencies: ["VardeDisk"], swiftSettings: house)"#).isEmpty)
    }

    @Test func `pointers are found outside the kernels only`() {
        let text = "let a: UnsafeRawBufferPointer\nx.withUnsafeBytes { }\nunsafe y()"
        #expect(HouseRules.pointersStayInKernels([file("Sources/VardeWire/A.swift", text)]).count == 3)
        #expect(HouseRules.pointersStayInKernels([file("Sources/VardeKernels/A.swift", text)]).isEmpty)
    }

    @Test func `comments and strings are not code`() {
        let text = "// unsafe\n/* withUnsafeBytes */ let a = \"UnsafePointer \\\" unsafe\"\nlet b = \"\"\"\nunsafe\n\"\"\"\nlet c = 1"
        #expect(HouseRules.pointersStayInKernels([file("Sources/VardeWire/A.swift", text)]).isEmpty)
    }

    @Test func `outbound networking is found outside egress`() {
        #expect(HouseRules.outboundStaysInEgress([file("Sources/VardeCollect/A.swift", "import AsyncHTTPClient")]).count == 1)
        #expect(HouseRules.outboundStaysInEgress([file("Sources/VardeEgress/A.swift", "import AsyncHTTPClient")]).isEmpty)
    }

    @Test func `two files of one name are found`() {
        #expect(HouseRules.baseNamesAreUnique([file("Sources/VardeWire/A.swift", ""), file("Sources/VardeDisk/A.swift", "")]).count == 1)
    }
}
