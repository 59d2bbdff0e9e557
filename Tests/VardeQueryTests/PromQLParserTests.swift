import TestSupport
import Testing
import VardeModel

@testable import VardeQuery

@Suite struct PromQLParserTests {
    /// The error a query is refused with.
    private func refusal(_ query: String) -> String {
        do throws(PromQLParseError) {
            _ = try PromQLParser.parse(query)
            return "accepted"
        } catch {
            return error.message
        }
    }

    @Test(arguments: [
        ("http_requests_total{", "1:21: parse error: unexpected end of input inside braces"),
        ("rate(up)", "1:6: parse error: expected type range vector in call to function \"rate\", got instant vector"),
        ("up[5m] + 1", "1:1: parse error: binary expression must contain only scalar and instant vector types"),
        ("sum by (job (up)", "1:13: parse error: unexpected \"(\" in grouping opts, expected \",\" or \")\""),
        ("sum(up) by", "1:11: parse error: unexpected end of input in grouping opts, expected \"(\""),
        ("sum(up foo)", "1:8: parse error: unexpected identifier \"foo\" in aggregation"),
        ("1 +", "1:4: parse error: unexpected end of input"),
        ("up =~ 1", "1:4: parse error: unexpected character after '=': '~'"),
        ("", "unknown position: parse error: no expression found in input"),
        ("foo[5m", "1:7: parse error: unclosed left bracket"),
        ("foo[]", "1:5: parse error: unexpected \"]\" in subquery or range selector, expected number, duration, step(), or range()"),
        ("1 == 1", "1:3: parse error: comparisons between scalars must use BOOL modifier"),
        ("a and 1", "1:1: parse error: set operator \"and\" not allowed in binary scalar expression"),
        ("foo\n+ bar baz", "2:7: parse error: unexpected identifier \"baz\""),
        ("foo offset 5m offset 5m", "1:1: parse error: offset may not be set multiple times"),
        ("{a=~\"[\"}", "1:2: parse error: error parsing regexp: missing closing ]: `[`"),
        ("nope(1)", "1:1: parse error: unknown function with name \"nope\""),
    ])
    func `errors read like Prometheus' own`(query: String, message: String) {
        #expect(refusal(query) == message)
    }

    @Test(arguments: [
        "-foo ^ 2", "foo offset -2 ^ 2", "foo[5m] smoothed @ 1.500 offset -1m", "sum by (job, \"a.b\") (rate(foo[5m]))",
        "a * on (x) group_left (y) fill_left (0) fill_right (1) b", "foo[5m + step():(2 * 30s)]", "foo offset (5m + 10s)",
        "{__name__=~\"a.*\",x!=\"\"}", "quantile without (a) (0.9, foo)", "start + end + step + fill + anchored", "histogram </ 5",
        "1 - (2 - 3) ^ 4", "limit_ratio by (a) (-0.5, foo)", "foo @ start()", "foo[1h:] offset 1d", "sum(foo) or bar unless baz",
    ])
    func `what is printed reads back the same`(query: String) throws {
        let once = try PromQLParser.parse(query).description
        #expect(try PromQLParser.parse(once).description == once)
    }

    @Test func `operators bind as in Prometheus`() throws {
        func shape(_ query: String) throws -> String { try parenthesised(PromQLParser.parse(query)) }
        #expect(try shape("1 + 2 * 3 ^ 2 ^ 2") == "(1 + (2 * (3 ^ (2 ^ 2))))")
        #expect(try shape("-a ^ 2 * b") == "((-(a ^ 2)) * b)")
        #expect(try shape("a or b and c unless d") == "(a or ((b and c) unless d))")
        #expect(try shape("a > b + c == d") == "((a > (b + c)) == d)")
        #expect(try shape("2 ^ -1 * 3") == "((2 ^ -1) * 3)")
    }

    private func parenthesised(_ expression: PromQLExpression) -> String {
        switch expression {
        case .binary(let node): "(\(parenthesised(node.left)) \(node.operation.rawValue) \(parenthesised(node.right)))"
        case .unary(let node): "(\(node.isNegative ? "-" : "+")\(parenthesised(node.expression)))"
        default: expression.description
        }
    }

    @Test func `nesting and chains have limits that are told`() {
        #expect(refusal(String(repeating: "(", count: 10_000) + "1").contains("nested more than"))
        #expect(refusal(String(repeating: "-", count: 10_000) + "1").contains("nested more than"))
        #expect(refusal("a" + String(repeating: " or a", count: 200_000)).contains("operations one inside the other"))
        #expect(refusal("a[" + String(repeating: "(", count: 10_000)).contains("nested more than"))
        #expect(refusal("a[1m" + String(repeating: "+1m", count: 100_000) + "]").contains("operations one inside the other"))
        #expect(refusal(String(repeating: "(", count: 200) + "1" + String(repeating: ")", count: 200)) == "accepted")
    }

    @Test(arguments: ["nan", "-NaN"]) func `an offset that is no number is the furthest there is`(text: String) throws {
        guard case .selector(let selector) = try PromQLParser.parse("load offset \(text)") else {
            Issue.record("something else is made of it")
            return
        }
        #expect(selector.shift.offset == -9_223_372_036_854)
    }

    @Test func `words of matching are no labels to group by`() {
        for word in ["without", "on", "ignoring", "group_left", "group_right"] {
            #expect(refusal("sum by (\(word)) (load)").contains("unexpected <\(word)> in grouping opts, expected label"))
        }
        for word in ["by", "bool", "offset", "sum", "start", "and"] { #expect(refusal("sum by (\(word)) (load)") == "accepted") }
    }

    @Test func `numbers are read as Go reads them`() throws {
        func value(_ text: String) throws -> Double {
            guard case .number(let number) = try PromQLParser.parse(text) else { return .nan }
            return number.value
        }
        #expect(try value("0x1F") == 31)
        #expect(try value("1_000.5e3") == 1_000_500)
        #expect(try value("010") == 8)
        #expect(try value(".5") == 0.5)
        #expect(try value("1h30m") == 5400)
        #expect(try value("-Inf") == -.infinity)
        #expect(refusal("1__0").contains("bad number"))
        #expect(refusal("5mm").contains("bad number or duration syntax"))
    }

    @Test func `long lines are broken`() throws {
        let query =
            "sum by (job, instance) (rate(http_requests_total{code=\"200\"}[5m])) / sum by (job, instance) (rate(http_requests_total[5m]))"
        #expect(
            try PromQLParser.parse(query).pretty == """
                  sum by (job, instance) (rate(http_requests_total{code="200"}[5m]))
                /
                  sum by (job, instance) (rate(http_requests_total[5m]))
                """)
    }

    @Test func `random bytes never bring the parser down`() {
        let words = [
            "sum", "(", ")", "{", "}", "[", "]", "5m", "1", "by", "a", "=", "\"x\"", ",", "+", "-", "or", "@", "offset", "step()", ":", "^",
            "fill(", "on", "`", "'", "\\", "#", "\n", "rate", "é", "start()", "bool", "</",
        ]
        var generator = SeededGenerator(seed: 7)
        for round in 0..<3000 {
            let query = (0..<Int.random(in: 1...20, using: &generator)).map { _ in words.randomElement(using: &generator) ?? "" }
                .joined(separator: Bool.random(using: &generator) ? " " : "")
            do throws(PromQLParseError) {
                let printed = try PromQLParser.parse(query).description
                #expect((try? PromQLParser.parse(printed)) != nil, "round \(round): \(query)")
            } catch {
                #expect(error.range.start >= 0 && error.range.start <= query.utf8.count)
            }
        }
    }
}
