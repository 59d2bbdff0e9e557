import CVardeKernels

/// How the kernel keeps the clock: what `adjtimex` says.
package struct ClockDiscipline: Sendable {
    /// A number of the kernel's `struct timex`, in its units.
    package enum Field: Int, Sendable {
        case state, offset, frequency, maxError, estimatedError, status, constant, tick, ppsFrequency, ppsJitter, ppsShift, ppsStability,
            ppsJitters, ppsCalibrations, ppsErrors, ppsStabilityExceeded, tai
    }

    private let numbers: [Int64]

    /// nil where it may not be read.
    package init?() {
        var numbers = [Int64](repeating: 0, count: varde_clock_numbers)
        var span = numbers.mutableSpan
        guard varde_clock_discipline(&span) == 1 else { return nil }
        self.numbers = numbers
    }

    package subscript(field: Field) -> Double { Double(numbers[field.rawValue]) }

    /// Whether the clock is kept by nobody (`TIME_ERROR`).
    package var isUnsynchronised: Bool { numbers[Field.state.rawValue] == 5 }

    /// Parts of a second in `offset` and `ppsJitter`: nanoseconds where `STA_NANO` says so, else microseconds.
    package var offsetUnit: Double { numbers[Field.status.rawValue] & 0x2000 != 0 ? 1e9 : 1e6 }
}

/// The local time zone.
package struct LocalTimeZone: Sendable {
    package var name: String
    /// Seconds ahead of UTC.
    package var offset: Int64

    /// The zone at this moment.
    package init() {
        var text = [UInt8](repeating: 0, count: 64)
        var span = text.mutableSpan
        offset = varde_time_zone(&span)
        name = String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
    }
}
