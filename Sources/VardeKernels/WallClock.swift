import CVardeKernels

/// The clock on the wall.
package enum WallClock {
    /// Nanoseconds since 1970-01-01 UTC.
    package static var nanoseconds: Int64 { varde_wall_clock() }
}
