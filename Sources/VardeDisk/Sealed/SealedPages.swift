import Crypto
import Synchronization
import VardeKernels

/// A sealed file of pages, open for reading: a read opens the pages it touches and no other.
final class SealedPages: File {
    private let path: String
    private let base: any File
    private let header: SealedFormat.Header
    private let key: SymmetricKey
    private let length: Int
    private let pageCount: Int
    /// The page opened last: what is read next often begins in it.
    private let latest = Mutex<(index: Int, bytes: [UInt8])?>(nil)

    init(path: String, base: any File, header: SealedFormat.Header, key: SymmetricKey) throws(DiskError) {
        self.path = path
        self.base = base
        self.header = header
        self.key = key
        (length, pageCount) = Self.extent(of: try base.size(), header)
    }

    /// Bytes of content and pages of a file of a size.
    static func extent(of size: Int, _ header: SealedFormat.Header) -> (length: Int, pages: Int) {
        let rest = max(0, size - SealedFormat.headerSize)
        let stride = header.pageSize + SealedFormat.tagSize
        let pages = (rest + stride - 1) / stride
        return (max(0, rest - pages * SealedFormat.tagSize), pages)
    }

    static func nonce(_ index: Int) -> [UInt8] { [0, 0, 0, 0] + SealedFormat.bytes64(index) }

    static func binding(_ header: SealedFormat.Header, _ index: Int, isLast: Bool) -> [UInt8] {
        header.fileID + SealedFormat.bytes64(index) + [isLast ? 1 : 0]
    }

    func size() throws(DiskError) -> Int { length }

    func read(at offset: Int, count: Int, into output: inout [UInt8]) throws(DiskError) {
        output.removeAll(keepingCapacity: true)
        let end = min(length, offset + count)
        // A file without its last page is no empty file.
        if pageCount == 0 { throw damaged(0) }
        guard offset < end else { return }
        output.reserveCapacity(end - offset)
        let first = offset / header.pageSize
        let last = (end - 1) / header.pageSize
        let stride = header.pageSize + SealedFormat.tagSize
        var sealed: [UInt8] = []
        var sealedFrom = first
        for index in first...last {
            var page: [UInt8]
            if index == first, let known = latest.withLock({ $0?.index == index ? $0?.bytes : nil }) {
                page = known
                sealedFrom = index + 1
            } else {
                if sealed.isEmpty {
                    try base.read(at: SealedFormat.headerSize + sealedFrom * stride, count: (last - sealedFrom + 1) * stride, into: &sealed)
                }
                page = try open(index, sealed[min(sealed.count, (index - sealedFrom) * stride)...].prefix(stride))
            }
            let start = index * header.pageSize
            output += page[max(0, offset - start)..<min(page.count, end - start)]
            if index == last { latest.withLock { $0 = (index, page) } }
        }
    }

    private func open(_ index: Int, _ sealed: ArraySlice<UInt8>) throws(DiskError) -> [UInt8] {
        let isLast = index == pageCount - 1
        guard
            let page = SealedFormat.open(Self.nonce(index) + sealed, key: key, binding: Self.binding(header, index, isLast: isLast)),
            isLast || page.count == header.pageSize
        else { throw damaged(index) }
        return page
    }

    private func damaged(_ index: Int) -> DiskError {
        let start = index * header.pageSize
        return DiskError(damaged: path, "what is sealed at bytes \(start) to \(start + header.pageSize) was changed, or cut off")
    }

    func write(_ bytes: Span<UInt8>, at offset: Int) throws(DiskError) { throw DiskError(.write, path, code: 9) }
    func sync() throws(DiskError) { try base.sync() }
    func truncate(to size: Int) throws(DiskError) { throw DiskError(.truncate, path, code: 9) }
    func lock() throws(DiskError) { try base.lock() }
}

/// A sealed file of pages being written, front to back; `sync` ends it. One that failed is given up.
final class SealedPagesWriter: File {
    private struct State {
        var header: SealedFormat.Header?
        var key: SymmetricKey?
        /// What is not sealed yet, a page at most.
        var rest: [UInt8] = []
        var length = 0
        var index = 0
        /// Bytes of the file.
        var size = 0
        var isEnded = false
        var hasFailed = false
    }

    private let path: String
    private let base: any File
    private let keys: StorageKeys
    private let day: Int32
    private let state = Mutex(State())

    init(path: String, base: any File, keys: StorageKeys, day: Int32) {
        self.path = path
        self.base = base
        self.keys = keys
        self.day = day
    }

    func size() throws(DiskError) -> Int { state.withLock { $0.length } }

    func read(at offset: Int, count: Int, into output: inout [UInt8]) throws(DiskError) { throw DiskError(.read, path, code: 9) }

    func write(_ bytes: Span<UInt8>, at offset: Int) throws(DiskError) {
        let copy = Bytes.array(bytes)
        try changing { state throws(DiskError) in
            guard offset == state.length, !state.isEnded, !state.hasFailed else { throw DiskError(.write, path, code: 22) }
            state.rest += copy
            state.length += copy.count
            try put(&state, isEnd: false)
        }
    }

    /// Ends the file.
    func sync() throws(DiskError) {
        try changing { state throws(DiskError) in
            if state.hasFailed { throw DiskError(.sync, path, code: 22) }
            if !state.isEnded { try put(&state, isEnd: true) }
        }
        try base.sync()
    }

    /// To nothing: a new file, under another key.
    func truncate(to size: Int) throws(DiskError) {
        try changing { state throws(DiskError) in
            guard size == 0 else { throw DiskError(.truncate, path, code: 22) }
            try base.truncate(to: 0)
            state = State()
        }
    }

    func lock() throws(DiskError) { try base.lock() }

    private func changing(_ body: (inout State) throws(DiskError) -> Void) throws(DiskError) {
        try state.withLock { state throws(DiskError) in try body(&state) }
    }

    /// Seals the pages there are, all but the last: whether it is the last, only the end tells.
    private func put(_ state: inout State, isEnd: Bool) throws(DiskError) {
        guard isEnd || state.rest.count > SealedFormat.pageSize else { return }
        var output: [UInt8] = []
        if state.header == nil {
            let (header, key) = try keys.seal(.pages, day: day, for: path)
            (state.header, state.key) = (header, key)
            output = header.bytes
        }
        guard let header = state.header, let key = state.key else { preconditionFailure("the file has a header") }
        var at = 0
        while state.rest.count - at > SealedFormat.pageSize || isEnd {
            let end = min(at + SealedFormat.pageSize, state.rest.count)
            let isLast = isEnd && end == state.rest.count
            SealedFormat.seal(
                state.rest[at..<end], key: key, nonce: SealedPages.nonce(state.index),
                binding: SealedPages.binding(header, state.index, isLast: isLast), to: &output)
            state.index += 1
            at = end
            if isLast { break }
        }
        state.rest.removeSubrange(..<at)
        do throws(DiskError) {
            try base.write(output.span, at: state.size)
        } catch {
            state.hasFailed = true
            throw error
        }
        state.size += output.count
        if isEnd { state.isEnded = true }
    }
}
