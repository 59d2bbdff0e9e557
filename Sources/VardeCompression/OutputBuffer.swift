/// Makes `output` `capacity` bytes long, lets `body` fill it, and cuts it to the size `body` returns; empty where that is negative.
///
/// Storage is reused from call to call. Returns what `body` returned.
func fill(_ output: inout [UInt8], capacity: Int, _ body: (inout MutableSpan<UInt8>) -> Int64) -> Int64 {
    if output.count < capacity {
        output.append(contentsOf: repeatElement(0, count: capacity - output.count))
    } else {
        output.removeLast(output.count - capacity)
    }
    var span = output.mutableSpan
    let size = body(&span)
    output.removeLast(output.count - max(0, Int(size)))
    return size
}

/// Decompresses into a buffer that doubles from a first guess up to the limit: for formats that do not state their size.
func growing(
    _ output: inout [UInt8], encoding: String, firstGuess: Int, limit: Int, _ body: (inout MutableSpan<UInt8>) -> Int64
) throws(DecompressionError) {
    var capacity = min(max(firstGuess, 4096), limit)
    while true {
        let size = fill(&output, capacity: capacity, body)
        if size >= 0 { return }
        guard size == -2 else { throw .malformed(encoding: encoding) }
        if capacity == limit { throw .tooLarge(encoding: encoding, limit: limit) }
        capacity = min(capacity * 2, limit)
    }
}
