import VardeKernels
import VardeModel
import VardeWire

/// `convert_classic_histograms_to_nhcb`: the parts of classic histograms go aside, and come back as one native histogram each.
extension TargetScraper {
    /// As `readText`, without its shortcuts.
    mutating func readConverting(_ body: [UInt8], _ format: ExpositionFormat, _ pass: inout Pass) throws {
        let bytes = body.span
        var parser = ExpositionParser(format)
        var classic = ClassicHistograms()
        while let line = try parser.next(bytes) {
            guard case .sample(let sample) = line else {
                note(line, &pass)
                continue
            }
            if let family = Self.histogramFamily(bytes.extracting(sample.series), pass.families) {
                let exemplar = try parser.exemplar(of: sample, bytes, at: pass.now)
                let time = config.honorTimestamps ? sample.timestamp : nil
                let isTaken = classic.take(
                    try parser.labels(of: sample, bytes, &pass.decoder), family: family, sample.value, time: time, exemplar: exemplar)
                if isTaken, !config.alwaysClassicHistograms { continue }
            }
            try takeKnownOrNew(sample, parser, bytes, &pass)
        }
        try appendConverted(classic, &pass)
    }

    /// The histogram a series is a part of, by its name and what TYPE said.
    private static func histogramFamily(_ series: Span<UInt8>, _ families: [String: FamilyMetadata]) -> String? {
        var end = 0
        while end < series.count, series[end] != UInt8(ascii: "{"), series[end] != 32, series[end] != 9 { end += 1 }
        guard end > 0, let family = ClassicHistograms.family(of: Bytes.string(series.extracting(0..<end))) else { return nil }
        return families[family]?.type == "histogram" ? family : nil
    }

    /// As `readProtobuf` does with what is left once the parts of classic histograms are taken out of a batch.
    mutating func withoutClassic(_ raw: RawSampleBatch, _ pass: Pass, _ classic: inout ClassicHistograms) throws -> Set<Int> {
        var taken: Set<Int> = []
        for series in 0..<raw.seriesCount {
            let labels = try RemoteWrite.labels(raw.bytes.span.extracting(Int(raw.labelStarts[series])..<Int(raw.labelEnds[series])))
            guard let family = ClassicHistograms.family(of: labels.name), pass.families[family]?.type == "histogram" else { continue }
            let samples = (series == 0 ? 0 : Int(raw.sampleEnds[series - 1]))..<Int(raw.sampleEnds[series])
            for index in samples {
                let time = raw.timestamps[index] == pass.now ? nil : raw.timestamps[index]
                if classic.take(labels, family: family, raw.values[index], time: time, exemplar: nil) { taken.insert(series) }
            }
        }
        return config.alwaysClassicHistograms ? [] : taken
    }

    /// Appends what the parts make up; parts that make up no histogram are left out, as in Prometheus.
    mutating func appendConverted(_ classic: ClassicHistograms, _ pass: inout Pass) throws {
        for (labels, parts) in classic.all {
            guard let histogram = parts.histogram else { continue }
            let text = Array("\(labels)".utf8)
            let low = hash(text.span).low
            var found = memory.find(low, text.count)
            if found == nil, try admits(labels, &pass) { found = try add(low, text.count, labels, &pass) }
            guard let slot = found, try count(slot, parts.time, &pass) else { continue }
            for exemplar in parts.exemplars {
                pass.batch.exemplars.append((pass.batch.count, exemplar))
                pass.outcome.exemplars += 1
            }
            pass.batch.append(memory.refs[slot], parts.time ?? pass.now, histogram)
        }
    }
}
