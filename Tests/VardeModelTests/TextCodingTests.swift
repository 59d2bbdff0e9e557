import TestSupport
import Testing
import VardeModel

/// Base64 and percent-encoding, there and back.
@Suite struct TextCodingTests {
    @Test func `Any bytes come back from base64, in either alphabet`() {
        var random = SeededGenerator(seed: 4_648)
        for length in 0..<200 {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            let text = Base64.text(bytes)
            #expect(Base64.bytes(text) == bytes)
            #expect(Base64.bytes(text.replacing("+", with: "-").replacing("/", with: "_")) == bytes)
        }
        #expect(Base64.bytes("Zm9v!") == nil)
    }

    @Test func `What base64 begins with is read up to the first other character`() {
        let text = Array("Zm9vYmE.Zm9v".utf8)
        let (bytes, end) = Base64.prefix(text.span)
        #expect(String(decoding: bytes, as: UTF8.self) == "fooba")
        #expect(end == 7)
    }

    @Test func `Any text comes back from percent-encoding`() {
        let text = "a b+c&d=e%f~g-h_i.j/ø?\u{1F600}\n"
        for plus in [false, true] {
            let escaped = PercentEncoding.escaped(text, blankIsPlus: plus)
            #expect(escaped.utf8.allSatisfy { $0 < 128 && $0 != 32 && $0 != UInt8(ascii: "&") && $0 != UInt8(ascii: "=") })
            #expect(PercentEncoding.text(escaped.utf8, plusIsBlank: plus) == text)
        }
        #expect(PercentEncoding.form([("a b", "1"), ("c", "å")], blankIsPlus: true) == "a+b=1&c=%C3%A5")
        #expect(PercentEncoding.form([("a b", "")], blankIsPlus: false) == "a%20b=")
    }
}
