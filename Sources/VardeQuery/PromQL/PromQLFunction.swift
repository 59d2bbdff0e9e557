/// The signature of a PromQL function.
package struct PromQLFunction: Sendable, Equatable {
    package var name: String
    package var arguments: [PromQLValueType]
    /// 0 for exactly `arguments`; n > 0 for the last n of them optional or repeated up to n times; -1 for the last one any number of times.
    package var variadic: Int
    package var returns: PromQLValueType
    package var isExperimental: Bool
}

extension PromQLFunction {
    /// All functions of Prometheus 3.14, by name.
    package static let all: [String: PromQLFunction] = {
        var all: [String: PromQLFunction] = [:]
        func add(
            _ names: String, _ arguments: [PromQLValueType], variadic: Int = 0, returns: PromQLValueType = .vector,
            experimental: Bool = false
        ) {
            for name in names.split(separator: " ").map(String.init) {
                all[name] = PromQLFunction(
                    name: name, arguments: arguments, variadic: variadic, returns: returns, isExperimental: experimental)
            }
        }
        add("pi time", [], returns: .scalar)
        add("absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta", [.matrix])
        add("increase irate last_over_time max_over_time min_over_time present_over_time rate resets", [.matrix])
        add("stddev_over_time stdvar_over_time sum_over_time", [.matrix])
        add("predict_linear", [.matrix, .scalar])
        add("vector", [.scalar])
        add("quantile_over_time", [.scalar, .matrix])
        add("histogram_fraction", [.scalar, .scalar, .vector])
        add("histogram_quantile", [.scalar, .vector])
        add("abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor histogram_avg", [.vector])
        add("histogram_count histogram_stddev histogram_stdvar histogram_sum ln log10 log2 rad sgn sin", [.vector])
        add("sinh sort sort_desc sqrt tan tanh timestamp", [.vector])
        add("scalar", [.vector], returns: .scalar)
        add("day_of_month day_of_week day_of_year days_in_month hour minute month year", [.vector], variadic: 1)
        add("clamp_max clamp_min", [.vector, .scalar])
        add("round", [.vector, .scalar], variadic: 1)
        add("clamp", [.vector, .scalar, .scalar])
        add("label_join", [.vector, .string, .string, .string], variadic: -1)
        add("label_replace", [.vector, .string, .string, .string, .string])
        add("end range start step", [], returns: .scalar, experimental: true)
        add("mad_over_time ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time", [.matrix], experimental: true)
        add("ts_of_min_over_time", [.matrix], experimental: true)
        add("double_exponential_smoothing", [.matrix, .scalar, .scalar], experimental: true)
        add("max_of min_of", [.scalar, .scalar], returns: .scalar, experimental: true)
        add("start_timestamp", [.vector], experimental: true)
        add("sort_by_label sort_by_label_desc", [.vector, .string], variadic: -1, experimental: true)
        add("histogram_quantiles", [.vector, .string, .scalar, .scalar], variadic: 9, experimental: true)
        add("info", [.vector, .vector], variadic: 1, experimental: true)
        return all
    }()

    /// Functions of our own: `logql("…")` is the vector a LogQL metric query yields.
    package static let own: [String: PromQLFunction] = [
        "logql": PromQLFunction(name: "logql", arguments: [.string], variadic: 0, returns: .vector, isExperimental: false)
    ]
}
