/// Names as senders write them, before what a name may not hold becomes underscores.
enum NameSigns {
    /// The name, or `redacted` where it holds an address or a telephone number: once its signs are underscores nobody could tell.
    static func withoutPersons(_ name: String) -> String {
        var digits = -1
        for byte in name.utf8 {
            if byte == UInt8(ascii: "@") { return "redacted" }
            if byte == UInt8(ascii: "+") {
                digits = 0
            } else if digits >= 0, byte >= 0x30, byte <= 0x39 {
                digits += 1
                if digits == 8 { return "redacted" }
            } else if byte != UInt8(ascii: " "), byte != UInt8(ascii: "-") {
                digits = -1
            }
        }
        return name
    }
}
