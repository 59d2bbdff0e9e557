import CVardeKernels

/// Strings of JSON, searched many bytes at a time.
package enum JSONStringScan {
    /// Where, from `from` on, the first quote, backslash or control character stands; the end where there is none.
    package static func plainEnd(_ bytes: Span<UInt8>, from: Int) -> Int {
        precondition(from >= 0 && from <= bytes.count, "scan begins outside the bytes")
        return Int(varde_json_plain_end(bytes, from))
    }

    /// Takes escapes off a string from `at` on and appends what it says to `out`; `at` is moved on. Stops in front of whatever is not plain
    /// text or an escape of one letter: the closing quote, an escape by number, a control character, or the last bytes of the text.
    package static func unescape(_ bytes: Span<UInt8>, at: inout Int, into out: inout [UInt8]) {
        // Never in proportion to what `out` holds already: escapes by number end this all the time.
        var chunk = 256
        while true {
            let start = out.count
            out.append(contentsOf: repeatElement(0, count: min(chunk, bytes.count - at)))
            chunk *= 2
            var places = [Int64(at), Int64(start)]
            var output = out.mutableSpan
            var span = places.mutableSpan
            varde_json_unescape(bytes, &output, &span)
            let room = out.count - Int(places[1])
            at = Int(places[0])
            out.removeLast(room)
            // Where there was room to go on, something else stands in the way.
            if room >= 16 || bytes.count - at < 16 { return }
        }
    }
}
