internal import VardeModel

/// `unwrap`: a number from a label, and what must hold of the line behind it.
struct UnwrapStage: Sendable {
    let label: String
    private let conversion: LogQLUnwrap.Conversion
    private let filters: [CompiledLabelFilter]

    init(_ unwrap: LogQLUnwrap, resolvePII: (@Sendable (String) -> [String])?) throws(QueryError) {
        label = unwrap.label
        conversion = unwrap.conversion
        var compiled: [CompiledLabelFilter] = []
        for filter in unwrap.filters {
            do { compiled.append(try CompiledLabelFilter(filter, resolvePII: resolvePII)) } catch {
                throw .badData("parse error : \(error.message)")
            }
        }
        filters = compiled
    }

    func collectNames(into names: inout [String]) {
        names.append(label)
        for filter in filters { filter.collectNames(into: &names) }
    }

    /// The value of a line; nil where the label is absent or a filter does not let the line through. A label that is no number is an error.
    func value(_ labels: inout LineLabels) -> Double? {
        guard let text = labels.find(label)?.value else { return nil }
        var value = 0.0
        switch convert(text) {
        case .success(let number): value = number
        case .failure(let error): labels.setError("SampleExtractionErr", error.message)
        }
        for filter in filters where !filter.passes(&labels) { return nil }
        return value
    }

    private func convert(_ text: String) -> Result<Double, LogQLValueError> {
        switch conversion {
        case .none:
            guard let number = LogQLUnits.goFloat(text) else {
                return .failure(LogQLValueError("strconv.ParseFloat: parsing \(text.quoted): invalid syntax"))
            }
            return .success(number)
        case .bytes: return LogQLUnits.byteSize(Array(text.utf8)).map { Double($0) }
        case .duration, .durationSeconds: return LogQLUnits.goDuration(Array(text.utf8)).map { Double($0) / 1e9 }
        }
    }
}
