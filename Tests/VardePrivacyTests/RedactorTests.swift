import TestSupport
import Testing
import VardeModel

@testable import VardePrivacy

@Suite struct RedactorTests {
    @Test func `Overlapping findings are replaced once`() {
        let line = Redaction()("token=ghp_mpYLAkhCkRpkV2gB69yZI60sJqTEugnPucba@x.no fnr=02013299997")
        #expect(line == "token=<TOKEN> fnr=<FNR>" || line == "token=<SECRET> fnr=<FNR>")
    }

    @Test func `A private key is masked over its lines, and no other stream is touched`() {
        let redaction = Redaction()
        let lines = [
            "-----BEGIN PRIVATE KEY-----", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDZ",
            "2026-01-01 12:00:00 INFO noe annet skjer", "ab12==", "-----END PRIVATE KEY-----", "abcdefghijklmnopqrstuvwxyz0123456789",
        ]
        let out = redaction.lines(lines)
        #expect(out == [lines[0], "<PRIVATE_KEY>", lines[2], "<PRIVATE_KEY>", lines[4], lines[5]])

        func write(_ app: String, _ lines: [String]) -> LogStreamWrite {
            var columns = LogColumns()
            for line in lines { columns.append(1, line: Array(line.utf8).span) }
            return LogStreamWrite(labels: Labels(["app": app]), entries: columns)
        }
        func text(_ write: LogStreamWrite) -> [String] {
            (0..<write.entries.count).map { String(decoding: write.entries.lineBytes[write.entries.lineRange($0)], as: UTF8.self) }
        }
        #expect(text(redaction.redactor.redact(write("a", [lines[0]]))) == [lines[0]])
        #expect(text(redaction.redactor.redact(write("b", [lines[1]]))) == [lines[1]])
        #expect(text(redaction.redactor.redact(write("a", [lines[1], lines[4], lines[5]]))) == ["<PRIVATE_KEY>", lines[4], lines[5]])
    }

    @Test func `Columns keep their shape, clean lines their bytes`() {
        let redaction = Redaction()
        var columns = LogColumns()
        let set = columns.metadataIndex(for: Labels(["fnr": "02013299997", "trace": "abc"]))
        for (index, line) in ["ren linje", "fnr 02013299997 ok", "", "ren igjen", "mail a.b@example.no"].enumerated() {
            columns.append(Int64(index), line: Array(line.utf8).span, metadataIndex: index == 1 ? set : 0)
        }
        let out = redaction.redactor.redact([LogStreamWrite(labels: Labels(["app": "x", "epost": "a.b@example.no"]), entries: columns)])[0]
        let lines = (0..<out.entries.count).map {
            Redaction.withoutTokens(String(decoding: out.entries.lineBytes[out.entries.lineRange($0)], as: UTF8.self))
        }
        #expect(lines == ["ren linje", "fnr <FNR> ok", "", "ren igjen", "mail <EMAIL>"])
        #expect(out.entries.timestamps == [0, 1, 2, 3, 4])
        #expect(Redaction.withoutTokens(out.entries.metadata(1)["fnr"] ?? "") == "<FNR>")
        #expect(out.entries.metadata(1)["trace"] == "abc")
        #expect(Redaction.withoutTokens(out.labels["epost"] ?? "") == "<EMAIL>")
        #expect(redaction.redactor.counts[.fnr] == 2)
        #expect(redaction.redactor.counts[.email] == 2)
    }

    @Test func `Labels are judged under their names`() {
        let redactor = Redaction().redactor
        let labels = redactor.redact(
            labels: Labels([
                "__name__": "up", "instance": "81.2.69.142:9100", "password": #"a"b"#, "user": "kari", "path": "/x", "konto": "12345678903",
            ]))
        #expect(labels["instance"] == "81.2.69.142:9100")
        #expect(labels["password"] == "<SECRET>")
        #expect(Redaction.withoutTokens(labels["user"] ?? "") == "<USER>")
        #expect(Redaction.withoutTokens(labels["konto"] ?? "") == "<ACCOUNT>")
        #expect(labels["path"] == "/x")
    }

