import Foundation
import Logging
import Synchronization
import VardeCompression
import VardeModel
package import VardePrivacy
import VardeQuery

/// The redactor in force and the keys behind it: made from the configuration, made anew when that changes, keys changed as epochs end.
final class RedactionControl: Sendable {
    private struct State {
        var redactor: Redactor?
        /// Masks what the redactor makes pseudonyms of.
        var masking: Redactor?
        /// Masks, but for addresses of networks.
        var telling: Redactor?
        /// What values are looked for by: the detectors of all streams.
        var searched: RedactionPolicy
        var settings: PrivacySettings
        /// Seconds since 1970 at which an exception of a policy ends, nil where none is open.
        var nextExpiry: Int64?
        /// What redactors before the present one counted.
        var counts = RedactionCounts()
    }

    private let state: Mutex<State>
    private let pseudonyms: Pseudonyms?
    /// One change of the keys at a time.
    private let changingKeys = Mutex(())
    private let keyFile: String
    private let dataDirectory: String
    private let logger: Logger

    /// - Parameter now: seconds since 1970.
    init(_ configuration: Configuration, dataDirectory: String, logger: Logger, now: Int64) throws {
        let settings = configuration.privacy
        keyFile = PrivacyPlaces(dataDirectory: dataDirectory, privacy: settings).pseudonymKeys
        self.dataDirectory = dataDirectory
        self.logger = logger
        var made: Pseudonyms?
        if settings.enabled {
            if settings.keyFile == nil {
                try? FileManager.default.createDirectory(
                    atPath: (keyFile as NSString).deletingLastPathComponent, withIntermediateDirectories: true,
                    attributes: [.posixPermissions: 0o700])
            }
            let isNew = !FileManager.default.fileExists(atPath: keyFile)
            let isOldData = FileManager.default.fileExists(atPath: dataDirectory + "/catalog.sqlite")
            // Days since 1970 as the first number tell these keys from the lost ones.
            let ring = try KeyRingFile.open(
                keyFile, dataDirectory: dataDirectory, now: now, epochLength: settings.epoch / 1000,
                first: isNew && isOldData ? Int(now / 86_400) : 1)
            if isNew, isOldData {
                logger.error(
                    "the keys of the pseudonyms in this data directory are not in \(keyFile): new ones were made (epoch k\(ring.current.number)); pii() and varde subject will not find what older keys made. Bring the old file back and restart if there is one"
                )
            }
            made = Pseudonyms(ring, tenant: settings.tenant)
        } else {
            logger.warning("privacy.enabled is false: what is sent is stored as it comes, personal data included")
        }
        pseudonyms = made
        let (policies, expiry) = try Self.policies(configuration, now: now)
        state = Mutex(
            State(
                redactor: settings.enabled ? Redactor(policies: policies, pseudonyms: made) : nil, searched: policies.searched,
                settings: settings, nextExpiry: expiry))
        if settings.enabled { state.withLock { Self.mask(by: policies, &$0) } }
    }

    private static func mask(by policies: RedactionPolicies, _ state: inout State) {
        var policy = policies.standard
        state.masking = Redactor(policies: RedactionPolicies(standard: policy), pseudonyms: nil)
        policy.actions[.ip] = .keep
        state.telling = Redactor(policies: RedactionPolicies(standard: policy), pseudonyms: nil)
    }

    var redactor: Redactor? { state.withLock { $0.redactor } }

    /// Masks what is told to whoever asks, or has no place an erasure would look at: nobody can be told from another in it. nil where
    /// privacy is switched off.
    var masking: Redactor? { state.withLock { $0.masking } }

    /// As `masking`, of what is told of machines: addresses stay.
    var telling: Redactor? { state.withLock { $0.telling } }

    /// What was redacted since the start.
    var counts: RedactionCounts {
        state.withLock { state in
            var sum = state.counts
            if let redactor = state.redactor { sum.add(redactor.counts) }
            return sum
        }
    }

    /// The words a personal value may stand as in what is stored, over all epochs whose keys are kept.
    func tokens(for value: String) -> [String] {
        guard let pseudonyms else { return [] }
        return pseudonyms.tokens(for: value, policy: state.withLock { $0.searched }).map(\.placeholder)
    }

