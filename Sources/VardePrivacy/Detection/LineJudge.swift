internal import VardeKernels

/// A stretch of a text kept small, for lines that are nothing but such stretches.
protocol SmallStretch {
    /// Offsets of its first byte, and behind its last.
    var first: UInt32 { get set }
    var behind: UInt32 { get set }
}

extension SmallStretch {
    var start: Int {
        get { Int(first) }
        set { first = UInt32(newValue) }
    }
    var end: Int {
        get { Int(behind) }
        set { behind = UInt32(newValue) }
    }
}

/// A stretch of the line, as it came, that is personal data.
struct Finding: SmallStretch {
    var first: UInt32
    var behind: UInt32
    private var canonicalStart: UInt32
    private var canonicalEnd: UInt32
    private var detector: UInt16
    private(set) var type: PersonalDataType

    init(start: Int, end: Int, type: PersonalDataType, canonical: Range<Int>, own: Int = 0) {
        first = UInt32(start)
        behind = UInt32(end)
        self.type = type
        canonicalStart = UInt32(canonical.lowerBound)
        canonicalEnd = UInt32(canonical.upperBound)
        detector = UInt16(own)
    }

    /// Where its canonical value lies in the judge's `canonical`.
    var canonical: Range<Int> { Int(canonicalStart)..<Int(canonicalEnd) }
    /// Index of the operator's own detector, for `own`.
    var own: Int { Int(detector) }
}

/// Judges the candidates of one line, in the line as it came and in each decoded form of it.
///
/// Each judge looks at a bounded stretch of text, or at one that no other candidate will be judged in: time is linear.
struct LineJudge {
    let vocabulary: Vocabulary
    let isTestProfile: Bool
    /// Whether organisation numbers are looked for.
    let seesOrganisations: Bool
    /// Whether private and loopback addresses are kept.
    let keepsPrivateAddresses: Bool
    /// What candidates are looked for by; what is found is the same.
    var means = PersonalDataScan.Means.any

    /// What was found, in the order of candidates.
    private(set) var findings = Room<Finding>()
    /// Canonical values end to end.
    private(set) var canonical = Room<UInt8>()
    private var candidates = [UInt32](repeating: 0, count: PersonalDataScan.capacity)

    // Of the text under judgement:
    /// Where the offsets of decoded text lie in the line, empty for the line itself.
    private var origins: [UInt32] = []
    /// Keys met before, each at a place of its own.
    var knownKeys = [KnownKey](repeating: KnownKey(), count: KnownKey.count)
    /// Values of keys are judged up to here.
    var keysDoneUntil = 0
    /// Objects and lists are walked up to here.
    var leavesDoneUntil = 0
    /// In the line as it came, where the value lies that is its key's as a whole, whatever quotes it holds.
    var wholeValue = 0..<0
    /// Where values of mail keys were looked through and no @ was found: the next begins behind.
    var withoutAt = 0..<0
    /// Whether the text speaks of a nonce, once somebody wanted to know.
    var speaksOfNonce: Bool?
    /// Whether the text has what persons have, once somebody wanted to know.
    var isOfPerson: Bool?
    /// Whether the text calls a program to which `-p` hands a password, once somebody wanted to know.
    var callsDatabase: Bool?
    /// Where the pair of decimals ends that was last taken for a place.
    var placeEnd = -1
    /// Where names of a directory were looked for last, and whether there are such.
    var directory: (seen: Range<Int>, isThere: Bool) = (0..<0, false)
    /// An @ here ends the password of a URL.
    var credentialAt = -1
    /// Tokens are judged up to here.
    var tokensDoneUntil = 0
    /// Base64 after a `-----BEGIN` that did not end in this line.
    private(set) var endsInsideKey = false

    init(vocabulary: Vocabulary, policy: RedactionPolicy) {
        self.vocabulary = vocabulary
        isTestProfile = policy.isTestProfile
        seesOrganisations = policy.action(for: .orgnr) != .keep
        keepsPrivateAddresses = policy.keepsPrivateAddresses
    }

    mutating func begin() {
        findings.empty()
        canonical.empty()
        endsInsideKey = false
    }

    /// Lets go of what was found, in buffers that hold pieces of lines.
    mutating func forgetLines() {
        findings = Room()
        canonical = Room()
        for i in knownKeys.indices { knownKeys[i] = KnownKey() }
        origins = []
    }

