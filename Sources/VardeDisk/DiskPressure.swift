/// Whether the disk has room for writes. It turns read-only below one mark and back above a higher one, so that it does not flutter.
package struct DiskPressure: Sendable, Equatable {
    /// Free bytes below which writing stops.
    package let stopBelow: Int
    /// Free bytes from which it goes on.
    package let resumeFrom: Int
    package private(set) var isReadOnly = false
    /// As last observed.
    package private(set) var freeBytes = Int.max

    /// - Precondition: `resumeFrom` is not below `stopBelow`.
    package init(stopBelow: Int, resumeFrom: Int) {
        precondition(stopBelow >= 0 && resumeFrom >= stopBelow, "writing would resume before it stops")
        self.stopBelow = stopBelow
        self.resumeFrom = resumeFrom
    }

    /// Takes in how much is free now; whether `isReadOnly` changed.
    package mutating func observe(freeBytes: Int) -> Bool {
        self.freeBytes = freeBytes
        let before = isReadOnly
        isReadOnly = freeBytes < (isReadOnly ? resumeFrom : stopBelow)
        return isReadOnly != before
    }
}
