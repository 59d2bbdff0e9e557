import CVardeKernels

/// Sample values and points as Prometheus' API writes them: the shortest digits that read back as the same double.
package enum NumberText {
    /// Appends a value: no exponent from 1e-6 up to 1e21, `NaN`, `+Inf`, `-Inf`.
    package static func append(_ value: Double, to out: inout [UInt8]) {
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: VARDE_SAMPLE_TEXT_SIZE) { buffer in
            let count = unsafe varde_sample_text(value, buffer.baseAddress!, buffer.count)
            unsafe out.append(contentsOf: buffer[..<count])
        }
    }

    /// Appends `[seconds,"value"]` for each point of one kind, commas between. Times are milliseconds; all three have one length.
    ///
    /// - Returns: whether there was any.
    package static func appendPoints(
        _ times: Span<Int64>, _ values: Span<Double>, _ kinds: Span<UInt8>, kind: UInt8, to out: inout [UInt8]
    ) -> Bool {
        let count = values.count
        precondition(times.count == count && kinds.count == count, "columns of different lengths")
        if count == 0 { return false }
        let room = count * VARDE_POINT_TEXT_SIZE
        return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: room) { buffer in
            let written = unsafe times.withUnsafeBufferPointer { times in
                unsafe values.withUnsafeBufferPointer { values in
                    unsafe kinds.withUnsafeBufferPointer { kinds in
                        unsafe varde_points_text(
                            times.baseAddress!, values.baseAddress!, kinds.baseAddress!, count, kind, buffer.baseAddress!, room)
                    }
                }
            }
            unsafe out.append(contentsOf: buffer[..<written])
            return written > 0
        }
    }
}