    /// The words a person's identifiers may stand as; nil where there are no pseudonyms, privacy being switched off.
    func subject(_ identifiers: [String]) -> SubjectTokens? {
        guard let pseudonyms else { return nil }
        let (policy, rules) = state.withLock { ($0.searched, $0.settings.rules) }
        var tokens = SubjectTokens(identifiers: identifiers, pseudonyms: pseudonyms, policy: policy)
        tokens.rawStreams = rules.filter { !$0.kept.isEmpty }.map(\.selector)
        return tokens
    }

    /// Puts another configuration's policies in force; the key file, the tenant and `enabled` need a restart.
    func use(_ configuration: Configuration, now: Int64) throws {
        let old = state.withLock { $0.settings }
        let new = configuration.privacy
        guard "\(old)" != "\(new)" else { return }
        if old.enabled != new.enabled || old.keyFile != new.keyFile || old.tenant != new.tenant {
            throw ConfigurationError(
                file: configuration.file ?? "",
                message: "privacy.enabled, privacy.key_file and privacy.tenant cannot change while the server runs: restart it")
        }
        try install(configuration, now: now)
    }

    private func install(_ configuration: Configuration, now: Int64) throws {
        let (policies, expiry) = try Self.policies(configuration, now: now)
        state.withLock { state in
            if let old = state.redactor {
                state.counts.add(old.counts)
                state.redactor = Redactor(policies: policies, pseudonyms: pseudonyms)
                Self.mask(by: policies, &state)
            }
            state.searched = policies.searched
            state.settings = configuration.privacy
            state.nextExpiry = expiry
        }
    }

    /// Ends exceptions whose day has come, and begins the next key epoch when it is due.
    func tick(_ configuration: Configuration, now: Int64) {
        if let expiry = state.withLock({ $0.nextExpiry }), now >= expiry {
            do {
                try install(configuration, now: now)
                logger.notice("an exception from redaction has ended")
            } catch {
                logger.error("policies could not be renewed: \(error)")
            }
        }
        do {
            let begun = try changeKeys { $0.rotateIfDue(now: now) ? $0.current.number : nil }
            if let begun { logger.info("a new epoch of pseudonym keys has begun", metadata: ["epoch": "\(begun)"]) }
        } catch {
            logger.error("the next epoch of pseudonym keys could not begin, the old one stays: \(error)")
        }
    }

    // MARK: Keys

    /// All epochs of the pseudonyms' keys, oldest first; none where privacy is switched off.
    var keyEpochs: [KeyRing.Epoch] { pseudonyms?.ring.epochs ?? [] }

    /// Begins a new epoch now; its number, nil where there are no keys.
    func rotateKeys(now: Int64) throws -> Int? {
        try changeKeys { ring in
            ring.rotate(now: now)
            return ring.current.number
        }
    }

    /// Destroys the key of an epoch, in memory and in its file; false where there is none of this number any more. Blocks.
    func destroyKey(_ epoch: Int, now: Int64) throws -> Bool {
        try changeKeys { $0.destroy(epoch: epoch, now: now) ? true : nil } ?? false
    }

    /// Puts a changed ring in force: on disk before it is used, as a token must never depend on a key that a crash takes away.
    private func changeKeys<Value>(_ change: (inout KeyRing) -> Value?) throws -> Value? {
        guard let pseudonyms else { return nil }
        return try changingKeys.withLock { _ in
            var ring = pseudonyms.ring
            guard let value = change(&ring) else { return nil }
            try KeyRingFile.write(ring, to: keyFile, dataDirectory: dataDirectory)
            pseudonyms.replace(ring)
            return value
        }
    }

    // MARK: Policies

