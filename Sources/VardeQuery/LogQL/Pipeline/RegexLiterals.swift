/// Byte strings every match of a regular expression holds, found without trying; too few rather than a wrong one.
enum RegexLiterals {
    /// Whether a pattern is a plain text.
    static func isPlain(_ pattern: String) -> Bool {
        !pattern.utf8.contains { special.contains($0) }
    }

    private static let special = Set(#".*+?()[]{}^$\|"#.utf8)

    /// Groups of alternatives, one of each of which every match holds; nil where nothing is known.
    static func required(by pattern: String) -> [[[UInt8]]]? {
        let bytes = Array(pattern.utf8)
        if bytes.contains(where: { $0 >= 0x80 }) && pattern.contains("(?") { return nil }
        // Flags change what letters mean.
        var i = 0
        while i + 1 < bytes.count {
            if bytes[i] == UInt8(ascii: "\\") {
                i += 2
                continue
            }
            if bytes[i] == UInt8(ascii: "("), bytes[i + 1] == UInt8(ascii: "?"), i + 2 < bytes.count {
                let next = bytes[i + 2]
                if next != UInt8(ascii: ":"), next != UInt8(ascii: "P"), next != UInt8(ascii: "<") { return nil }
            }
            i += 1
        }
        guard let branches = branches(bytes) else { return nil }
        if branches.count == 1 {
            let runs = runs(branches[0])
            return runs.isEmpty ? nil : runs.map { [$0] }
        }
        var alternatives: [[UInt8]] = []
        for branch in branches {
            guard let longest = runs(branch).max(by: { $0.count < $1.count }) else { return nil }
            alternatives.append(longest)
        }
        return alternatives.count > 64 ? nil : [alternatives]
    }

    /// What stands between the bars outside parentheses and classes; a pattern wholly in parentheses is looked into.
    private static func branches(_ bytes: [UInt8]) -> [ArraySlice<UInt8>]? {
        var result: [ArraySlice<UInt8>] = []
        var start = 0
        var depth = 0
        var i = 0
        while i < bytes.count {
            switch bytes[i] {
            case UInt8(ascii: "\\"):
                if i + 1 < bytes.count, bytes[i + 1] == UInt8(ascii: "Q") { return nil }
                i += 1
            case UInt8(ascii: "["): i = endOfClass(bytes[...], i)
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"): depth -= 1
            case UInt8(ascii: "|") where depth == 0:
                result.append(bytes[start..<i])
                start = i + 1
            default: break
            }
            i += 1
        }
        result.append(bytes[start...])
        return result
    }

    /// The closing bracket of the class that opens at an index.
    private static func endOfClass(_ bytes: ArraySlice<UInt8>, _ open: Int) -> Int {
        var i = open + 1
        if i < bytes.endIndex, bytes[i] == UInt8(ascii: "^") { i += 1 }
        if i < bytes.endIndex, bytes[i] == UInt8(ascii: "]") { i += 1 }
        while i < bytes.endIndex, bytes[i] != UInt8(ascii: "]") {
            if bytes[i] == UInt8(ascii: "["), i + 1 < bytes.endIndex, bytes[i + 1] == UInt8(ascii: ":") {
                while i + 1 < bytes.endIndex, !(bytes[i] == UInt8(ascii: ":") && bytes[i + 1] == UInt8(ascii: "]")) { i += 1 }
            }
            i += bytes[i] == UInt8(ascii: "\\") ? 2 : 1
        }
        return i
    }

    /// Runs of literal bytes outside groups and classes.
    private static func runs(_ branch: ArraySlice<UInt8>) -> [[UInt8]] {
        var runs: [[UInt8]] = []
        var run: [UInt8] = []
        func close() {
            if !run.isEmpty { runs.append(run) }
            run = []
        }
        var i = branch.startIndex
        while i < branch.endIndex {
            let byte = branch[i]
            switch byte {
            case UInt8(ascii: "("):
                close()
                var depth = 0
                while i < branch.endIndex {
                    switch branch[i] {
                    case UInt8(ascii: "\\"): i += 1
                    case UInt8(ascii: "["): i = endOfClass(branch, i)
                    case UInt8(ascii: "("): depth += 1
                    case UInt8(ascii: ")"): depth -= 1
                    default: break
                    }
                    if depth == 0 { break }
                    i += 1
                }
            case UInt8(ascii: "["):
                close()
                i = endOfClass(branch, i)
            case UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "$"): close()
            case UInt8(ascii: "*"), UInt8(ascii: "?"), UInt8(ascii: "{"):
                // What stands before may be absent.
                if !run.isEmpty {
                    while let last = run.popLast(), last & 0xC0 == 0x80 {}
                }
                close()
                if byte == UInt8(ascii: "{") { while i < branch.endIndex, branch[i] != UInt8(ascii: "}") { i += 1 } }
            case UInt8(ascii: "+"): close()
            case UInt8(ascii: "\\"):
                i += 1
                guard i < branch.endIndex else { break }
                if special.contains(branch[i]) || branch[i] == UInt8(ascii: "-") || branch[i] == UInt8(ascii: "/")
                    || branch[i] == UInt8(ascii: "\"")
                {
                    run.append(branch[i])
                } else {
                    close()
                    // Escapes with an argument: skip it whole.
                    if [UInt8(ascii: "x"), UInt8(ascii: "p"), UInt8(ascii: "P")].contains(branch[i]) { return runs }
                    if LogQLUnits.isDigit(branch[i]) { return runs }
                }
            default: run.append(byte)
            }
            i += 1
        }
        close()
        return runs
    }
}
