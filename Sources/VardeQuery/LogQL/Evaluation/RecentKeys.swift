internal import VardeModel

/// Remembers which series the last few groups of label values belong to, without making labels of them.
struct RecentKeys: Sendable {
    private static let places = 256

    private struct Known: Sendable {
        var values: [String?] = []
        var slot = -1
    }

    private var known = Array(repeating: Known(), count: Self.places)
    private var values: [String?] = []

    /// Takes the values of labels from a line; gives the place they would be remembered at.
    mutating func look(up names: [String], in labels: LineLabels) -> Int {
        values.removeAll(keepingCapacity: true)
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for name in names {
            let value = labels.find(name)?.value
            if let value { for byte in value.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 } }
            hash = (hash ^ 0xFF) &* 0x100_0000_01B3
            values.append(value)
        }
        return Int((hash ^ hash >> 32) % UInt64(Self.places))
    }

    /// The series remembered for the values looked up last.
    func slot(at place: Int) -> Int? {
        guard known[place].slot >= 0 else { return nil }
        for i in values.indices where !Self.areEqual(values[i], known[place].values[i]) { return nil }
        return known[place].slot
    }

    /// Byte for byte: texts that differ in Unicode normalisation only are different values.
    private static func areEqual(_ a: String?, _ b: String?) -> Bool {
        guard let a, let b else { return a == nil && b == nil }
        return a.hasSameUTF8(as: b)
    }

    mutating func keep(_ slot: Int, at place: Int) { known[place] = Known(values: values, slot: slot) }
}
