import Testing
import VardeModel
import VardeWire

/// A host's page as it goes to the scraper.
enum HostPageText {
    /// The value of each series, which stand once.
    static func samples(_ bytes: [UInt8]) throws -> [String: Double] {
        var found: [String: Double] = [:]
        var parser = ExpositionParser()
        while let line = try parser.next(bytes.span) {
            guard case .sample(let sample) = line else { continue }
            let series = try parser.labels(of: sample, bytes.span).description
            #expect(found[series] == nil, "\(series) is given twice")
            found[series] = sample.value
        }
        return found
    }
}
