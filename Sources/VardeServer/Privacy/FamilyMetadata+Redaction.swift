import VardeCollect
import VardePrivacy

extension FamilyMetadata {
    /// With personal data taken out of help and unit; as it is where privacy is switched off.
    func redacted(by redactor: Redactor?) -> FamilyMetadata {
        guard let redactor else { return self }
        return FamilyMetadata(type: type, help: redactor.redact(text: help), unit: redactor.redact(text: unit))
    }
}
