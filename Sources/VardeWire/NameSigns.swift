/// Names as senders write them, before what a name may not hold becomes underscores.
enum NameSigns {
    /// The name, or `redacted` where it holds an address, a telephone number or a number of a person in groups: once its signs are
    /// underscores nobody could tell.
    static func withoutPersons(_ name: String) -> String {
        // Digits behind a plus, and the lengths of groups of digits that blanks or dashes join, a hexadecimal digit each.
        var digits = -1
        var shape = 0
        var group = 0
        for byte in name.utf8 {
            if byte == UInt8(ascii: "@") || byte == UInt8(ascii: "%") && name.contains("%40") { return "redacted" }
            let isDigit = byte >= 0x30 && byte <= 0x39
            let isJoint = byte == UInt8(ascii: " ") || byte == UInt8(ascii: "-")
            if byte == UInt8(ascii: "+") {
                digits = 0
            } else if digits >= 0, isDigit {
                digits += 1
                if digits == 8 { return "redacted" }
            } else if !isJoint {
                digits = -1
            }
            if isDigit {
                group += 1
            } else if isJoint, group > 0, group < 16 {
                shape = (shape & 0xFFF) << 4 | group
                group = 0
            } else {
                if isPersons(shape, group) { return "redacted" }
                shape = 0
                group = 0
            }
        }
        return isPersons(shape, group) ? "redacted" : name
    }

    /// 150755-02467, 070761-4285, 4111-1111-1111-1111.
    private static func isPersons(_ shape: Int, _ last: Int) -> Bool {
        shape == 0x6 && (last == 5 || last == 4) || shape == 0x444 && last == 4
    }
}
