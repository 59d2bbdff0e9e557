package import VardeModel

/// A body in one of Prometheus' text formats as a batch, for senders that push it: what a line is wrong in costs that line only.
package enum ExpositionBatch {
    /// What a body held besides what went into the batch.
    package struct Decoded: Sendable {
        package var metadata: [RemoteWrite.Metadata] = []
        /// Lines that could not be read, and why, of the first ten.
        package var refusedLines = 0
        package var reasons: [String] = []
    }

    /// Reads a body into `batch`.
    ///
    /// - Parameters:
    ///   - extra: labels set on every series, over its own.
    ///   - now: milliseconds, for samples that say no time.
    /// - Throws: where the labels of all lines together would unfold too far.
    package static func decode(
        _ body: Span<UInt8>, _ format: ExpositionFormat = .text0, extra: [Label] = [], now: Int64, into batch: inout RawSampleBatch
    ) throws(WireError) -> Decoded {
        batch.removeAll()
        var decoded = Decoded()
        var parser = ExpositionParser(format)
        var families: [String: Int] = [:]
        func family(_ name: String) -> Int {
            if let known = families[name] { return known }
            families[name] = decoded.metadata.count
            decoded.metadata.append(.init(type: "unknown", family: name, help: "", unit: ""))
            return decoded.metadata.count - 1
        }
        var decoder = SeriesDecoder()
        while true {
            // Once a line is read as one, the parser stands behind it whatever is wrong in its labels.
            var isBehind = false
            do throws(ExpositionParser.Fault) {
                guard let line = try parser.next(body) else { break }
                isBehind = true
                switch line {
                case .help(let name, let text): decoded.metadata[family(name)].help = text
                case .type(let name, let type): decoded.metadata[family(name)].type = type == "untyped" ? "unknown" : type
                case .unit(let name, let unit): decoded.metadata[family(name)].unit = unit
                case .sample(let sample):
                    var labels = try parser.labels(of: sample, body, &decoder)
                    for label in extra { labels.set(label.name, to: label.value) }
                    if let exemplar = try parser.exemplar(of: sample, body, at: now) {
                        batch.exemplars.append((batch.seriesCount, exemplar))
                    }
                    batch.append(labels, sample.timestamp ?? now, sample.value)
                }
            } catch {
                decoded.refusedLines += 1
                if decoded.reasons.count < 10 { decoded.reasons.append("\(error)") }
                if !isBehind, !parser.skipLine(body) { break }
            }
            guard batch.bytes.count <= RawSampleBatch.maxLabelBytes else { throw RawSampleBatch.unfoldsTooFar(at: body.count) }
        }
        return decoded
    }
}

extension RawSampleBatch {
    /// Begins a series and closes its labels.
    private mutating func begin(_ labels: Labels) {
        beginSeries()
        for one in labels { label(one.name, one.value) }
        labelEnds.append(UInt32(truncatingIfNeeded: bytes.count))
    }

    /// Adds a series of one sample.
    package mutating func append(_ labels: Labels, _ timestamp: Int64, _ value: Double) {
        begin(labels)
        sample(timestamp, value)
        endSeries()
    }

    /// Adds a series with several samples, by time.
    package mutating func append(_ labels: Labels, _ samples: ArraySlice<(Int64, Double)>) {
        begin(labels)
        for (time, value) in samples { sample(time, value) }
        endSeries()
    }

    package mutating func append(_ labels: Labels, _ samples: ArraySlice<(Int64, NativeHistogram)>) {
        begin(labels)
        for (time, histogram) in samples { sample(time, histogram) }
        endSeries()
    }
}
