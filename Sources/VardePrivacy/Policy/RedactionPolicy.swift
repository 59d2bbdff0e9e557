package import VardeCompression
package import VardeModel

/// What is done with each type of personal data in a stream, and on what grounds the stream is kept.
package struct RedactionPolicy: Sendable {
    /// Actions that differ from the types' defaults.
    package var actions: [PersonalDataType: RedactionAction] = [:]
    /// Test numbers (month + 40, + 65) count everywhere, not under keys alone.
    package var isTestProfile = false
    /// Loopback, private and link-local addresses stay.
    package var keepsPrivateAddresses = true
    /// Bits of an IPv4 and IPv6 address kept where addresses are truncated.
    package var ipv4Prefix = 24
    package var ipv6Prefix = 48
    /// The operator's own detectors.
    package var ownDetectors: [OwnDetector] = []
    /// Further keys and what their values are.
    package var extraKeys: [(word: String, meaning: KeyMeaning)] = []
    /// Further user names that are nobody's.
    package var roleAccounts: [String] = []

    package init() {}

    /// Truncates addresses to /16 and /32.
    package mutating func makeStrict() {
        ipv4Prefix = 16
        ipv6Prefix = 32
    }

    /// The action for a type.
    package func action(for type: PersonalDataType) -> RedactionAction { actions[type] ?? type.defaultAction }
}

/// A detector the operator declares: a name, a pattern, perhaps a checksum over the match's digits.
package struct OwnDetector: Sendable {
    /// Checks over the digits of a match.
    package enum Checksum: String, Sendable, CaseIterable {
        case mod11, luhn, mod97
    }

    /// What placeholders say, in capitals, digits and underscores.
    package let name: String
    package let regex: Regex
    package let checksum: Checksum?
    package private(set) var action: RedactionAction

    /// The same with another action.
    package func acting(_ action: RedactionAction) -> OwnDetector {
        var other = self
        other.action = action
        return other
    }

    /// A name that is no placeholder's.
    package struct NameError: Error, Sendable, Equatable {
        package var name: String
    }

    /// Compiles a detector. The first group of the pattern, if it has one, is what is redacted; else the whole match.
    package init(name: String, pattern: String, checksum: Checksum? = nil, action: RedactionAction = .mask) throws {
        let placeholder = name.uppercased().replacing("-", with: "_")
        guard let first = placeholder.utf8.first, ByteClass.isUpper(first),
            placeholder.utf8.allSatisfy({ ByteClass.isAlnum($0) || $0 == 0x5F })
        else { throw NameError(name: name) }
        self.name = placeholder
        regex = try Regex(pattern)
        self.checksum = checksum
        self.action = action
    }

    /// What a match's pseudonym is made from.
    static func canonical(_ name: String, _ match: ArraySlice<UInt8>) -> [UInt8] { Array(name.utf8) + [0] + match }

    /// Whether a match's check digits hold.
    func holds(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard let checksum else { return true }
        var digits = Digits()
        var remainder = 0
        for i in range {
            let c = text[i]
            if ByteClass.isDigit(c) {
                digits.append(c & 15)
                remainder = (remainder * 10 + Int(c & 15)) % 97
            } else if ByteClass.isLetter(c) {
                remainder = (remainder * 100 + Int(c & 31) + 9) % 97
            }
        }
        guard digits.count <= Digits.limit else { return false }
        switch checksum {
        case .mod11: return CheckDigits.mod11(digits)
        case .luhn: return digits.count > 1 && CheckDigits.luhn(digits)
        case .mod97: return remainder == 1
        }
    }
}

/// The policies of all streams: the first whose selector a stream's labels meet, else the default.
package struct RedactionPolicies: Sendable {
    package var standard: RedactionPolicy
    package var overrides: [(selector: StreamSelector, policy: RedactionPolicy)]

    package init(standard: RedactionPolicy = RedactionPolicy(), overrides: [(selector: StreamSelector, policy: RedactionPolicy)] = []) {
        self.standard = standard
        self.overrides = overrides
    }

    /// The standard policy with every detector that makes pseudonyms in some stream making them: what a value may stand as anywhere.
    package var searched: RedactionPolicy {
        var policy = standard
        let names = Set(overrides.flatMap(\.policy.ownDetectors).filter { $0.action == .pseudonymise }.map(\.name))
        policy.ownDetectors = policy.ownDetectors.map { names.contains($0.name) ? $0.acting(.pseudonymise) : $0 }
        return policy
    }
}

/// Matchers a stream's labels meet or not, patterns compiled.
package struct StreamSelector: Sendable {
    package let matchers: [LabelMatcher]
    private let patterns: [Regex?]

    package init(_ matchers: [LabelMatcher]) throws(Regex.SyntaxError) {
        self.matchers = matchers
        var compiled: [Regex?] = []
        for matcher in matchers {
            switch matcher.operation {
            case .equal, .notEqual: compiled.append(nil)
            case .matches, .notMatches: compiled.append(try Regex(matcher.value))
            }
        }
        patterns = compiled
    }

    /// Whether labels meet every matcher; an absent label counts as empty.
    package func matches(_ labels: Labels) -> Bool {
        for (matcher, pattern) in zip(matchers, patterns) {
            let value = labels[matcher.name] ?? ""
            let isMet =
                switch matcher.operation {
                case .equal: value == matcher.value
                case .notEqual: value != matcher.value
                case .matches: pattern?.matchesWhole(value) ?? false
                case .notMatches: !(pattern?.matchesWhole(value) ?? true)
                }
            if !isMet { return false }
        }
        return true
    }
}
