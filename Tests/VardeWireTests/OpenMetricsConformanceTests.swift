import Foundation
import TestSupport
import Testing

@testable import VardeWire

/// The verdicts of the OpenMetrics test suite: which texts a strict parser accepts.
@Suite struct OpenMetricsConformanceTests {
    private struct Verdict: Decodable {
        var file: String
        var shouldParse: Bool?
    }

    @Test(.enabled(if: ConformanceFolder.isPresent)) func `Every text gets the verdict of the suite`() throws {
        let folder = try #require(ConformanceFolder.url).appendingPathComponent("openmetrics")
        var passed = 0
        var total = 0
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() {
            let test = folder.appendingPathComponent(name)
            guard let json = try? Data(contentsOf: test.appendingPathComponent("test.json")) else { continue }
            let verdict = try JSONDecoder().decode(Verdict.self, from: json)
            let text = [UInt8](try Data(contentsOf: test.appendingPathComponent(verdict.file)))
            total += 1
            var fault: ExpositionParser.Fault?
            do throws(ExpositionParser.Fault) { _ = try OpenMetricsParser.parse(text.span) } catch { fault = error }
            let isRight = (fault == nil) == (verdict.shouldParse ?? true)
            #expect(isRight, "\(name): \(fault.map(String.init(describing:)) ?? "accepted")")
            if isRight { passed += 1 }
        }
        print("openmetrics: \(passed)/\(total)")
        #expect(total > 0)
    }
}
