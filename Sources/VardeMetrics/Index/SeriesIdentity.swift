import VardeKernels
import VardeModel

/// 128 bits that stand for a label set: the same in the head and in every block, so series of different places are joined by them.
///
/// The sum of a mixed hash per label, so it does not depend on order; two different sets agree by chance once in 2^128.
struct SeriesIdentity: Hashable, Sendable {
    var low: UInt64
    var high: UInt64

    static let empty = SeriesIdentity(low: 0, high: 0)

    func hash(into hasher: inout Hasher) { hasher.combine(low) }

    /// Hash of one symbol. The key is fixed: identities are never written to disk, but compared between parts opened apart.
    static func symbolHash(_ text: String) -> KeyedHash.Value {
        let utf8 = text.utf8Span
        return hash(utf8.span)
    }

    static func symbolHash(_ bytes: Span<UInt8>) -> KeyedHash.Value { hash(bytes) }

    private static let hash = KeyedHash()

    /// Adds a label by the hashes of its name and value.
    mutating func add(name: KeyedHash.Value, value: KeyedHash.Value) {
        let a = (name.low ^ value.high &* 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: value.low ^ name.high &* 0xC2B2_AE3D_27D4_EB4F)
        low &+= a.high ^ a.low
        let b = (name.high ^ value.low &* 0xA076_1D64_78BD_642F).multipliedFullWidth(by: value.high ^ name.low &* 0xE703_7ED1_A0B4_28DB)
        high &+= b.high ^ b.low
    }

    /// The identity without what some of its labels add.
    func without(_ part: SeriesIdentity) -> SeriesIdentity { SeriesIdentity(low: low &- part.low, high: high &- part.high) }

    init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    init(_ labels: Labels) {
        self = .empty
        for label in labels.all { add(Self.share(of: label)) }
    }

    private static func share(of label: Label) -> SeriesIdentity {
        var share = empty
        share.add(name: symbolHash(label.name), value: symbolHash(label.value))
        return share
    }

    private mutating func add(_ other: SeriesIdentity) {
        low &+= other.low
        high &+= other.high
    }

    /// Identities of series one after another, each of which as a rule has most labels of the one before: those are not hashed again.
    static func all(_ sets: [Labels]) -> [SeriesIdentity] {
        var before: [Label] = []
        var shares: [SeriesIdentity] = []
        return sets.map { labels in
            var identity = empty
            for (place, label) in labels.all.enumerated() {
                if place >= shares.count {
                    shares.append(share(of: label))
                } else if place >= before.count || before[place] != label {
                    shares[place] = share(of: label)
                }
                identity.add(shares[place])
            }
            before = labels.all
            return identity
        }
    }
}
