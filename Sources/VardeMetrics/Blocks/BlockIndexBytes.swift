import VardeKernels

/// The index of a block in the making: what is known of each series, in arrays of numbers; layout: `BlockFormat`.
struct BlockIndexBytes {
    /// Pairs of the series end to end, and where each series' end.
    private var pairs: [UInt32] = []
    private var ends: [UInt32] = []
    private var columns: [UInt32] = []
    private var samples: [UInt32] = []
    private var sizes: [UInt32] = []

    var count: Int { ends.count }

    mutating func add(_ labels: [UInt32], column: UInt32, samples count: Int, size: Int) {
        pairs.append(contentsOf: labels)
        ends.append(UInt32(pairs.count))
        columns.append(column)
        samples.append(UInt32(count))
        sizes.append(UInt32(size))
    }

    /// Renumbers pairs so that those of no series, and symbols of no pair, are gone; the dictionary that is left.
    mutating func finish(_ dictionary: LabelDictionary) -> LabelDictionary {
        var used = [Bool](repeating: false, count: dictionary.pairs.count)
        for pair in pairs { used[Int(pair)] = true }
        if !used.contains(false) { return dictionary }
        var numbers: [UInt32] = []
        let left = LabelDictionary(texts: dictionary.symbols, keys: dictionary.pairs, used: used, numbers: &numbers)
        for at in pairs.indices { pairs[at] = numbers[Int(pairs[at])] }
        return left
    }

    static func symbols(_ dictionary: LabelDictionary) -> [UInt8] {
        var bytes: [UInt8] = []
        Varint.append(UInt64(dictionary.symbols.count), to: &bytes)
        for symbol in dictionary.symbols {
            Varint.append(UInt64(symbol.utf8.count), to: &bytes)
            bytes += symbol.utf8
        }
        return bytes
    }

    func series(_ dictionary: LabelDictionary) -> [UInt8] {
        var bytes: [UInt8] = []
        var start = 0
        for id in ends.indices {
            let end = Int(ends[id])
            Varint.append(UInt64(end - start), to: &bytes)
            for at in start..<end {
                let key = dictionary.pairs[Int(pairs[at])]
                Varint.append(key >> 32, to: &bytes)
                Varint.append(key & 0xffff_ffff, to: &bytes)
            }
            Varint.append(UInt64(columns[id]), to: &bytes)
            Varint.append(UInt64(samples[id]), to: &bytes)
            Varint.append(UInt64(sizes[id]), to: &bytes)
            start = end
        }
        return bytes
    }

    func postings(_ dictionary: LabelDictionary) -> [UInt8] {
        // Lists of all pairs in one array: where each ends is known from counting.
        var listEnds = [Int](repeating: 0, count: dictionary.pairs.count)
        for pair in pairs { listEnds[Int(pair)] += 1 }
        var total = 0
        for pair in listEnds.indices {
            total += listEnds[pair]
            listEnds[pair] = total - listEnds[pair]
        }
        var lists = [UInt32](repeating: 0, count: pairs.count)
        var start = 0
        for id in ends.indices {
            for at in start..<Int(ends[id]) {
                let pair = Int(pairs[at])
                lists[listEnds[pair]] = UInt32(id)
                listEnds[pair] += 1
            }
            start = Int(ends[id])
        }
        var bytes: [UInt8] = []
        Varint.append(UInt64(dictionary.pairs.count), to: &bytes)
        start = 0
        for (pair, key) in dictionary.pairs.enumerated() {
            Varint.append(key >> 32, to: &bytes)
            Varint.append(key & 0xffff_ffff, to: &bytes)
            Varint.append(UInt64(listEnds[pair] - start), to: &bytes)
            var last: UInt32 = 0
            for at in start..<listEnds[pair] {
                Varint.append(UInt64(lists[at] - last), to: &bytes)
                last = lists[at]
            }
            start = listEnds[pair]
        }
        return bytes
    }
}
