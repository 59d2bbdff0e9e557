extension Double {
    /// The NaN that marks the end of a series (Prometheus `value.StaleNaN`).
    package static let staleMarker = Double(bitPattern: 0x7ff0_0000_0000_0002)
    /// The NaN Prometheus writes for "not a number" proper (`value.NormalNaN`).
    package static let normalNaN = Double(bitPattern: 0x7ff8_0000_0000_0001)

    /// Whether this is the stale marker, by bits.
    @inlinable @inline(__always)
    package var isStaleMarker: Bool { bitPattern == 0x7ff0_0000_0000_0002 }
}
