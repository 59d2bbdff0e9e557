import Foundation
import TestSupport
import Testing
import VardeModel

@testable import VardeQuery

@Suite(.enabled(if: ConformanceFolder.isPresent, "conformance folder absent")) struct LogQLConformanceTests {
    private static let files: [String] = {
        guard let folder = ConformanceFolder.url?.appendingPathComponent("logql") else { return [] }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasSuffix(".logqltest") }.sorted()
    }()

    @Test(arguments: files)
    func `every evaluation of Loki's own tests comes out alike`(file: String) throws {
        let url = try #require(ConformanceFolder.url).appendingPathComponent("logql").appendingPathComponent(file)
        var runner = LogQLScriptRunner()
        try runner.run(String(contentsOf: url, encoding: .utf8))
        print("\(file): \(runner.passed)/\(runner.total)")
        for failure in runner.failures { Issue.record("\(file) \(failure)") }
    }
}
