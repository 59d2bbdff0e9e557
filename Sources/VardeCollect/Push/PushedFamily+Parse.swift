package import VardeModel
package import VardeWire

extension PushedFamily {
    /// The families of a pushed body, every series with the group's labels in place of its own.
    ///
    /// Times cannot be pushed: a group stays for as long as nobody deletes it, so they would soon be old.
    /// - Throws: `PushedGroups.Refusal` with the line and column of what is wrong.
    package static func list(
        parsing body: Span<UInt8>, _ format: ExpositionFormat, group: Labels, redact: (Labels) -> Labels
    ) throws -> [PushedFamily] {
        var families: [PushedFamily] = []
        var indices: [String: Int] = [:]
        func index(_ name: String) -> Int {
            if let known = indices[name] { return known }
            indices[name] = families.count
            families.append(PushedFamily(name: name, type: "untyped", help: "", samples: []))
            return families.count - 1
        }
        /// The family a sample belongs to: that of its name, or of its name without a suffix where that is a histogram or summary.
        func owner(_ name: String) -> Int {
            for suffix in ["_bucket", "_sum", "_count", "_total", "_created", "_info"] where name.hasSuffix(suffix) {
                let base = String(name.dropLast(suffix.count))
                guard let known = indices[base] else { continue }
                let type = families[known].type
                if ["histogram", "summary", "gaugehistogram"].contains(type) || format.isOpenMetrics { return known }
            }
            return index(name)
        }
        func add(_ labels: Labels, _ value: Double) {
            var labels = labels
            for label in group { labels.set(label.name, to: label.value) }
            families[owner(labels.name)].samples.append(PushedSample(labels: redact(labels), value: value))
        }
        if format == .protobuf {
            var raw = RawSampleBatch()
            let exposition = ProtobufExposition(scrapeTime: 0, honorsTimestamps: true, alwaysClassic: true)
            for family in try exposition.decode(body, into: &raw) {
                let at = index(family.family)
                families[at].type = family.type == "unknown" ? "untyped" : family.type
                families[at].help = family.help
            }
            if raw.timestamps.contains(where: { $0 != 0 }) {
                throw PushedGroups.Refusal(message: "pushed metrics must not have timestamps")
            }
            let native = Set(raw.histograms.map(\.index))
            var sample = 0
            for series in 0..<raw.seriesCount {
                let labels = try RemoteWrite.labels(raw.bytes.span.extracting(Int(raw.labelStarts[series])..<Int(raw.labelEnds[series])))
                while sample < Int(raw.sampleEnds[series]) {
                    if !native.contains(sample) { add(labels, raw.values[sample]) }
                    sample += 1
                }
            }
        } else {
            var parser = ExpositionParser(format)
            var decoder = SeriesDecoder()
            do {
                while let line = try parser.next(body) {
                    switch line {
                    case .help(let name, let text): families[index(name)].help = text
                    case .type(let name, let type): families[index(name)].type = type == "unknown" ? "untyped" : type
                    case .unit: break
                    case .sample(let sample):
                        let labels = try parser.labels(of: sample, body, &decoder)
                        if sample.timestamp != nil {
                            throw PushedGroups.Refusal(message: "pushed metrics must not have timestamps: \(labels.name)")
                        }
                        add(labels, sample.value)
                    }
                }
            } catch let fault as ExpositionParser.Fault {
                throw PushedGroups.Refusal(message: "\(fault)")
            }
        }
        return families.filter { !$0.samples.isEmpty }
    }
}
