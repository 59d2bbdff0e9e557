internal import Crypto

/// The words a person's identifiers stand as in what is stored: all that is ever kept of a request about a person.
package struct SubjectTokens: Sendable, Equatable {
    /// Identifiers of one request, and bytes of one of them.
    package static let maxIdentifiers = 100
    package static let maxIdentifierBytes = 1024

    /// `TYPE:kN:token`, sorted; as in placeholders, without the angle brackets, which some programs escape.
    package let texts: [String]
    /// Types and key epochs they are of, sorted.
    package let types: [String]
    package let epochs: [Int]
    /// Pseudonyms of epochs before this number may be stored and cannot be looked for, their keys being lost; 0 where there are none.
    package let lostBefore: Int
    /// Selectors of streams whose policy keeps something raw: that is not looked for.
    package var rawStreams: [String] = []
    /// Places in the list of identifiers of those that can stand as no pseudonym.
    package let unknown: [Int]

    /// The tokens of raw identifiers over every type each may be of and every key epoch whose key exists.
    package init(identifiers: [String], pseudonyms: Pseudonyms, policy: RedactionPolicy) {
        var all: Set<Pseudonyms.Token> = []
        var unknown: [Int] = []
        for (index, identifier) in identifiers.enumerated() {
            let own = Self.forms(of: identifier).flatMap { pseudonyms.tokens(for: $0, policy: policy) }
            if own.isEmpty { unknown.append(index) }
            all.formUnion(own)
        }
        texts = Set(all.map { String($0.placeholder.dropFirst().dropLast()) }).sorted()
        types = Set(all.map { $0.placeholder.dropFirst().prefix { $0 != ":" } }).map(String.init).sorted()
        epochs = Set(all.map(\.epoch)).sorted()
        self.unknown = unknown
        lostBefore = pseudonyms.ring.lostBefore
    }

    /// Whether all that is stored of the person can be found by these.
    package var isComplete: Bool { lostBefore == 0 && rawStreams.isEmpty }

    /// An identifier as it may have been written: as given, and without the blanks around and in it.
    private static func forms(of identifier: String) -> [String] {
        let trimmed = identifier.split { $0.isWhitespace }.joined(separator: " ")
        let compact = trimmed.filter { $0 != " " }
        var forms = [trimmed]
        // Digits in groups of any kind are one number, however they were grouped.
        if compact != trimmed, compact.utf8.allSatisfy({ ByteClass.isDigit($0) || $0 == 0x2B || $0 == 0x2D || $0 == 0x2E }) {
            forms.append(compact)
        }
        return forms
    }

    /// SHA-256 of the tokens, a line each, 64 hexadecimal digits: whoever has the identifier and the keys can make it again, nobody
    /// else can tell whom it is of.
    package static func digest(of texts: [String]) -> String {
        Hex.text(Array(SHA256.hash(data: Array(texts.sorted().joined(separator: "\n").utf8))))
    }
}
