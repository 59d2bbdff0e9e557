/// A kind of personal data or secret the redactor knows, in the order of judgement: where spans overlap, the first type names the whole.
package enum PersonalDataType: UInt8, CaseIterable, Sendable, Hashable {
    case privateKey, jwt, token, secret, email, iban, card, fnr, account, personnummer, hetu, cpr, kennitala, phone, mac, ip
    case kid, orgnr, licence, passport, plate, duf, position, birthDate, address, name, user, own

    /// The word in the placeholder.
    package var placeholder: String {
        switch self {
        case .privateKey: "PRIVATE_KEY"
        case .jwt: "JWT"
        case .token: "TOKEN"
        case .secret: "SECRET"
        case .email: "EMAIL"
        case .iban: "IBAN"
        case .card: "CARD"
        case .fnr: "FNR"
        case .account: "ACCOUNT"
        case .personnummer: "SE_PNR"
        case .hetu: "FI_HETU"
        case .cpr: "DK_CPR"
        case .kennitala: "IS_KT"
        case .phone: "PHONE"
        case .mac: "MAC"
        case .ip: "IP"
        case .kid: "KID"
        case .orgnr: "ORGNR"
        case .licence: "LICENCE"
        case .passport: "PASSPORT"
        case .plate: "PLATE"
        case .duf: "DUF"
        case .position: "GPS"
        case .birthDate: "BIRTH_DATE"
        case .address: "ADDRESS"
        case .name: "NAME"
        case .user: "USER"
        case .own: "OWN"
        }
    }

    /// The word in configuration and reports.
    package var configurationName: String { placeholder.lowercased() }

    /// What is done where no policy says otherwise (DESIGN section 6).
    package var defaultAction: RedactionAction {
        switch self {
        case .privateKey, .jwt, .token, .secret, .card, .position, .birthDate, .address: .mask
        case .ip: .truncate
        case .orgnr: .keep
        default: .pseudonymise
        }
    }
}

/// What becomes of a piece of personal data.
package enum RedactionAction: String, CaseIterable, Sendable {
    /// `<TYPE>` in its place.
    case mask
    /// `<TYPE:kN:token>` in its place: the same value has the same token within a key epoch.
    case pseudonymise
    /// What is left is coarser: an address's network, the domain of an e-mail address, the last four digits of a card. Types that have
    /// no coarser form are masked.
    case truncate
    /// Nothing in its place.
    case drop
    /// It stays.
    case keep
}
