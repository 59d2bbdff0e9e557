import Foundation
import Testing

@testable import VardePrivacy

/// Lines of many programs and languages, written from the rules: what must be gone, and what must stay.
///
/// A line each: what must be gone, separated by ` ¦ `, then ` ¦¦ ` and the line.
enum HardLines {
    struct Case {
        var gone: [String]
        var line: String
    }

    static var cases: [Case] {
        [numbers, contact, secrets, nested, written, prose].flatMap { $0.split(separator: "\n") }.map { text in
            let parts = String(text).components(separatedBy: " ¦¦ ")
            return Case(gone: parts[0].components(separatedBy: " ¦ "), line: parts.dropFirst().joined(separator: " ¦¦ "))
        }
    }

    /// Ways a program may write another's line into its own.
    static let wrappings: [(name: String, wrap: @Sendable (String) -> String)] = [
        ("itself", { $0 }),
        ("syslog", { "<134>1 2026-11-26T10:00:00Z web1 app 123 - - \($0)" }),
        ("JSON", { "{\"level\":\"info\",\"msg\":\(json($0)),\"n\":1}" }),
        ("JSON in JSON", { "{\"log\":\(json("{\"msg\":\(json($0))}"))}" }),
        ("logfmt", { "level=info msg=\(json($0)) took=3ms" }),
        ("colours", { "\u{1B}[1;36m\($0)\u{1B}[0m" }),
        ("nginx", { "GET / \"\(nginx($0))\" 200" }),
    ]

    private static func json(_ text: String) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// As nginx writes a variable into its log: quotes, backslashes and all but ASCII as `\xXX`.
    private static func nginx(_ text: String) -> String {
        text.utf8.map { byte in
            (32..<127).contains(byte) && byte != 0x22 && byte != 0x5C
                ? String(UnicodeScalar(byte)) : "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }

    /// What `\xXX` and `\"` stand for.
    static func plain(_ text: String) -> String {
        var bytes: [UInt8] = []
        let all = Array(text.utf8)
        var i = 0
        while i < all.count {
            if all[i] == 0x5C, i + 3 < all.count, all[i + 1] == 0x78,
                let byte = UInt8(String(decoding: all[i + 2...i + 3], as: UTF8.self), radix: 16)
            {
                bytes.append(byte)
                i += 4
            } else {
                bytes.append(all[i])
                i += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

@Suite struct HardLinesTests {
    @Test(arguments: HardLines.wrappings.indices) func `Nothing personal is left, however the line is wrapped`(index: Int) {
        let (name, wrap) = HardLines.wrappings[index]
        let cases = HardLines.cases
        #expect(cases.count > 300)
        // A stream each: a private key's beginning must not hide the lines behind it.
        let redact = Redaction()
        for one in cases {
            let output = HardLines.plain(redact(wrap(one.line)))
            for text in one.gone where output.contains(text) {
                Issue.record("\(name): \(text) is left in \(output), of \(one.line)")
            }
        }
    }

    @Test func `Colours, and dashes and blanks beyond ASCII, hide nothing`() {
        let redact = Redaction()
        for (before, value, after) in [
            ("", "02013299997", ""), ("fnr=", "02013299997", " ok"), ("", "4111 1111 1111 1111", ""), ("", "AKIAIOSFODNN7EXAMPLE", ""),
            ("password=", "hunter2x", ""), ("mail ", "kari@example.no", " x"), ("tlf ", "+47 41234567", ""),
        ] {
            for line in ["\(before)\u{1B}[36m\(value)\u{1B}[0m\(after)", "{\"m\":\"\(before)\\u001b[36m\(value)\\u001b[0m\(after)\"}"] {
                let output = redact(line)
                #expect(!output.contains(value), "\(line) became \(output)")
                #expect(output.hasSuffix(line.hasPrefix("{") ? "\(after)\"}" : "\u{1B}[0m\(after)"), "\(line) became \(output)")
            }
        }
        for separator in ["\u{2013}", "\u{2011}", "\u{A0}", "\u{2009}"] {
            let output = redact("fnr 020132\(separator)99997 x")
            #expect(!output.contains("99997"), "\(output)")
        }
    }

    @Test(arguments: HardLines.wrappings.indices.dropLast()) func `What is nobody's stays byte for byte`(index: Int) {
        let (name, wrap) = HardLines.wrappings[index]
        let redact = Redaction()
        for line in HardLines.kept.split(separator: "\n").map({ wrap(String($0)) }) where redact(line) != line {
            Issue.record("\(name): \(line) became \(redact(line))")
        }
    }

    @Test func `Tabs and newlines part a key from its value as blanks do`() {
        let redact = Redaction()
        for (line, expected) in HardLines.withTabs { #expect(redact(line) == expected) }
    }

    @Test(arguments: [
        ("version mismatch from 89.160.20.112", "version mismatch from 89.160.20.0"),
        ("build failed on 89.160.20.112", "build failed on 89.160.20.0"),
        ("release lock held by 89.160.20.112", "release lock held by 89.160.20.0"),
        ("version is 8.8.8.8", "version is 8.8.8.8"),
        (#""version":"8.8.8.8""#, #""version":"8.8.8.8""#),
        ("lib.so.8.8.8.8 app-8.8.8.8.jar", "lib.so.8.8.8.8 app-8.8.8.8.jar"),
        (#"{"a":"token=abc123def"}"#, #"{"a":"token=<SECRET>"}"#),
        (#"{"a":"{\"x\":\"token=abc123def\"}"}"#, #"{"a":"{\"x\":\"token=<SECRET>\"}"}"#),
        (#"{"password":{"v":["x1",{"n":12,"ok":true}]},"a":1}"#, #"{"password":{"v":["<SECRET>",{"n":"<SECRET>","ok":true}]},"a":1}"#),
        (#"{"navn":["Per Olsen"],"n":1}"#, #"{"navn":["<NAME>"],"n":1}"#),
        (#"{"user":{"plan":"premium","name":"karnor7"}}"#, #"{"user":{"plan":"premium","name":"<USER>"}}"#),
        (#"{"name":"cpu","value":"hunter2x"}"#, #"{"name":"cpu","value":"hunter2x"}"#),
        ("TOKEN_LIMIT=4096 SESSION_TIMEOUT_MS=3000 SECRET_NAME=db", "TOKEN_LIMIT=4096 SESSION_TIMEOUT_MS=3000 SECRET_NAME=db"),
        (#"password="" user="root" x="a&b""#, #"password="" user="root" x="a&b""#),
        ("ratio 0.12345678,0.87654321", "ratio 0.12345678,0.87654321"),
        ("user=<nil> navn=<null> password=<nil>", "user=<nil> navn=<null> password=<nil>"),
        ("user=null user=- user=\"null\"", "user=null user=- user=\"null\""),
        (#"{"msg":"session="}"#, #"{"msg":"session="}"#),
        ("response=4bf92f3577b34da6a3ce929d0e0e4736", "response=4bf92f3577b34da6a3ce929d0e0e4736"),
        ("nonce=aa response=4bf92f3577b34da6a3ce929d0e0e4736", "nonce=aa response=<SECRET>"),
    ]) func `Words far from a number say nothing about it, quotes end where they end`(line: String, expected: String) {
        #expect(Redaction()(line) == expected)
    }
}
