import Testing
import VardeModel

@Suite struct GoNumberTests {
    @Test(arguments: [
        ("1", 1.0), ("-.5", -0.5), ("+1.", 1), ("1e3", 1_000), ("1.e2", 100), ("1_000", 1_000), ("0x1p4", 16), ("0x_1.8p1", 3),
        ("Inf", .infinity),
        ("-infinity", -.infinity),
    ])
    func `reads what Go reads`(text: String, value: Double) { #expect(GoNumber.float(text) == value) }

    @Test(arguments: ["", "+", "0x10", "1_", "_1", "1__0", "1e", "1e999", "0b1", "1 ", "e1", "--1", "1_.5", "infinite"])
    func `refuses what Go refuses`(text: String) { #expect(GoNumber.float(text) == nil) }

    @Test func `NaN is a number`() { #expect(GoNumber.float("nAn")?.isNaN == true) }

    @Test(arguments: [
        ("", "empty duration string"), ("1.5m", "unknown unit \".\" in duration \"1.5m\""), ("5", "not a valid duration string: \"5\""),
        ("1m1h", "not a valid duration string: \"1m1h\""), ("300y", "duration out of range"),
        ("1x", "unknown unit \"x\" in duration \"1x\""),
    ])
    func `why a text is no duration`(text: String, reason: String) {
        #expect(throws: DurationText.Problem(reason: reason)) { try DurationText.parse(text) }
    }

    @Test(arguments: ["2026-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-01T00:00:00.Z"])
    func `days that are none are no dates`(text: String) { #expect(RFC3339.moment(text) == nil) }

    @Test func `the leap day is a date`() { #expect(RFC3339.moment("2024-02-29T00:00:00Z")?.seconds == 1_709_164_800) }
}