    private static func policies(_ configuration: Configuration, now: Int64) throws -> (RedactionPolicies, nextExpiry: Int64?) {
        let settings = configuration.privacy
        let file = configuration.file ?? ""
        var standard = RedactionPolicy()
        standard.isTestProfile = settings.profile == "test"
        standard.extraKeys = settings.keyNames.map { ($0.key, KeyMeaning.configurable[$0.meaning] ?? .name) }
        let ownNames = Set(settings.detectors.map { $0.name.lowercased() })
        let own = settings.actions.filter { ownNames.contains($0.type.lowercased()) }
        standard.actions = try actions(settings.actions.filter { !ownNames.contains($0.type.lowercased()) }, file: file)
        for detector in settings.detectors {
            let given = own.first { $0.type.lowercased() == detector.name.lowercased() }
            let action = given.flatMap { RedactionAction(rawValue: $0.action) } ?? .mask
            do {
                standard.ownDetectors.append(
                    try OwnDetector(
                        name: detector.name, pattern: detector.pattern, checksum: OwnDetector.Checksum(rawValue: detector.checksum),
                        action: action))
            } catch let error as Regex.SyntaxError {
                throw ConfigurationError(
                    file: file, message: "privacy.detectors: \(detector.name): not a regular expression: \(error.reason)")
            } catch {
                throw ConfigurationError(
                    file: file, message: "privacy.detectors: “\(detector.name)” cannot name a detector: letters, digits and _ only")
            }
        }
        var overrides: [(selector: StreamSelector, policy: RedactionPolicy)] = []
        var nextExpiry: Int64?
        for rule in settings.rules {
            var policy = standard
            var given = rule.actions
            if !rule.until.isEmpty {
                guard let end = RFC3339.nanoseconds(rule.until + "T00:00:00Z").map({ $0 / 1_000_000_000 + 86_400 }) else {
                    throw ConfigurationError(file: file, message: "privacy.policies: until: “\(rule.until)” is no day such as 2027-06-30")
                }
                if now >= end {
                    given.removeAll { $0.action == RedactionAction.keep.rawValue }
                } else {
                    nextExpiry = min(nextExpiry ?? end, end)
                }
            }
            policy.ownDetectors = policy.ownDetectors.map { detector in
                let own = given.first { $0.type.uppercased().replacing("-", with: "_") == detector.name }
                return own.flatMap { RedactionAction(rawValue: $0.action) }.map(detector.acting) ?? detector
            }
            given.removeAll { ownNames.contains($0.type.lowercased()) }
            for (type, action) in try actions(given, file: file) { policy.actions[type] = action }
            let matchers: [LabelMatcher]
            do throws(QueryError) {
                matchers = try PromQLEngine.matchers(ofStreams: rule.selector)
            } catch {
                throw ConfigurationError(
                    file: file, message: "privacy.policies: the selector \(rule.selector) cannot be read: \(error.message)")
            }
            do {
                overrides.append((try StreamSelector(matchers), policy))
            } catch {
                throw ConfigurationError(file: file, message: "privacy.policies: the selector \(rule.selector): \(error.reason)")
            }
        }
        return (RedactionPolicies(standard: standard, overrides: overrides), nextExpiry)
    }

    private static func actions(_ given: [(type: String, action: String)], file: String) throws -> [PersonalDataType: RedactionAction] {
        let byName = Dictionary(uniqueKeysWithValues: PersonalDataType.allCases.map { ($0.configurationName, $0) })
        var actions: [PersonalDataType: RedactionAction] = [:]
        for (name, word) in given {
            guard let type = byName[name.lowercased()] else {
                throw ConfigurationError(
                    file: file,
                    message: "privacy: “\(name)” is no type of personal data; types are \(byName.keys.sorted().joined(separator: ", "))")
            }
            actions[type] = RedactionAction(rawValue: word)
        }
        return actions
    }
}

extension RedactionPolicies {
    /// The redactor of a configuration without keys: for `varde redact`, which shows and stores nothing.
    package static func preview(_ configuration: Configuration) throws -> Redactor {
        let control = try RedactionControl.previewPolicies(configuration)
        let now = Int64(Date().timeIntervalSince1970)
        return Redactor(policies: control, pseudonyms: Pseudonyms(KeyRing(now: now), tenant: configuration.privacy.tenant))
    }
}

extension RedactionControl {
    fileprivate static func previewPolicies(_ configuration: Configuration) throws -> RedactionPolicies {
        try policies(configuration, now: Int64(Date().timeIntervalSince1970)).0
    }

    /// Whether the configuration's policies can be read: for `varde check config`.
    static func check(_ configuration: Configuration) throws { _ = try previewPolicies(configuration) }
}