    @Test func `Labels that are members of an object are judged by the object's name`() {
        let redactor = Redactor(pseudonyms: nil)
        let labels: Labels = [
            "password": #"["a1","b2"]"#, "secret": #"{"v":"hunter2x"}"#, "password_v": "hunter2x", "user_password_0": "hunter2x",
            "navn": #"{"first":"Kari","last":"Nordmann"}"#, "navn_first": "Kari", "token_type": "Bearer1x", "session_state": "open",
            "secret_name": "db-creds", "password_age": "12", "args": #"["--password","hunter2x"]"#, "user": "null", "owner": "-",
        ]
        #expect(
            redactor.redact(labels: labels)
                == [
                    "password": "<SECRET>", "secret": "<SECRET>", "password_v": "<SECRET>", "user_password_0": "<SECRET>",
                    "navn": #"{"first":"<NAME>","last":"<NAME>"}"#, "navn_first": "<NAME>", "token_type": "Bearer1x",
                    "session_state": "open", "secret_name": "db-creds", "password_age": "12", "args": #"["--password","<SECRET>"]"#,
                    "user": "null", "owner": "-",
                ])
        #expect(redactor.redact("hunter2x", within: "db.password") == "<SECRET>")
        #expect(redactor.redact("premium", within: "user") == "premium")
    }

    @Test func `Names and what machines set are judged where they could hold somebody`() {
        let redactor = Redactor(pseudonyms: nil)
        let labels: Labels = [
            "__name__": "logins_of_02013299997_total", "instance": "10.1.2.3:9100", "job": "kari@example.no", "user_02013299997": "x",
            "le": "0.5",
        ]
        let found = redactor.redact(labels: labels)
        #expect(!found.description.contains("02013299997"))
        #expect(!found.description.contains("kari"))
        #expect(found.name.hasPrefix("logins_of_") && found.name.hasSuffix("_total"))
        #expect(found["instance"] == "10.1.2.3:9100")
        #expect(found["le"] == "0.5")
        #expect(redactor.redact(labels: ["job": "api", "instance": "node-20261126"])["instance"] != nil)
        #expect(redactor.redact(text: "Mail to kari@example.no") != "Mail to kari@example.no")
        #expect(redactor.redact(name: "http_requests_total") == "http_requests_total")
    }

    @Test func `Policies choose the action by type and stream`() throws {
        var strict = RedactionPolicy()
        strict.makeStrict()
        strict.actions = [.email: .truncate, .fnr: .drop, .card: .truncate, .phone: .keep]
        strict.ownDetectors = [try OwnDetector(name: "kundenr", pattern: #"K-(\d{6})"#, action: .mask)]
        strict.extraKeys = [("kallesignal", .secret)]
        let redactor = Redactor(
            policies: RedactionPolicies(overrides: [(try StreamSelector([LabelMatcher("app", .matches, "bank|.*pay")]), strict)]),
            pseudonyms: Pseudonyms(KeyRing(now: 0)))
        let line = Array("a.b@example.no 02013299997 4111111111111111 81.2.69.142 +4799887766 K-123456 kallesignal=LA1B".utf8)
        var output: [UInt8] = []
        var state = StreamState()
        var session = redactor.session(for: Labels(["app": "mypay"]))
        _ = session.redact(line.span, into: &output, state: &state)
        #expect(
            String(decoding: output, as: UTF8.self)
                == "<EMAIL>@example.no  <CARD:1111> 81.2.0.0 +4799887766 K-<KUNDENR> kallesignal=<SECRET>")
        output.removeAll()
        var other = redactor.session(for: Labels(["app": "web"]))
        _ = other.redact(line.span, into: &output, state: &state)
        #expect(String(decoding: output, as: UTF8.self).hasSuffix("K-123456 kallesignal=LA1B"))
    }

    @Test func `A redacted line is redacted no further`() {
        var canaries = PersonalDataCanaries(seed: 7)
        let redaction = Redaction()
        for _ in 0..<500 {
            let canary = canaries.next()
            let once = redaction.lines(["\(canary.key)=\(canary.text) password=abc user=kari ip=81.2.69.142 {\"navn\":\"Kari N\"}"])[0]
            #expect(redaction.lines([once])[0] == once)
        }
    }
}
