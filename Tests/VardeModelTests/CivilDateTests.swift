import Foundation
import Testing

@testable import VardeModel

@Suite struct CivilDateTests {
    @Test func `Days and dates go over into each other, as Foundation has them`() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(identifier: "UTC"))
        // From after the calendar's reform on, where Foundation follows it too.
        for days in stride(from: Int64(-135_000), to: 1_000_000, by: 97) {
            let date = CivilDate(daysSince1970: days)
            #expect(date.daysSince1970 == days)
            let parts = calendar.dateComponents([.year, .month, .day], from: Date(timeIntervalSince1970: Double(days) * 86_400))
            #expect(date == CivilDate(year: Int64(parts.year ?? 0), month: Int64(parts.month ?? 0), day: Int64(parts.day ?? 0)))
        }
        for days in stride(from: Int64(-2_000_000), to: -700_000, by: 997) {
            #expect(CivilDate(daysSince1970: days).daysSince1970 == days)
        }
        #expect(CivilDate(year: 2024, month: 2, day: 29).text == "2024-02-29")
        #expect(CivilDate(year: 800, month: 12, day: 25).text == "0800-12-25")
    }

    @Test(arguments: [
        (1_796_065_741_437, "2026-11-30T19:09:01.437Z"), (-1, "1969-12-31T23:59:59.999Z"), (86_400_000, "1970-01-02T00:00:00Z"),
        (0, "0001-01-01T00:00:00Z"), (951_782_400_005, "2000-02-29T00:00:00.005Z"),
    ])
    func `Moments are written as RFC 3339 has them`(_ time: Int64, _ text: String) {
        #expect(RFC3339.text(milliseconds: time) == text)
    }

    @Test func `Bytes and hexadecimal digits go over into each other`() {
        let bytes = (0...255).map { UInt8($0) }
        #expect(HexText.bytes(HexText.of(bytes)) == bytes)
        #expect(HexText.bytes(HexText.of(bytes).uppercased()) == bytes)
        #expect(HexText.of([0, 0xAB]) == "00ab")
        #expect(HexText.bytes("abc") == nil && HexText.bytes("0g") == nil)
    }
}
