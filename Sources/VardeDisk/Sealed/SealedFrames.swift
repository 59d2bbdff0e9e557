import Crypto
import Synchronization
import VardeKernels

/// A sealed file that grows: what is written becomes frames behind the others, and nothing that was synced is written again.
final class SealedFrames: File {
    /// Where the frames are, as far as they were looked at.
    struct Index {
        /// Of each frame: its place in the content, in the file, and its bytes of content.
        var starts: [Int] = []
        var offsets: [Int] = []
        var lengths: [Int] = []
        /// Behind the last frame: in the content, in the file.
        var contentEnd = 0
        var fileEnd = SealedFormat.headerSize
        /// Bytes behind the last frame that are none.
        var tail = 0
    }

    private struct State {
        var header: SealedFormat.Header?
        var key: SymmetricKey?
        var index = Index()
        /// Nonces: random for this open file, and how many were used.
        var salt = SealedFormat.random(8)
        var counter: UInt32 = 0
        var latest: (frame: Int, bytes: [UInt8])?
    }

    private let path: String
    private let base: any File
    /// What seals the file where it has no header yet; nil for reading.
    private let maker: (keys: StorageKeys, day: Int32)?
    private let isWritable: Bool
    private let state: Mutex<State>

    /// - Parameters:
    ///   - opened: header and key of a file that has them; nil for one that is yet to be begun.
    ///   - maker: what a new file is sealed with.
    init(
        path: String, base: any File, opened: (header: SealedFormat.Header, key: SymmetricKey)?, maker: (keys: StorageKeys, day: Int32)?,
        isWritable: Bool
    ) {
        self.path = path
        self.base = base
        self.maker = maker
        self.isWritable = isWritable
        state = Mutex(State(header: opened?.header, key: opened?.key))
    }

    func size() throws(DiskError) -> Int {
        try state.withLock { state throws(DiskError) in
            try lookAhead(&state)
            // Who reads sees that there is more; who writes puts the next frame there.
            return state.index.contentEnd + (isWritable ? 0 : state.index.tail)
        }
    }

    func read(at offset: Int, count: Int, into output: inout [UInt8]) throws(DiskError) {
        output.removeAll(keepingCapacity: true)
        output = try state.withLock { state throws(DiskError) in
            try lookAhead(&state)
            let end = min(offset + count, state.index.contentEnd + (isWritable ? 0 : state.index.tail))
            guard offset < end else { return [] }
            // Nothing a log or a chain takes for its own, nor for a file that was only just made.
            var content = [UInt8](repeating: state.index.contentEnd == 0 ? 0 : 0xFF, count: end - offset)
            var frame = firstFrame(endingBehind: offset, state.index)
            while frame < state.index.starts.count, state.index.starts[frame] < end {
                let start = state.index.starts[frame]
                if let bytes = try open(frame, &state) {
                    let (from, to) = (max(offset, start), min(end, start + bytes.count))
                    if from < to { content.replaceSubrange((from - offset)..<(to - offset), with: bytes[(from - start)..<(to - start)]) }
                }
                frame += 1
            }
            return content
        }
    }

