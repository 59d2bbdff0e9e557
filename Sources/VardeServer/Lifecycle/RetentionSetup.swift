import VardeLogs
import VardeModel
import VardeQuery

/// Retention policies of the configuration as the log store takes them.
enum RetentionSetup {
    static func policies(_ configuration: Configuration) throws -> [LogRetentionPolicy] {
        try configuration.retention.logs.map { policy in
            do throws(QueryError) {
                return LogRetentionPolicy(
                    matchers: try PromQLEngine.matchers(ofSelector: policy.selector), duration: policy.time * 1_000_000)
            } catch {
                throw ConfigurationError(
                    file: configuration.file ?? "",
                    message: "retention.logs: the selector \(policy.selector) cannot be read: \(error.message)")
            }
        }
    }
}
