package import VardeModel

/// A file of recording and alerting rules, as Prometheus reads it. Times are milliseconds.
package struct RuleFile: Sendable {
    package var groups: [RuleGroup] = []

    package var ruleCount: Int { groups.reduce(0) { $0 + $1.rules.count } }
}

/// Rules evaluated one after the other.
package struct RuleGroup: Sendable {
    package var name: String
    /// 0 where the default stands.
    package var interval: Int64 = 0
    /// How far back the group looks.
    package var queryOffset: Int64 = 0
    /// Most series or alerts of a rule; 0 for no limit.
    package var limit = 0
    package var labels = Labels.empty
    package var rules: [Rule] = []
}

/// One rule.
package struct Rule: Sendable {
    package enum Kind: Sendable {
        case recording
        /// How long the condition must hold, how long the alert goes on when it ceases to, and what is told.
        case alerting(holds: Int64, keepsFiring: Int64, annotations: Labels)
    }

    package var name: String
    package var expression: String
    package var labels: Labels
    package var kind: Kind
}

/// Something wrong in a file of rules, in the words of promtool.
package struct RuleFileError: Error, Sendable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) {
        self.description = description
    }
}
