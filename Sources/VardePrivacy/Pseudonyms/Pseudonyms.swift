internal import Crypto
internal import Synchronization
internal import VardeKernels

/// Makes tokens that stand for values: the same value has the same token within a tenant, type and key epoch, and nobody without the
/// key can tell which value it was.
package final class Pseudonyms: Sendable {
    /// Symbols of a token: base 32 (RFC 4648, small letters) of which vowels are left out, so that no token holds a piece of a name.
    static let tokenLength = 18

    /// A placeholder a raw value has in an epoch.
    package struct Token: Sendable, Hashable {
        package var type: PersonalDataType
        package var epoch: Int
        /// `<TYPE:kN:token>`.
        package var placeholder: String
    }

    /// The states of one epoch, by type; immutable.
    final class Keys: Sendable {
        let epoch: Int
        let states: [HMAC<SHA256>]

        init?(_ ring: KeyRing, _ epoch: KeyRing.Epoch, tenant: String) {
            var states: [HMAC<SHA256>] = []
            for type in PersonalDataType.allCases {
                guard let state = ring.begin(epoch, tenant: tenant, type: type.placeholder) else { return nil }
                states.append(state)
            }
            self.epoch = epoch.number
            self.states = states
        }

        /// Appends the token of a canonical value.
        func appendToken(_ type: PersonalDataType, _ canonical: ArraySlice<UInt8>, to output: inout [UInt8]) {
            var written = 0
            var round: UInt8 = 0
            while written < Pseudonyms.tokenLength {
                var state = states[Int(type.rawValue)]
                state.update(data: canonical)
                // A second round is needed about once in a hundred million times.
                if round > 0 { state.update(data: [0, round]) }
                for byte in state.finalize() where written < Pseudonyms.tokenLength {
                    let symbol = Pseudonyms.alphabet[Int(byte & 31)]
                    if symbol == 0 { continue }
                    output.append(symbol)
                    written += 1
                }
                round += 1
            }
        }
    }

    /// Base 32's alphabet; zero where a vowel was. 27 symbols are left, so a token has 85 bits.
    private static let alphabet: [UInt8] = "abcdefghijklmnopqrstuvwxyz234567".utf8.map { "aeiou".utf8.contains($0) ? 0 : $0 }

    private struct State {
        var ring: KeyRing
        var current: Keys
    }

    private let state: Mutex<State>
    /// Whose tokens these are: tokens of two tenants differ.
    package let tenant: String

    /// Tokens by a ring's current key.
    package init(_ ring: KeyRing, tenant: String = "") {
        self.tenant = tenant
        guard let keys = Keys(ring, ring.current, tenant: tenant) else { fatalError("the current epoch of a key ring has a key") }
        state = Mutex(State(ring: ring, current: keys))
    }

    /// The keys in use.
    func current() -> Keys { state.withLock { $0.current } }

    /// The ring in use.
    package var ring: KeyRing { state.withLock { $0.ring } }

    /// Puts another ring in use, after a rotation or a destruction.
    package func replace(_ ring: KeyRing) {
        guard let keys = Keys(ring, ring.current, tenant: tenant) else { return }
        state.withLock { $0 = State(ring: ring, current: keys) }
    }

    /// The placeholders a raw value has or had, over every epoch whose key exists. Where no type is given, every type the value may be
    /// of is answered.
    package func tokens(for value: String, type: PersonalDataType? = nil, policy: RedactionPolicy = RedactionPolicy()) -> [Token] {
        let forms = CanonicalForms.of(value, policy: policy).filter { type == nil || $0.type == type }
        let ring = self.ring
        var result: [Token] = []
        for epoch in ring.epochs {
            guard let keys = Keys(ring, epoch, tenant: tenant) else { continue }
            for form in forms {
                var bytes = Array("<\(form.type.placeholder):k\(epoch.number):".utf8)
                keys.appendToken(form.type, form.bytes[...], to: &bytes)
                bytes.append(0x3E)
                result.append(Token(type: form.type, epoch: epoch.number, placeholder: String(decoding: bytes, as: UTF8.self)))
            }
            if type == nil || type == .own { result += Self.ownTokens(value, keys, policy) }
        }
        return result
    }
}

