import VardeWire

/// What HELP, TYPE and UNIT lines say of families.
extension TargetScraper {
    /// Metric families whose metadata is kept of one target.
    private static let maxFamilies = 100_000

    /// Takes what a line says of a family.
    func note(_ line: ExpositionParser.Line, _ pass: inout Pass) {
        switch line {
        case .help(let name, let text): pass.families[name, default: FamilyMetadata()].help = text
        case .type(let name, let type): pass.families[name, default: FamilyMetadata()].type = type == "untyped" ? "unknown" : type
        case .unit(let name, let unit): pass.families[name, default: FamilyMetadata()].unit = unit
        case .sample: break
        }
    }

    /// Keeps what HELP and TYPE lines say until it is handed over, where it is new.
    mutating func takeMetadata(of body: [UInt8], _ format: ExpositionFormat, _ pass: inout Pass) throws(ScrapeFault) {
        if readsShortcut(format) {
            switch comments.finish() {
            case .same: return
            case .read: break
            case .toRead:
                pass.families = [:]
                var parser = ExpositionParser(format)
                while let comment = parser.nextComment(body.span) { note(comment, &pass) }
            }
        } else {
            comments = CommentMemory()
        }
        if pass.families.count <= Self.maxFamilies { metadata = pass.families }
    }

    /// What HELP and TYPE lines say, where it is news since this was called last.
    mutating func takeMetadata() -> [String: FamilyMetadata]? {
        defer { metadata = nil }
        return metadata
    }

    /// Whether lines that are known are passed over.
    func readsShortcut(_ format: ExpositionFormat) -> Bool { format != .protobuf && !config.convertsClassicHistograms }
}