    /// Judges one form of the line; returns whether it holds encodings, nil where it cannot be judged.
    mutating func judge(_ text: Span<UInt8>, origins: [UInt32]) -> Bool? {
        if !origins.isEmpty || !self.origins.isEmpty { self.origins = origins }
        keysDoneUntil = 0
        leavesDoneUntil = 0
        if !origins.isEmpty { wholeValue = 0..<0 }
        speaksOfNonce = nil
        isOfPerson = nil
        callsDatabase = nil
        withoutAt = 0..<0
        placeEnd = -1
        directory = (0..<0, false)
        credentialAt = -1
        tokensDoneUntil = 0
        var isEncoded = false
        candidates[0] = 0
        var from = 0
        repeat {
            let to = min(text.count, from + PersonalDataScan.windowLength)
            let count = PersonalDataScan.scan(
                text, from: from, to: to, filter: vocabulary.filter, candidates: &candidates, means: means)
            guard let count else { return nil }
            if candidates[1] != 0 { isEncoded = true }
            var i = 2
            while i < count + 2 {
                let candidate = candidates[i]
                judge(text, candidate)
                i += 1
            }
            from = to
        } while from < text.count
        return isEncoded
    }

    @inline(__always)
    private mutating func judge(_ text: Span<UInt8>, _ candidate: UInt32) {
        let p = PersonalDataScan.offset(candidate)
        switch PersonalDataScan.kind(candidate) {
        case .number: judgeNumber(text, p)
        case .grouped: judgeGroups(text, p)
        case .phone: judgePhone(text, p)
        case .ipv4: judgeIPv4(text, p)
        case .lettered: judgeLettered(text, p)
        case .at: judgeMail(text, p)
        case .key: judgeKey(text, p)
        case .prefix: judgePrefix(text, p)
        case .scheme: judgeScheme(text, p)
        case .mac: judgeMAC(text, p)
        case .ipv6: judgeIPv6(text, p)
        case .position: judgePosition(text, p)
        case .access: judgeAccess(text, p)
        case .home: judgeHomePhone(text, p)
        case .birth: judgeBirth(text, p)
        case nil: break
        }
    }

    /// Whether the byte here stands for several of the line: `%20`.
    func isDecoded(_ i: Int) -> Bool { i + 1 < origins.count && origins[i + 1] - origins[i] > 1 }

    /// What is judged next is the line as it came.
    mutating func useLine() { origins = [] }

    /// Records a finding in the text under judgement; the canonical value is what was appended to `canonical` since `mark`.
    mutating func found(_ type: PersonalDataType, _ start: Int, _ end: Int, since mark: Int, own: Int = 0) {
        let range: (Int, Int) = origins.isEmpty ? (start, end) : (Int(origins[start]), Int(origins[end]))
        findings.append(Finding(start: range.0, end: range.1, type: type, canonical: mark..<canonical.count, own: own))
    }

    /// Records a finding whose canonical value is its text.
    mutating func foundVerbatim(_ type: PersonalDataType, _ text: Span<UInt8>, _ start: Int, _ end: Int) {
        let mark = canonical.count
        canonical.append(text, start..<end)
        found(type, start, end, since: mark)
    }

    /// Records a finding whose canonical value is its letters in lower case; of a query string, blanks for `+`.
    mutating func foundLowercased(_ type: PersonalDataType, _ text: Span<UInt8>, _ start: Int, _ end: Int, isQuery: Bool = false) {
        let mark = canonical.count
        canonical.append(text, start..<end)
        var previous: UInt8 = 0
        for i in mark..<canonical.count {
            var byte = canonical[i]
            if byte == 0x2B, isQuery { byte = 0x20 }
            if ByteClass.isUpper(byte) { byte |= 0x20 } else if previous == 0xC3, byte >= 0x80, byte <= 0x9E, byte != 0x97 { byte += 0x20 }
            canonical[i] = byte
            previous = byte
        }
        found(type, start, end, since: mark)
    }

    /// Records a finding whose canonical value is digits.
    mutating func foundDigits(_ type: PersonalDataType, _ digits: Digits, _ start: Int, _ end: Int, prefix: StaticString = "") {
        let mark = canonical.count
        appendCanonical(prefix)
        for i in 0..<digits.count { canonical.append(UInt8(digits[i]) + 0x30) }
        found(type, start, end, since: mark)
    }

    mutating func appendCanonical(_ byte: UInt8) { canonical.append(byte) }

    mutating func appendCanonical(_ text: StaticString) {
        if text.utf8CodeUnitCount == 0 { return }
        canonical.append(text.description)
    }

    /// Whether `nonce` stands somewhere in the text, which is looked through once.
    mutating func hasNonce(_ text: Span<UInt8>) -> Bool {
        if let known = speaksOfNonce { return known }
        var i = 0
        var isThere = false
        while i + 5 <= text.count, !isThere {
            if text[i] | 0x20 == 0x6E, text.hasFolded("nonce", at: i) { isThere = true }
            i += 1
        }
        speaksOfNonce = isThere
        return isThere
    }

    var canonicalCount: Int { canonical.count }

    mutating func noteOpenKey() { endsInsideKey = true }
}
