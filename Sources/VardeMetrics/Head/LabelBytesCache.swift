import VardeKernels

/// Series by the keyed hash of the label bytes a sender gave them: the look-up every sample of remote write goes through.
///
/// The same series may be known by several encodings. A sender that never repeats one cannot make it grow without bound: the cache
/// is emptied once it holds `entriesPerSeries` entries a series and is built anew from what comes.
struct LabelBytesCache {
    static let entriesPerSeries = 4
    static let smallest = 65_536

    private var slots = HashSlots()
    private var keys: [KeyedHash.Value] = []
    private var series: [UInt32] = []

    var count: Int { keys.count }

    /// The series known by these bytes, `UInt32.max` where there is none.
    @inline(__always)
    func find(_ key: KeyedHash.Value) -> UInt32 {
        guard let entry = slots.find(key.low, { keys[Int($0)] == key }) else { return .max }
        return series[Int(entry)]
    }

    mutating func insert(_ key: KeyedHash.Value, _ number: UInt32, seriesCount: Int) {
        if find(key) != .max { return }
        if keys.count >= max(Self.smallest, seriesCount * Self.entriesPerSeries) { self = LabelBytesCache() }
        let entry = UInt32(keys.count)
        keys.append(key)
        series.append(number)
        slots.insert(key.low, entry)
    }

    /// Series numbers moved; those with nil are forgotten.
    func renumbered(_ moved: [UInt32?], seriesCount: Int) -> LabelBytesCache {
        var cache = LabelBytesCache()
        for entry in keys.indices {
            if let number = moved[Int(series[entry])] { cache.insert(keys[entry], number, seriesCount: seriesCount) }
        }
        return cache
    }
}
