import ArgumentParser
import Foundation
import VardeModel
import VardeRules

/// `varde check rules`: reads rule files as Prometheus would; says and exits as `promtool check rules`.
struct CheckRulesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules", abstract: "Say whether files of recording and alerting rules are valid.",
        discussion:
            "Without a file, standard input is read. Exits 1 where a file is not valid, 3 where only the lint found something and --lint-fatal is given."
    )

    enum Lint: String, ExpressibleByArgument, CaseIterable {
        case all, duplicateRules = "duplicate-rules", none
    }

    @Option(name: .long, help: "What to look for beyond errors: all, duplicate-rules or none.")
    var lint = Lint.duplicateRules

    @Flag(name: .long, help: "Exit 3 where the lint finds something.")
    var lintFatal = false

    @Argument(help: "The files.")
    var files: [String] = []

    func run() throws {
        var hasErrors = false
        var hasLint = false
        for file in files.isEmpty ? [nil] : files.map(Optional.some) {
            Terminal.write(file.map { "Checking \($0)\n" } ?? "Checking standard input\n")
            let prefix = file.map { "\($0): " } ?? ""
            let text: String
            do {
                text = try RuleFiles.text(of: file)
            } catch {
                Terminal.complain("  FAILED:\n\(prefix)\(error)")
                hasErrors = true
                continue
            }
            let (rules, errors) = RuleFile.read(text)
            if !errors.isEmpty {
                Terminal.complain("  FAILED:\n" + errors.map { prefix + $0.description }.joined(separator: "\n"))
                hasErrors = true
                continue
            }
            let duplicates = lint == .none ? [] : DuplicateRules.find(in: rules)
            if duplicates.isEmpty {
                Terminal.write("  SUCCESS: \(rules.ruleCount) rules found\n")
            } else {
                Terminal.complain("  FAILED:\n" + DuplicateRules.complaint(duplicates))
                hasLint = true
            }
            Terminal.write("\n")
        }
        if hasErrors { throw ExitCode(1) }
        if hasLint, lintFatal { throw ExitCode(3) }
    }
}

/// Rule files on disk.
enum RuleFiles {
    /// Bytes a file of rules may have.
    private static let maxBytes = 64 << 20

    /// The text of a file; of standard input where none is named.
    static func text(of file: String?) throws -> String {
        let data: Data?
        if let file { data = FileManager.default.contents(atPath: file) } else { data = try FileHandle.standardInput.readToEnd() ?? Data() }
        guard let data else { throw CommandFailure("open \(file ?? ""): no such file or directory") }
        guard data.count <= maxBytes else { throw CommandFailure("larger than \(maxBytes) bytes") }
        guard let text = String(validating: data, as: UTF8.self) else { throw CommandFailure("not UTF-8") }
        return text
    }

    /// A file name's pattern as a regular expression; nil where it is none.
    private static func expression(of pattern: String) -> Regex<AnyRegexOutput>? {
        var text = ""
        var rest = Substring(pattern)
        while let first = rest.popFirst() {
            switch first {
            case "*": text += ".*"
            case "?": text += "."
            case "[":
                guard let end = rest.dropFirst().firstIndex(of: "]") else { return nil }
                text += "[" + rest[..<end] + "]"
                rest = rest[rest.index(after: end)...]
            default: text += NSRegularExpression.escapedPattern(for: String(first))
            }
        }
        return try? Regex(text)
    }

    /// Files that match a pattern whose last part may hold `*`, `?` and `[…]`, sorted.
    static func matching(_ pattern: String) -> [String] {
        let slash = pattern.lastIndex(of: "/")
        let folder = slash.map { String(pattern[..<$0]) } ?? "."
        let last = slash.map { String(pattern[pattern.index(after: $0)...]) } ?? pattern
        guard last.contains(where: { "*?[".contains($0) }) else { return FileManager.default.fileExists(atPath: pattern) ? [pattern] : [] }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "/" : folder)) ?? []
        guard let shape = expression(of: last) else { return [] }
        return names.filter { $0.wholeMatch(of: shape) != nil }.sorted().map { slash == nil ? $0 : "\(folder)/\($0)" }
    }
}

/// `varde test`: what can be tried without a server.
struct TestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Try rules on made-up series.", subcommands: [TestRulesCommand.self])
}

/// `varde test rules`: runs promtool's unit-test files.
struct TestRulesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules", abstract: "Run unit tests of rules, in promtool's format.",
        discussion: "Exits 1 where a test fails, as `promtool test rules` does.")

    @Option(name: .customLong("run"), help: "Run only tests whose name matches this regular expression. May be given several times.")
    var wanted: [String] = []

    @Argument(help: "The test files.")
    var files: [String]

    func run() throws {
        let patterns: [Regex<AnyRegexOutput>]
        do { patterns = try wanted.map { try Regex($0) } } catch { throw ValidationError("--run is not a regular expression: \(error)") }
        var failed = false
        for file in files {
            let errors = Self.errors(of: file) { name in
                patterns.isEmpty || patterns.contains { name.firstMatch(of: $0) != nil }
            }
            if errors.isEmpty {
                Terminal.write("  SUCCESS\n")
            } else {
                failed = true
                Terminal.complain("  FAILED:")
                for error in errors {
                    Terminal.complain(error)
                    Terminal.write("\n")
                }
            }
            Terminal.write("\n")
        }
        if failed { throw ExitCode(1) }
    }

    private static func errors(of file: String, where isWanted: (String) -> Bool) -> [String] {
        do {
            let test = try RuleUnitTestFile(try RuleFiles.text(of: file))
            let folder = file.lastIndex(of: "/").map { String(file[..<$0]) } ?? "."
            var rules: [RuleFile] = []
            for pattern in test.ruleFiles {
                let path = pattern.hasPrefix("/") ? pattern : "\(folder)/\(pattern)"
                let found = RuleFiles.matching(path)
                if found.isEmpty { Terminal.complain("  WARNING: no file match pattern \(path)") }
                for name in found {
                    let (file, errors) = RuleFile.read(try RuleFiles.text(of: name))
                    if !errors.isEmpty { return errors.map { "\(name): \($0)" } }
                    rules.append(file)
                }
            }
            return RuleUnitTestRun(test, rules: rules).run(where: isWanted)
        } catch {
            return ["\(error)"]
        }
    }
}
