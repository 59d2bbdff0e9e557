import VardeKernels
package import VardeModel
package import VardeWire

/// What StatsD's senders reported, summed up: series that are written down again and again, as if they were scraped.
///
/// Counters count up from 0, gauges keep their last value, timings and histograms become native histograms, a set is how many
/// different members an interval had. What nothing was heard of for a while ends.
package struct StatsDSums: Sendable {
    fileprivate enum State {
        case counter(Double)
        case gauge(Double)
        case histogram(ObservedHistogram)
        case set(Set<Int>)

        var kind: String {
            switch self {
            case .counter: "c"
            case .gauge: "g"
            case .histogram: "h"
            case .set: "s"
            }
        }
    }

    fileprivate struct Series {
        var labels: Labels
        var state: State
        var heard: Int64
        /// Whether it was written down before.
        var isKnown = false
    }

    /// Members of a set that are told apart in one interval.
    package static let maxMembers = 10_000

    /// Series summed up at once; those there beyond a lower limit stay.
    package var maxSeries: Int
    private var series: [Series?] = []
    private var free: [Int] = []
    /// Places by a hash of names and tags as written: what was written may hold personal data, and is not kept.
    private var byText: [KeyedHash.Value: Int] = [:]
    private static let textHash = KeyedHash()
    private var byLabels: [Labels: Int] = [:]

    package init(maxSeries: Int) { self.maxSeries = maxSeries }

    package var count: Int { byLabels.count }

    /// Adds what a line says.
    ///
    /// - Parameters:
    ///   - now: milliseconds.
    ///   - redact: takes personal data out of the labels of a series that is new.
    /// - Returns: why it was not taken: `series_limit`, `type_conflict`, `negative_counter`; nil where it was.
    package mutating func add(_ line: StatsDLine, extra: [Label], now: Int64, redact: (Labels) -> Labels = { $0 }) -> String? {
        guard let place = place(of: line, extra, now, redact), var one = series[place] else { return "series_limit" }
        // In place: a histogram that is held twice is copied at every observation.
        series[place] = nil
        defer { series[place] = one }
        one.heard = now
        return one.take(line)
    }

    private mutating func place(of line: StatsDLine, _ extra: [Label], _ now: Int64, _ redact: (Labels) -> Labels) -> Int? {
        let text = Self.textHash(line.series.utf8Span.span)
        if let known = byText[text] { return known }
        let labels = redact(StatsDLine.labels(line.series, extra: extra))
        if let known = byLabels[labels] {
            // Another way of writing it.
            if byText.count < maxSeries * 2 { byText[text] = known }
            return known
        }
        guard byLabels.count < maxSeries else { return nil }
        let state: State =
            switch line.kind {
            case .counter: .counter(0)
            case .gauge: .gauge(0)
            case .timing, .histogram: .histogram(ObservedHistogram())
            case .set: .set([])
            }
        let place = free.popLast() ?? series.count
        if place == series.count { series.append(nil) }
        series[place] = Series(labels: labels, state: state, heard: now)
        byLabels[labels] = place
        byText[text] = place
        return place
    }

    /// Writes all series down, and ends those nothing was heard of since `oldest` (ms).
    ///
    /// A counter or histogram that is new begins with 0 at `before`, so that its first increase is seen.
    package mutating func write(at now: Int64, before: Int64, oldest: Int64, into batch: inout RawSampleBatch) {
        var ended: Set<Int> = []
        for place in series.indices {
            guard let one = series[place] else { continue }
            if one.heard < oldest {
                batch.append(one.labels, now, .staleMarker)
                byLabels[one.labels] = nil
                series[place] = nil
                free.append(place)
                ended.insert(place)
                continue
            }
            one.write(at: now, before: before, into: &batch)
            series[place]?.isKnown = true
            if case .set = one.state { series[place]?.state = .set([]) }
        }
        if !ended.isEmpty { byText = byText.filter { !ended.contains($0.value) } }
    }
}

extension StatsDSums.Series {
    fileprivate mutating func take(_ line: StatsDLine) -> String? {
        for value in line.values {
            switch (state, value, line.kind) {
            case (.counter(let sum), .number(let number), .counter):
                if number < 0 { return "negative_counter" }
                state = .counter(sum + number / line.rate)
            case (.gauge, .number(let number), .gauge): state = .gauge(number)
            case (.gauge(let before), .change(let change), .gauge): state = .gauge(before + change)
            case (.histogram(var histogram), .number(let number), .timing), (.histogram(var histogram), .number(let number), .histogram):
                state = .gauge(0)
                histogram.observe(line.kind == .timing ? number / 1000 : number, weight: 1 / line.rate)
                state = .histogram(histogram)
            case (.set(var members), .member(let member), .set):
                state = .gauge(0)
                if members.count < StatsDSums.maxMembers { members.insert(member.hashValue) }
                state = .set(members)
            default: return "type_conflict"
            }
        }
        return nil
    }

    fileprivate func write(at now: Int64, before: Int64, into batch: inout RawSampleBatch) {
        switch state {
        case .counter(let sum): batch.append(labels, [(before, 0), (now, sum)].suffix(isKnown ? 1 : 2))
        case .gauge(let value): batch.append(labels, now, value)
        case .set(let members): batch.append(labels, now, Double(members.count))
        case .histogram(let histogram):
            let first = [(before, ObservedHistogram().histogram), (now, histogram.histogram)]
            batch.append(labels, first.suffix(isKnown ? 1 : 2))
        }
    }
}
