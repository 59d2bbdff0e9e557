import VardeModel

extension Block {
    /// Everything needed to find and decode a series: arrays of numbers, about a hundred bytes a series.
    struct Index: SeriesIndex, Sendable {
        var dictionary = LabelDictionary()
        /// Series of all pairs end to end, each list ascending, and where each list ends.
        var postings: [UInt32] = []
        var postingEnds: [UInt32] = []
        /// Pairs of all series end to end, each series' ascending, and where each series' begin.
        var pairs: [UInt32] = []
        var pairStarts: [UInt32] = [0]
        var columnOfSeries: [UInt32] = []
        var samplesOfSeries: [UInt32] = []
        /// Where each series' chunk begins in its page, its size, and the page.
        var chunkOffset: [UInt32] = []
        var chunkSize: [UInt32] = []
        var pageOfSeries: [UInt32] = []
        var identities: [SeriesIdentity] = []
        var columns: [[Int64]] = []
        var pageOffsets: [Int] = []
        /// Bytes of each page's chunks, and what they take in the file.
        var pageSizes: [Int] = []
        var storedSizes: [Int] = []

        func symbol(_ text: String) -> UInt32? {
            let symbols = dictionary.symbols
            var low = 0
            var high = symbols.count
            while low < high {
                let middle = (low + high) / 2
                if symbols[middle].utf8Precedes(text) { low = middle + 1 } else { high = middle }
            }
            return low < symbols.count && symbols[low].hasSameUTF8(as: text) ? UInt32(low) : nil
        }

        func allSeries() -> [UInt32] { Array(0..<UInt32(columnOfSeries.count)) }

        /// Where a key stands among the pairs, or would.
        private func position(ofPair key: UInt64) -> Int {
            var low = 0
            var high = dictionary.pairs.count
            while low < high {
                let middle = (low + high) / 2
                if dictionary.pairs[middle] < key { low = middle + 1 } else { high = middle }
            }
            return low
        }

        func series(name: String, value: String) -> [UInt32] {
            guard let name = symbol(name), let value = symbol(value) else { return [] }
            let key = UInt64(name) << 32 | UInt64(value)
            let pair = position(ofPair: key)
            guard pair < dictionary.pairs.count, dictionary.pairs[pair] == key else { return [] }
            return Array(postings[(pair == 0 ? 0 : Int(postingEnds[pair - 1]))..<Int(postingEnds[pair])])
        }

        func values(of name: String) -> [String] {
            guard let name = symbol(name) else { return [] }
            let range = position(ofPair: UInt64(name) << 32)..<position(ofPair: (UInt64(name) + 1) << 32)
            return range.map { dictionary.symbols[Int(dictionary.pairs[$0] & 0xffff_ffff)] }
        }

        /// Pairs of a series, ascending.
        @inline(__always)
        func pairs(_ id: UInt32) -> ArraySlice<UInt32> { pairs[Int(pairStarts[Int(id)])..<Int(pairStarts[Int(id) + 1])] }

        func labels(_ id: UInt32) -> Labels {
            let all = pairs(id)
            var labels: [Label] = []
            labels.reserveCapacity(all.count)
            for pair in all {
                let key = dictionary.pairs[Int(pair)]
                labels.append(Label(dictionary.symbols[Int(key >> 32)], dictionary.symbols[Int(key & 0xffff_ffff)]))
            }
            return Labels(sortedUnchecked: labels)
        }

        /// Names of a series' labels.
        func names(_ id: UInt32) -> [String] { pairs(id).map { dictionary.symbols[Int(dictionary.pairs[Int($0)] >> 32)] } }

        /// Symbol of the series' value of a label, nil where it has none.
        func valueSymbol(_ id: UInt32, name: UInt32) -> UInt32? {
            for pair in pairs(id) {
                let key = dictionary.pairs[Int(pair)]
                if UInt32(key >> 32) == name { return UInt32(key & 0xffff_ffff) }
            }
            return nil
        }
    }
}
