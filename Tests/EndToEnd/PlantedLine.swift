import TestSupport

/// A canary as it may stand in a line.
enum PlantedLine {
    static func text(_ canary: PersonalDataCanaries.Canary, form: Int) -> String {
        switch form % 5 {
        case 0: "level=info msg=\"lookup done\" \(canary.key)=\(canary.text) took=12ms"
        case 1: "GET /person?\(canary.key)=\(percentEncoded(canary.text))&page=2 HTTP/1.1 200"
        case 2: "{\"level\":\"info\",\"\(canary.key)\":\"\(canary.text)\",\"n\":1}"
        case 3: "{\"msg\":\"{\\\"\(canary.key)\\\":\\\"\(canary.text)\\\"}\",\"level\":\"warn\"}"
        default: "stored \(canary.key): \(canary.text) for the case"
        }
    }

    /// All but digits and small letters as `%XX`.
    static func percentEncoded(_ text: String) -> String {
        text.utf8.map { byte in
            UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte
                ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }
}