    /// Number of the first frame that ends behind a place of the content.
    private func firstFrame(endingBehind offset: Int, _ index: Index) -> Int {
        var (low, high) = (0, index.starts.count)
        while low < high {
            let middle = (low + high) / 2
            if index.starts[middle] + index.lengths[middle] <= offset { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// A frame's content; nil where it cannot be opened.
    private func open(_ frame: Int, _ state: inout State) throws(DiskError) -> [UInt8]? {
        if let latest = state.latest, latest.frame == frame { return latest.bytes }
        guard let header = state.header, let key = state.key else { return nil }
        let length = state.index.lengths[frame]
        var sealed: [UInt8] = []
        // From the nonce on, without the check in between.
        let count = SealedFormat.frameHeaderSize - 12 + length + SealedFormat.tagSize
        try base.read(at: state.index.offsets[frame] + 12, count: count, into: &sealed)
        guard sealed.count == count else { return nil }
        sealed.removeSubrange(SealedFormat.nonceSize..<(SealedFormat.nonceSize + 4))
        guard let bytes = SealedFormat.open(sealed, key: key, binding: binding(header, state.index.starts[frame])) else { return nil }
        state.latest = (frame, bytes)
        return bytes
    }

    private func binding(_ header: SealedFormat.Header, _ start: Int) -> [UInt8] { header.fileID + SealedFormat.bytes64(start) }

    private func lookAhead(_ state: inout State) throws(DiskError) {
        guard let header = state.header else { return }
        // Frames are whole once their writer has noted them.
        if isWritable, state.index.fileEnd > SealedFormat.headerSize { return }
        try state.index.extend(in: base, header)
    }

    func write(_ bytes: Span<UInt8>, at offset: Int) throws(DiskError) {
        let content = Bytes.array(bytes)
        try state.withLock { state throws(DiskError) in
            try lookAhead(&state)
            if offset < state.index.contentEnd, offset + content.count >= state.index.contentEnd { try cut(&state, to: offset) }
            guard isWritable, offset == state.index.contentEnd else { throw DiskError(.write, path, code: 22) }
            try append(content, &state)
        }
    }

    private func append(_ content: [UInt8], _ state: inout State) throws(DiskError) {
        var output: [UInt8] = []
        var offset = state.index.fileEnd
        if state.header == nil {
            guard let maker else { throw DiskError(.write, path, code: 22) }
            let (header, key) = try maker.keys.seal(.frames, day: maker.day, for: path)
            (state.header, state.key) = (header, key)
            output = header.bytes
            offset = 0
        }
        guard let header = state.header, let key = state.key else { preconditionFailure("the file has a header") }
        var index = state.index
        var at = 0
        while at < content.count {
            let end = min(at + SealedFormat.maxFrame, content.count)
            var nonce = state.salt
            Bytes.append32(state.counter, to: &nonce)
            state.counter += 1
            index.starts.append(index.contentEnd)
            index.offsets.append(offset + output.count)
            index.lengths.append(end - at)
            var frame: [UInt8] = []
            Bytes.append32(UInt32(end - at), to: &frame)
            Bytes.append64(UInt64(index.contentEnd), to: &frame)
            frame += nonce
            Bytes.append32(CRC32C.checksum(frame.span, seed: header.frameSeed), to: &frame)
            SealedFormat.seal(content[at..<end], key: key, nonce: nonce, binding: binding(header, index.contentEnd), to: &frame)
            output += frame
            index.contentEnd += end - at
            at = end
        }
        do throws(DiskError) {
            try base.write(output.span, at: offset)
        } catch {
            // What is there of it must not be taken for frames by who reads on behind the next ones.
            try? base.truncate(to: offset)
            if offset == 0 { (state.header, state.key) = (nil, nil) }
            throw error
        }
        index.fileEnd = offset + output.count
        state.index = index
    }

    func sync() throws(DiskError) { try base.sync() }

    func truncate(to size: Int) throws(DiskError) {
        try state.withLock { state throws(DiskError) in
            guard isWritable else { throw DiskError(.truncate, path, code: 9) }
            if size == 0, maker != nil {
                // A new file, under another key.
                try base.truncate(to: 0)
                (state.header, state.key, state.index, state.latest) = (nil, nil, Index(), nil)
                return
            }
            try lookAhead(&state)
            try cut(&state, to: size)
        }
    }

    /// Takes off what lies behind a place; what is left of the frame it lies in is written as a frame of its own.
    private func cut(_ state: inout State, to size: Int) throws(DiskError) {
        guard size <= state.index.contentEnd else { throw DiskError(.truncate, path, code: 22) }
        let first = firstFrame(endingBehind: size, state.index)
        var rest: [UInt8] = []
        if first < state.index.starts.count, state.index.starts[first] < size {
            guard let bytes = try open(first, &state) else {
                throw DiskError(damaged: path, "what is sealed at byte \(state.index.starts[first]) was changed")
            }
            rest = Array(bytes[..<(size - state.index.starts[first])])
        }
        let fileEnd = first < state.index.starts.count ? state.index.offsets[first] : state.index.fileEnd
        try base.truncate(to: fileEnd)
        state.latest = nil
        if first < state.index.starts.count { state.index.contentEnd = state.index.starts[first] }
        state.index.starts.removeSubrange(first...)
        state.index.offsets.removeSubrange(first...)
        state.index.lengths.removeSubrange(first...)
        state.index.fileEnd = fileEnd
        state.index.tail = 0
        if !rest.isEmpty { try append(rest, &state) }
    }

    func lock() throws(DiskError) { try base.lock() }
}

extension SealedFormat.Header {
    /// What checks of frames go on from.
    var frameSeed: UInt32 { Bytes.load32(fileID.span, at: 0) }
}

extension SealedFrames.Index {
    /// Bytes read at once to find frames: several small ones, or the beginning of a large one.
    private static let window = 4096

    /// Finds the frames written since; needs no key. Goes on behind damage.
    mutating func extend(in base: any File, _ header: SealedFormat.Header) throws(DiskError) {
        let size = try base.size()
        var bytes: [UInt8] = []
        var from = fileEnd
        tail = 0
        while fileEnd < size {
            if fileEnd + SealedFormat.frameHeaderSize > size { break }
            if fileEnd < from || fileEnd + SealedFormat.frameHeaderSize > from + bytes.count {
                from = fileEnd
                try base.read(at: from, count: Self.window, into: &bytes)
                if bytes.count < SealedFormat.frameHeaderSize { break }
            }
            if let (length, start) = frame(bytes, at: fileEnd - from, header) {
                if !note(length, start, at: fileEnd, size) { break }
                continue
            }
            guard let next = try nextFrame(from: fileEnd + 1, size, base, header) else { break }
            fileEnd = next
        }
        tail = max(0, size - fileEnd)
    }

    private mutating func note(_ length: Int, _ start: Int, at offset: Int, _ size: Int) -> Bool {
        let end = offset + SealedFormat.frameHeaderSize + length + SealedFormat.tagSize
        if end > size { return false }
        starts.append(start)
        offsets.append(offset)
        lengths.append(length)
        contentEnd = start + length
        fileEnd = end
        return true
    }

    /// A frame's bytes of content and its place, nil where none begins there.
    private func frame(_ bytes: [UInt8], at offset: Int, _ header: SealedFormat.Header) -> (length: Int, start: Int)? {
        let span = bytes.span
        let length = Bytes.load32(span, at: offset)
        let start = Bytes.load64(span, at: offset + 4)
        guard length > 0, length <= UInt32(SealedFormat.maxFrame), start >= UInt64(contentEnd), start < 1 << 48 else { return nil }
        let check = CRC32C.checksum(span.extracting(offset..<(offset + 24)), seed: header.frameSeed)
        return check == Bytes.load32(span, at: offset + 24) ? (Int(length), Int(start)) : nil
    }

    private func nextFrame(from start: Int, _ size: Int, _ base: any File, _ header: SealedFormat.Header) throws(DiskError) -> Int? {
        var offset = start
        var bytes: [UInt8] = []
        while offset + SealedFormat.frameHeaderSize <= size {
            try base.read(at: offset, count: 1 << 16, into: &bytes)
            if bytes.count < SealedFormat.frameHeaderSize { return nil }
            for at in 0...(bytes.count - SealedFormat.frameHeaderSize) where frame(bytes, at: at, header) != nil { return offset + at }
            offset += bytes.count - SealedFormat.frameHeaderSize + 1
        }
        return nil
    }
}
