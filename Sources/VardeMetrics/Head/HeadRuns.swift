import VardeKernels
import VardeModel

extension HeadSamples {
    /// Samples of some series that are not irregular, each in a stretch of its own, ascending.
    struct Runs {
        /// Chains followed side by side at most.
        static let mostChains = 64

        /// Where each chain is, and how many samples it gave.
        private var at: [UInt32] = []
        private var counts: [Int] = []
        /// Room for so many samples a chain.
        private var room = 128
        private var times: [Int64] = []
        private var values: [Double] = []

        func append(_ run: Int, to columns: inout SampleColumns) { append(run, &columns.timestamps, &columns.values) }

        func append(_ run: Int, _ timeColumn: inout [Int64], _ valueColumn: inout [Double]) {
            let range = run * room..<(run * room + counts[run])
            timeColumn.append(copying: range, of: times)
            valueColumn.append(copying: range, of: values)
        }

        /// Reads the series whose newest samples are given, neighbours in the head beside each other.
        mutating func fill(_ newest: [UInt32], of samples: HeadSamples, times range: ClosedRange<Int64>) {
            at = newest
            counts = [Int](repeating: 0, count: newest.count)
            if times.count < newest.count * room { reserve(newest.count * room) }
            while Self.follow(samples, range, room: room, &at, &counts, &times, &values) { widen() }
            for run in at.indices {
                let own = run * room..<(run * room + counts[run])
                times[own].reverse()
                values[own].reverse()
            }
        }

        /// Follows the chains side by side, newest sample first, until one has no room left; whether that is so.
        private static func follow(
            _ samples: HeadSamples, _ range: ClosedRange<Int64>, room: Int, _ places: inout [UInt32], _ lengths: inout [Int],
            _ timeColumn: inout [Int64], _ valueColumn: inout [Double]
        ) -> Bool {
            var at = places.mutableSpan
            var counts = lengths.mutableSpan
            var times = timeColumn.mutableSpan
            var values = valueColumn.mutableSpan
            var isOpen = true
            while isOpen {
                isOpen = false
                for run in at.indices {
                    let number = at[run]
                    if number == HeadSamples.none { continue }
                    let sample = samples.sample(number)
                    let time = samples.time(number, sample.offset)
                    if range.contains(time) {
                        let count = counts[run]
                        if count == room { return true }
                        times[run * room + count] = time
                        values[run * room + count] = sample.value
                        counts[run] = count + 1
                    }
                    at[run] = time < range.lowerBound ? HeadSamples.none : sample.previous
                    isOpen = true
                }
            }
            return false
        }

        private mutating func reserve(_ count: Int) {
            times.append(contentsOf: repeatElement(0, count: count - times.count))
            values.append(contentsOf: repeatElement(0, count: count - values.count))
        }

        private mutating func widen() {
            let old = room
            room *= 2
            reserve(at.count * room)
            // From the last on, so that nothing is overwritten before it is moved.
            for run in at.indices.reversed() {
                for place in (0..<counts[run]).reversed() {
                    times[run * room + place] = times[run * old + place]
                    values[run * room + place] = values[run * old + place]
                }
            }
        }
    }
}
