import TestSupport
import Testing
import VardeModel

@testable import VardeWire

@Suite struct SyslogTests {
    /// 2026-01-02 12:00 UTC.
    private static let now: Int64 = 1_767_355_200_000_000_000

    private static func read(_ text: String, zone: Int = 0) -> SyslogMessage { SyslogMessage(Array(text.utf8), now: now, zone: zone) }

    @Test func `RFC 5424 with structured data`() {
        let message = Self.read(
            #"<165>1 2026-01-02T11:00:00.003+01:00 host.example app 42 ID47 [origin@32473 ip="1.2.3.4" q="a\"b\]\\"][x y="z"] "#
                + "\u{FEFF}hei på deg")
        #expect(message.facility == 20 && message.severityName == "notice" && message.facilityName == "local4")
        #expect(message.time == 1_767_348_000_003_000_000)
        #expect(message.host == "host.example" && message.program == "app" && message.process == "42" && message.messageID == "ID47")
        #expect(Labels(message.data) == ["origin_ip": "1.2.3.4", "origin_q": #"a"b]\"#, "x_y": "z"])
        #expect(message.text == "hei på deg")
    }

    @Test func `RFC 5424 with nothing but what it needs`() {
        let message = Self.read("<0>1 - - - - - -")
        #expect(message.severityName == "emerg" && message.time == nil && message.host == "" && message.text == "")
    }

    @Test(arguments: [
        ("<34>Jan  2 10:00:00 mymachine su: 'su root' failed", Int64(1_767_348_000_000_000_000), "mymachine", "su", "", "'su root' failed"),
        ("<13>Jan  2 10:00:00 h cron[77]: done", 1_767_348_000_000_000_000, "h", "cron", "77", "done"),
        ("<13>Dec 31 23:00:00 h x: last year", 1_767_222_000_000_000_000, "h", "x", "", "last year"),
        ("<13>2026-01-02T10:00:00Z h app[1]: newer date", 1_767_348_000_000_000_000, "h", "app", "1", "newer date"),
        ("<13>Jan  2 10:00:00 prog: no host", 1_767_348_000_000_000_000, "", "prog", "", "no host"),
    ])
    func `RFC 3164 as it is in use`(_ text: String, _ time: Int64, _ host: String, _ program: String, _ process: String, _ rest: String) {
        let message = Self.read(text)
        #expect(message.time == time && message.host == host && message.program == program && message.process == process)
        #expect(message.text == rest)
    }

    @Test func `dates without a zone are in the zone that is given`() {
        #expect(Self.read("<13>Jan  2 10:00:00 h x: y", zone: 3600).time == 1_767_344_400_000_000_000)
    }

    @Test(arguments: ["just text", "<192>1 - - - - - - x", "<>x", "<13", "", "<1a>x"])
    func `what is no syslog is kept as it came`(_ text: String) { #expect(Self.read(text).text == text) }

    @Test func `a broken RFC 5424 header loses no text`() {
        #expect(Self.read("<13>1 yesterday h a p m - text").text == "1 yesterday h a p m - text")
        #expect(Self.read("<13>1 - h a p m [x y=z] text").text.hasSuffix("[x y=z] text"))
    }

    @Test func `no bytes at all make the reader fail`() {
        var generator = SeededGenerator(seed: 5)
        let seed = Array(#"<165>1 2026-01-02T11:00:00Z h app 42 ID47 [o@1 ip="1"] <34>Jan  2 10:00:00 m su[1]: x"#.utf8)
        for _ in 0..<20_000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &generator)))
            let message = SyslogMessage(bytes, now: Self.now)
            #expect((0...23).contains(message.facility) && (0...7).contains(message.severity))
        }
    }

    @Test func `frames come out alike however the stream is cut`() throws {
        let stream = Array("12 <13>hei\npå!<13>line one\r\n\n<14>two\n5 <1>xy<15>no end".utf8)
        let whole = Self.frames(stream, [stream.count])
        #expect(whole == ["<13>hei\npå!", "<13>line one", "<14>two", "<1>xy", "<15>no end"])
        for cut in 1..<stream.count { #expect(Self.frames(stream, [cut, stream.count]) == whole) }
        #expect(Self.frames(stream, Array(1...stream.count)) == whole)
    }

    private static func frames(_ stream: [UInt8], _ ends: [Int]) -> [String] {
        var framing = SyslogFraming(maxMessage: 100)
        var found: [String] = []
        var start = 0
        for end in ends {
            framing.append(stream[start..<end])
            start = end
            while let message = try? framing.next() { found.append(String(decoding: message, as: UTF8.self)) }
        }
        if let last = framing.finish() { found.append(String(decoding: last, as: UTF8.self)) }
        return found
    }

    @Test func `a line too long is cut and what follows it is read`() throws {
        var framing = SyslogFraming(maxMessage: 10)
        framing.append(Array("<1>aaaaaaaaaaaaaaa".utf8))
        #expect(try framing.next()?.count == 10)
        framing.append(Array("aaa\n<2>b\n".utf8))
        #expect(try framing.next() == Array("<2>b".utf8))
        #expect(framing.cutMessages == 1)
        framing.append(Array("14 <3>ccccccccc".utf8))
        #expect(try framing.next() == Array("<3>ccccccc".utf8))
        framing.append(Array("c".utf8))
        #expect(try framing.next() == nil)
        framing.append(Array("c5 <4>xx99999999999 ".utf8))
        #expect(try framing.next() == Array("<4>xx".utf8))
        #expect(framing.cutMessages == 2)
        #expect(throws: WireError.self) { try framing.next() }
    }
}
