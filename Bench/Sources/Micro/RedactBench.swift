import Foundation
import VardePrivacy

/// The redactor by itself, on one core: ordinary lines of several programs, and lines made to be bad, by their length.
struct RedactBench {
    /// Most of the redactor's time is spent on lines, so a batch of them is what is timed.
    private static let batch = 8 << 20
    private static let seconds = 1.0

    /// What the redactor is held to, in MB/s of one core.
    private static let ordinaryTarget = 250.0
    private static let badTarget = 40.0

    private let redactor = Redactor(pseudonyms: Pseudonyms(KeyRing(now: 1_800_000_000), tenant: "default"))

    func run() {
        MicroBench.say(
            "redactor, MB/s of one core (targets: ordinary %.0f, bad %.0f, a line of 1 MiB no slower than half)", Self.ordinaryTarget,
            Self.badTarget)
        var missed: [String] = []
        for (name, lines) in Self.ordinary() {
            let (rate, found) = measure(lines)
            MicroBench.say("  %-28s %7.0f   %.2f findings a line", (name as NSString).utf8String ?? "", rate, found)
            if name == "all together", rate < Self.ordinaryTarget { missed.append("ordinary lines: \(Int(rate))") }
        }
        MicroBench.say(
            "  %-28s %7s %7s %7s", ("bad lines of" as NSString).utf8String ?? "", ("200 B" as NSString).utf8String ?? "",
            ("16 KiB" as NSString).utf8String ?? "", ("1 MiB" as NSString).utf8String ?? "")
        for piece in Self.bad {
            let rates = [200, 16 << 10, 1 << 20].map { measure(Self.lines(of: piece, length: $0)).rate }
            let shown = String(piece.prefix(26).map { $0 == "\\" ? "/" : $0 })
            MicroBench.say("  %-28s %7.0f %7.0f %7.0f", (shown as NSString).utf8String ?? "", rates[0], rates[1], rates[2])
            if let least = rates.min(), least < Self.badTarget { missed.append("“\(shown)”: \(Int(least))") }
            if rates[2] < rates[1] / 2 { missed.append("“\(shown)” is not linear") }
        }
        print(missed.isEmpty ? "all targets are met" : "missed: " + missed.joined(separator: "; "))
    }

    /// Rate by processor time, and findings a line.
    private func measure(_ lines: [[UInt8]]) -> (rate: Double, found: Double) {
        var session = redactor.session()
        var output: [UInt8] = []
        var state = StreamState()
        let bytes = lines.reduce(0) { $0 + $1.count }
        func pass() {
            output.removeAll(keepingCapacity: true)
            for line in lines {
                _ = session.redact(line.span, into: &output, state: &state)
                if output.count > 1 << 20 { output.removeAll(keepingCapacity: true) }
            }
        }
        pass()
        let counts = session.takeCounts()
        var best = Double.infinity
        let until = MicroBench.seconds() + Self.seconds
        repeat {
            let before = MicroBench.usage().cpu
            pass()
            best = min(best, MicroBench.usage().cpu - before)
        } while MicroBench.seconds() < until
        let found = PersonalDataType.allCases.reduce(0) { $0 + counts[$1] }
        return (Double(bytes) / 1e6 / best, Double(found) / Double(counts.lines))
    }

    // MARK: lines

