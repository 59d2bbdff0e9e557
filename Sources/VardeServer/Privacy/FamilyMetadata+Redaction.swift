import VardeCollect
import VardePrivacy

extension FamilyMetadata {
    /// With personal data masked in help and unit; as it is where privacy is switched off.
    func masked(by masking: Redactor?) -> FamilyMetadata {
        guard let masking else { return self }
        return FamilyMetadata(type: type, help: masking.redact(text: help), unit: masking.redact(text: unit))
    }
}

extension ServerParts {
    /// Metadata by family as it may be kept: no pseudonym in it, which an erasure would have to find.
    func redacted(_ families: [String: FamilyMetadata]) -> [String: FamilyMetadata] {
        guard let redactor, let masking = redaction.masking else { return families }
        var all: [String: FamilyMetadata] = [:]
        for (name, metadata) in families { all[redactor.redact(name: name)] = metadata.masked(by: masking) }
        return all
    }
}
