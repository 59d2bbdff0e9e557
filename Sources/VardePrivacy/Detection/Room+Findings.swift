/// Findings in the order of where they begin, none of which overlap.
extension Room<Finding> {
    /// Puts a finding behind the others, which begin before it, or makes it one with the last.
    @inline(__always)
    mutating func join(_ finding: Finding) {
        guard let last, finding.start < last.end else { return append(finding) }
        if finding.type.rawValue <= last.type.rawValue {
            self[count - 1] = finding
            self[count - 1].start = last.start
        }
        self[count - 1].end = Swift.max(last.end, finding.end)
    }

    /// Stable, since findings of inner layers come later and name the value better.
    mutating func sortByStart() {
        if count > 24 { return sort { $0.start < $1.start } }
        for i in 1..<count {
            var k = i
            while k > 0, self[k].start < self[k - 1].start {
                (self[k], self[k - 1]) = (self[k - 1], self[k])
                k -= 1
            }
        }
    }

    /// Takes the findings of two runs, each in order, the second from `middle` on; of two that begin alike that of the first comes first.
    mutating func unite(_ runs: Room<Finding>, middle: Int) {
        empty()
        var first = 0
        var second = middle
        while first < middle || second < runs.count {
            let isSecond = first == middle || second < runs.count && runs[second].start < runs[first].start
            join(runs[isSecond ? second : first])
            if isSecond { second += 1 } else { first += 1 }
        }
    }
}