    /// Lines as programs write them, by program; one in ten or twenty has something of a person in it.
    private static func ordinary() -> [(String, [[UInt8]])] {
        var generator = SystemRandomNumberGenerator()
        func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &generator) }
        func hex(_ count: Int) -> String { (0..<count).map { _ in String(number(0..<16), radix: 16) }.joined() }
        func time() -> String {
            "2026-11-\(number(10..<30))T\(number(10..<24)):\(number(10..<60)):\(number(10..<60)).\(number(100..<999))Z"
        }
        let words = [
            "order", "created", "for", "tenant", "cache", "miss", "in", "queue", "batch", "finished", "retrying", "shard", "index",
        ]
        func text(_ count: Int) -> String { (0..<count).map { _ in words[number(0..<words.count)] }.joined(separator: " ") }
        let makers: [(String, () -> String)] = [
            (
                "access log",
                {
                    let path = number(0..<20) == 0 ? "/kunde?epost=kari%40eksempel.no" : "/api/v1/orders/\(number(0..<100_000))"
                    return
                        "10.0.\(number(0..<250)).\(number(1..<250)) - - [25/Nov/2026:\(number(10..<24)):\(number(10..<60)):\(number(10..<60)) +0100] \"GET \(path) HTTP/1.1\" 200 \(number(100..<90_000)) \"-\" \"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\""
                }
            ),
            (
                "JSON",
                {
                    let user = number(0..<10) == 0 ? ",\"email\":\"ola.nordmann@eksempel.no\"" : ""
                    return
                        "{\"time\":\"\(time())\",\"level\":\"info\",\"logger\":\"no.eksempel.Service\",\"msg\":\"\(text(6))\",\"trace_id\":\"\(hex(32))\",\"span_id\":\"\(hex(16))\",\"duration_ms\":\(number(1..<900)),\"status\":200\(user)}"
                }
            ),
            (
                "logfmt",
                {
                    "ts=\(time()) level=info caller=worker.go:\(number(10..<900)) msg=\"\(text(5))\" shard=\(number(0..<64)) took=\(number(1..<900))ms trace=\(hex(32)) rows=\(number(0..<100_000))"
                }
            ),
            (
                "Java",
                {
                    let who = number(0..<20) == 0 ? " fnr=02013299997" : ""
                    return
                        "\(time()) INFO  [http-nio-8080-exec-\(number(1..<20))] no.eksempel.order.OrderService - \(text(9))\(who), version 4.2.\(number(0..<99)), id \(hex(8))-\(hex(4))-\(hex(4))-\(hex(4))-\(hex(12))"
                }
            ),
            (
                "syslog",
                {
                    "<\(number(1..<190))>Nov 25 \(number(10..<24)):\(number(10..<60)):\(number(10..<60)) host\(number(1..<40)) kernel: [\(number(10_000..<99_999)).\(number(100_000..<999_999))] eth0: \(text(7)) mtu 1500"
                }
            ),
        ]
        var all: [(String, [[UInt8]])] = makers.map { name, make in
            var (lines, bytes): ([[UInt8]], Int) = ([], 0)
            while bytes < batch / 8 {
                lines.append(Array(make().utf8))
                bytes += lines[lines.count - 1].count
            }
            return (name, lines)
        }
        all.append(("all together", all.flatMap(\.1).shuffled()))
        return all
    }

    /// What lines made to be bad are made of: candidates that begin everywhere and never end well.
    private static let bad = [
        "1234567890", "1", "1 ", "1-", "12.", "1:", "a1b2", ":", "::1", "@", "a@", "a@b.", "=", "a=", "a=b&", "\"a\":", "\\\"", "%40",
        "%25",
        "\\u0040", "&#64;", "+47 ", "(+47)", "0047", "eyJ", "eyJhbGciOiJI.", "-----BEGIN ", "Bearer ", "://a:b@", "password=", "fnr ",
        "fnr=1",
        "{\"a\":", "ghp_", "AKIA", "NO93 8601 ", "4111 ", "010190", "010190-", "aa:bb:", "1.2.3.4", "2001:db8:", "58.8204, 17.6794 ", "ø",
        "<EMAIL:k1:",
    ]

    private static func lines(of piece: String, length: Int) -> [[UInt8]] {
        let bytes = Array(piece.utf8)
        var line: [UInt8] = []
        while line.count < length { line += bytes }
        return Array(repeating: line, count: max(1, min(batch / 4, 2 << 20) / length))
    }
}
