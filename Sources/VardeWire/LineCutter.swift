/// Cuts lines out of bytes as they come; one that is too long is passed over.
package struct LineCutter: Sendable {
    private let maxLine: Int
    private var bytes: [UInt8] = []
    private var at = 0
    private var isTooLong = false
    /// Lines that were passed over.
    package private(set) var tooLong = 0

    package init(maxLine: Int) { self.maxLine = maxLine }

    package mutating func append(_ more: some Sequence<UInt8>) {
        bytes.append(contentsOf: more)
    }

    /// The next whole line without its end, nil where there is none yet.
    package mutating func next() -> ArraySlice<UInt8>? {
        while let end = bytes[at...].firstIndex(of: 10) {
            let line = bytes[at..<end]
            at = end + 1
            if isTooLong || line.count > maxLine {
                tooLong += 1
                isTooLong = false
                continue
            }
            return line
        }
        if bytes.count - at > maxLine {
            isTooLong = true
            at = bytes.count
        }
        // Lets go of what was taken, and of its memory: nothing raw stays on a connection that waits.
        if at > 0 { bytes = Array(bytes[at...]) }
        at = 0
        return nil
    }

    /// What came behind the last line's end.
    package mutating func finish() -> ArraySlice<UInt8>? {
        defer { at = bytes.count }
        return isTooLong || at == bytes.count ? nil : bytes[at...]
    }
}
