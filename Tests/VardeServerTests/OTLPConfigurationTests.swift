import Testing
import VardeWire

@testable import VardeServer

@Suite struct OTLPConfigurationTests {
    @Test(arguments: [
        "translation_strategy: NoUTF8EscapingWithSuffixes", "translation_strategy: UnderscoreEscapingWithoutSuffixes",
        "promote_resource_attributes: [a.b, c]", "promote_all_resource_attributes: true, ignore_resource_attributes: [x]",
        "keep_identifying_resource_attributes: true, convert_histograms_to_nhcb: true, promote_scope_metadata: true",
        "label_name_underscore_sanitization: false, label_name_preserve_multiple_underscores: false",
    ])
    func `Good options are read`(_ options: String) throws {
        _ = try Configuration(parsing: "otlp: {\(options)}\n", file: "p.yml")
    }

    @Test(arguments: [
        ("translation_strategy: Odd", 30), ("promote_resource_attributes: [a, a]", 41), ("promote_resource_attributes: ['']", 38),
        ("promote_all_resource_attributes: true, promote_resource_attributes: [a]", 76), ("ignore_resource_attributes: [a]", 36),
        ("odd: 1", 8),
    ])
    func `Bad ones are refused where they stand`(_ options: String, _ column: Int) {
        let error = #expect(throws: ConfigurationError.self) {
            _ = try Configuration(parsing: "otlp: {\(options)}\n", file: "p.yml")
        }
        #expect(error?.line == 1)
        #expect(error?.column == column, "\(error?.description ?? "")")
    }

    @Test func `Names kept as they are need names of any kind to be allowed`() {
        #expect(throws: ConfigurationError.self) {
            try Configuration(
                parsing: "global: {metric_name_validation_scheme: legacy}\notlp: {translation_strategy: NoTranslation}\n", file: "p.yml")
        }
    }
}
