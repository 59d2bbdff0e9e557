import VardeCompression
import VardeModel

/// All streams of a store: their numbers, and for each label value the streams that have it.
struct StreamRegistry: Sendable {
    /// By number; empty label sets are numbers that are free.
    private(set) var labels: [Labels] = []
    private var ids: [Labels: UInt32] = [:]
    private var postings: [String: [String: [UInt32]]] = [:]
    private var free: [UInt32] = []
    /// Changes when numbers are taken back: those looked up before may name other streams now.
    private(set) var epoch = 0

    var count: Int { labels.count }

    var liveCount: Int { labels.count - free.count }

    func id(of labels: Labels) -> UInt32? { ids[labels] }

    func stream(_ id: UInt32) -> LogStream { LogStream(id: UInt64(id), labels: labels[Int(id)]) }

    /// The number of a label set, given one where it is new.
    mutating func intern(_ set: Labels) -> UInt32 {
        if let id = ids[set] { return id }
        let id: UInt32
        if let reused = free.popLast() {
            id = reused
            labels[Int(id)] = set
        } else {
            id = UInt32(labels.count)
            labels.append(set)
        }
        ids[set] = id
        for label in set { postings[label.name, default: [:]][label.value, default: []].append(id) }
        return id
    }

    /// Forgets all streams but these.
    mutating func keep(only live: StreamSet) {
        epoch += 1
        for id in labels.indices where !labels[id].isEmpty && !live.contains(UInt32(id)) {
            for label in labels[id] {
                postings[label.name]?[label.value]?.removeAll { $0 == UInt32(id) }
                if postings[label.name]?[label.value]?.isEmpty == true { postings[label.name]?[label.value] = nil }
            }
            ids[labels[id]] = nil
            labels[id] = .empty
            free.append(UInt32(id))
        }
        for name in postings.keys where postings[name]?.isEmpty == true { postings[name] = nil }
    }

    /// Streams that fulfil all matchers. Complexity: O(streams / 64) a matcher, and a test of each value for regular expressions.
    func matching(_ matchers: [LabelMatcher]) throws(LogStoreError) -> StreamSet {
        var set = StreamSet(count: labels.count)
        for id in labels.indices where !labels[id].isEmpty { set.insert(UInt32(id)) }
        for matcher in matchers {
            let values = postings[matcher.name] ?? [:]
            let test = try ValueTest(matcher)
            // Where a missing label does not match, those with a matching value stay; else those with another value go.
            let keepsAbsent = test.matches("")
            var found = StreamSet(count: labels.count)
            if case .equal = matcher.operation, !keepsAbsent {
                found.insert(contentsOf: values[matcher.value] ?? [])
            } else {
                for (value, ids) in values where test.matches(value) != keepsAbsent { found.insert(contentsOf: ids) }
            }
            if keepsAbsent { set.subtract(found) } else { set.formIntersection(found) }
        }
        return set
    }

    /// Names of labels that any of the streams has, sorted by bytes.
    func names(in live: StreamSet) -> [String] {
        postings.filter { _, values in values.values.contains { ids in ids.contains(where: live.contains) } }.map(\.key)
            .sorted { $0.utf8Precedes($1) }
    }

    /// Values of a label that any of the streams has, sorted by bytes.
    func values(of name: String, in live: StreamSet) -> [String] {
        (postings[name] ?? [:]).filter { _, ids in ids.contains(where: live.contains) }.map(\.key).sorted { $0.utf8Precedes($1) }
    }
}

/// One matcher, ready to test values.
struct ValueTest: Sendable {
    private let matcher: LabelMatcher
    private let regex: Regex?

    init(_ matcher: LabelMatcher) throws(LogStoreError) {
        self.matcher = matcher
        switch matcher.operation {
        case .equal, .notEqual: regex = nil
        case .matches, .notMatches:
            do throws(Regex.SyntaxError) { regex = try Regex(matcher.value) } catch {
                throw .regex("error parsing regexp: \(error.reason)")
            }
        }
    }

    func matches(_ value: String) -> Bool {
        switch matcher.operation {
        case .equal: value.hasSameUTF8(as: matcher.value)
        case .notEqual: !value.hasSameUTF8(as: matcher.value)
        case .matches: regex?.matchesWhole(value) ?? false
        case .notMatches: !(regex?.matchesWhole(value) ?? false)
        }
    }
}

/// Matchers of a selector, for one label set at a time.
struct StreamTest: Sendable {
    private let tests: [(name: String, test: ValueTest)]

    init(_ matchers: [LabelMatcher]) throws(LogStoreError) {
        var tests: [(name: String, test: ValueTest)] = []
        for matcher in matchers { tests.append((matcher.name, try ValueTest(matcher))) }
        self.tests = tests
    }

    func matches(_ labels: Labels) -> Bool { tests.allSatisfy { $0.test.matches(labels[$0.name] ?? "") } }
}

/// A set of stream numbers, a bit each.
struct StreamSet: Sendable {
    private var words: [UInt64]

    init(count: Int) { words = Array(repeating: 0, count: (count + 63) / 64) }

    func contains(_ id: UInt32) -> Bool {
        let word = Int(id >> 6)
        return word < words.count && words[word] >> UInt64(id & 63) & 1 == 1
    }

    mutating func insert(_ id: UInt32) {
        let word = Int(id >> 6)
        if word >= words.count { words.append(contentsOf: repeatElement(0, count: word + 1 - words.count)) }
        words[word] |= 1 << UInt64(id & 63)
    }

    mutating func remove(_ id: UInt32) {
        if Int(id >> 6) < words.count { words[Int(id >> 6)] &= ~(1 << UInt64(id & 63)) }
    }

    mutating func insert(contentsOf ids: [UInt32]) { for id in ids { insert(id) } }

    mutating func formIntersection(_ other: StreamSet) {
        for i in words.indices { words[i] &= i < other.words.count ? other.words[i] : 0 }
    }

    mutating func subtract(_ other: StreamSet) {
        for i in words.indices where i < other.words.count { words[i] &= ~other.words[i] }
    }

    var isEmpty: Bool { words.allSatisfy { $0 == 0 } }
    var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// Members, ascending.
    var members: [UInt32] {
        var members: [UInt32] = []
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                members.append(UInt32(index * 64 + rest.trailingZeroBitCount))
                rest &= rest - 1
            }
        }
        return members
    }
}
