internal import VardeKernels

/// Elements one behind the other in room that stays when they are let go of: emptying and filling again costs next to nothing.
struct Room<Element: Sendable>: Sendable {
    /// The elements, and behind them what was written before.
    private(set) var storage: [Element] = []
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }
    var elements: ArraySlice<Element> { storage[0..<count] }
    var last: Element? { count == 0 ? nil : storage[count - 1] }

    /// Lets go of the elements; what they were stays in memory until it is written over.
    mutating func empty() { count = 0 }

    subscript(index: Int) -> Element {
        @inline(__always) get {
            assert(index < count, "behind the elements")
            return storage[index]
        }
        @inline(__always) set {
            assert(index < count, "behind the elements")
            storage[index] = newValue
        }
    }

    @inline(__always)
    mutating func append(_ element: Element) {
        if count < storage.count { storage[count] = element } else { storage.append(element) }
        count += 1
    }

    mutating func sort(by isBefore: (Element, Element) -> Bool) {
        let sorted = elements.sorted(by: isBefore)
        for i in 0..<count { storage[i] = sorted[i] }
    }
}

extension Room<UInt8> {
    /// Appends a stretch of a text.
    @inline(__always)
    mutating func append(_ text: Span<UInt8>, _ range: Range<Int>) {
        if storage.count &- count < range.count { grow(range.count) }
        Bytes.store(text.extracting(range), at: count, in: &storage)
        count += range.count
    }

    /// Appends a stretch of a text, then one of each of two others.
    @inline(__always)
    mutating func append(
        _ text: Span<UInt8>, _ range: Range<Int>, _ second: Span<UInt8>, _ secondRange: Range<Int>, _ third: Span<UInt8>,
        _ thirdRange: Range<Int>
    ) {
        let more = range.count + secondRange.count + thirdRange.count
        if storage.count &- count < more { grow(more) }
        Bytes.store(
            text.extracting(range), second.extracting(secondRange), third.extracting(thirdRange), at: count, in: &storage)
        count += more
    }

    mutating func append(_ text: String) {
        for byte in text.utf8 { append(byte) }
    }

    mutating func append(_ bytes: some Collection<UInt8>) {
        for byte in bytes { append(byte) }
    }

    /// Appends `<TYPE>`.
    mutating func appendPlaceholder(_ name: String) {
        append(0x3C)
        append(name)
        append(0x3E)
    }
}

extension Room<UInt32> {
    /// Appends `first` and those that follow it.
    mutating func append(from first: UInt32, count more: Int) {
        if storage.count &- count < more { grow(more) }
        Offsets.store(from: first, count: more, at: count, in: &storage)
        count += more
    }

    mutating func append(_ offsets: Span<UInt32>) {
        if storage.count &- count < offsets.count { grow(offsets.count) }
        Offsets.store(offsets, at: count, in: &storage)
        count += offsets.count
    }
}

extension Room where Element: ExpressibleByIntegerLiteral {
    @inline(never)
    private mutating func grow(_ more: Int) {
        storage.append(contentsOf: repeatElement(0, count: Swift.max(more, storage.count, 256)))
    }
}
