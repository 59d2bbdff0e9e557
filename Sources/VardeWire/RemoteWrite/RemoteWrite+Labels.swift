import VardeKernels
package import VardeModel

extension RemoteWrite {
    /// Labels of one series from the bytes `decode` pointed at.
    ///
    /// - Throws: what makes them no label set: no metric name, an empty or repeated name, invalid UTF-8.
    package static func labels(_ bytes: Span<UInt8>) throws(WireError) -> Labels {
        var labels: [Label] = []
        var broken: Label?
        do throws(ProtobufReader.Fault) {
            var reader = ProtobufReader(0..<bytes.count)
            while !reader.isAtEnd {
                let (field, type) = try reader.tag(bytes)
                guard field == 1, type == 2 else {
                    try reader.skip(type, bytes)
                    continue
                }
                var inner = ProtobufReader(try reader.delimited(bytes))
                var name = 0..<0
                var value = 0..<0
                while !inner.isAtEnd {
                    let (field, type) = try inner.tag(bytes)
                    switch (field, type) {
                    case (1, 2): name = try inner.delimited(bytes)
                    case (2, 2): value = try inner.delimited(bytes)
                    default: try inner.skip(type, bytes)
                    }
                }
                let label = Label(Bytes.string(bytes.extracting(name)), Bytes.string(bytes.extracting(value)))
                guard UTF8Check.isValid(bytes.extracting(name)), UTF8Check.isValid(bytes.extracting(value)) else {
                    broken = label
                    break
                }
                labels.append(label)
            }
        } catch {
            throw error.wire
        }
        if let broken { throw WireError("label \(broken.name.quoted) is not valid UTF-8: \(broken.value.quoted)") }
        return try validate(labels)
    }

    /// Makes a label set of a sender's labels, sorted where they are not.
    package static func validate(_ labels: [Label]) throws(WireError) -> Labels {
        // Senders sort, as the protocol asks: nothing is moved or compared twice then.
        if isInOrder(labels) {
            let set = Labels(sortedUnchecked: labels)
            if set.name.isEmpty { throw WireError("a series without a metric name: \(set)") }
            return set
        }
        for label in labels where label.name.isEmpty {
            throw WireError("a label with an empty name in \(Labels(labels.filter { !$0.name.isEmpty }))")
        }
        let sorted = labels.sorted { $0.name.utf8Precedes($1.name) }
        for (one, next) in zip(sorted, sorted.dropFirst()) where one.name.hasSameUTF8(as: next.name) {
            throw WireError("label \(one.name.quoted) is given twice in \(Labels(labels))")
        }
        let set = Labels(labels)
        if set.name.isEmpty { throw WireError("a series without a metric name: \(set)") }
        return set
    }

    /// Whether labels are as a set has them: each name once, ascending, nothing empty.
    private static func isInOrder(_ labels: [Label]) -> Bool {
        for index in labels.indices {
            if labels[index].name.isEmpty || labels[index].value.isEmpty { return false }
            if index > 0, !labels[index - 1].name.utf8Precedes(labels[index].name) { return false }
        }
        return true
    }
}