extension Pseudonyms {
    /// The placeholders of a value under the operator's own detectors, whichever of them it would be found by.
    private static func ownTokens(_ value: String, _ keys: Keys, _ policy: RedactionPolicy) -> [Token] {
        policy.ownDetectors.filter { $0.action == .pseudonymise }.map { detector in
            let canonical = OwnDetector.canonical(detector.name, Array(value.utf8)[...])
            var bytes = Array("<\(detector.name):k\(keys.epoch):".utf8)
            keys.appendToken(.own, canonical[...], to: &bytes)
            bytes.append(0x3E)
            return Token(type: .own, epoch: keys.epoch, placeholder: String(decoding: bytes, as: UTF8.self))
        }
    }
}

/// What a raw value may be, in the forms tokens are made from.
enum CanonicalForms {
    struct Form: Hashable {
        var type: PersonalDataType
        var bytes: [UInt8]
    }

    /// Words put before a value so that the judges consider every type.
    private static let contexts = [
        "", "fnr=", "konto=", "tlf=", "cpr=", "kennitala=", "kid=", "duf=", "passnr=", "regnr=", "førerkort=", "epost=", "hetu=",
        "personnummerse=", "navn=\"", "user=\"", "adresse=\"", "fødselsdato=",
    ]

    static func of(_ value: String, policy: RedactionPolicy) -> [Form] {
        var policy = policy
        policy.keepsPrivateAddresses = false
        policy.actions[.orgnr] = .mask
        var judge = LineJudge(vocabulary: Vocabulary(extra: policy.extraKeys), policy: policy)
        var forms: [Form] = []
        let raw = Array(value.utf8)
        for context in contexts {
            var text = Array(context.utf8)
            let start = text.count
            text += raw
            let end = text.count
            if context.hasSuffix("\"") { text.append(0x22) }
            judge.begin()
            guard judge.judge(text.span, origins: []) != nil else { continue }
            for finding in judge.findings.elements
            where finding.start <= start && finding.end >= end || finding.start == start && finding.end == end {
                let form = Form(type: finding.type, bytes: Array(judge.canonical.elements[finding.canonical]))
                if !forms.contains(form) { forms.append(form) }
            }
        }
        return forms
    }
}

/// Tokens made lately, so that a value seen again costs a look-up. In memory only, bounded.
struct TokenCache {
    private static let sets = 4_096
    /// Places a value may be at: with one alone, values seen in turn drive each other out.
    private static let ways = 4
    private var keys = [KeyedHash.Value](repeating: KeyedHash.Value(low: 0, high: 0), count: sets * ways)
    private(set) var tokens = [UInt8](repeating: 0, count: sets * ways * Pseudonyms.tokenLength)
    /// Which place of a set is written next.
    private var next = [UInt8](repeating: 0, count: sets)
    private let hash = KeyedHash()
    private var owner: Pseudonyms.Keys?

    /// Where in `tokens` that of a canonical value lies, which is put there where it is not.
    mutating func token(_ keys: Pseudonyms.Keys, _ type: PersonalDataType, _ canonical: [UInt8], _ range: Range<Int>) -> Range<Int> {
        if keys !== owner {
            for i in self.keys.indices { self.keys[i] = KeyedHash.Value(low: 0, high: 0) }
            owner = keys
        }
        var key = hash(canonical.span.extracting(range))
        key.high ^= (UInt64(type.rawValue) + 1) &* 0x9E37_79B9_7F4A_7C15
        let set = Int(truncatingIfNeeded: key.low) & (Self.sets - 1)
        let first = set * Self.ways
        for place in first..<(first + Self.ways) where self.keys[place] == key {
            let base = place * Pseudonyms.tokenLength
            return base..<base + Pseudonyms.tokenLength
        }
        var token: [UInt8] = []
        keys.appendToken(type, canonical[range], to: &token)
        let place = first + Int(next[set])
        next[set] = UInt8((Int(next[set]) + 1) % Self.ways)
        self.keys[place] = key
        let base = place * Pseudonyms.tokenLength
        for i in 0..<Pseudonyms.tokenLength { tokens[base + i] = token[i] }
        return base..<base + Pseudonyms.tokenLength
    }
}
