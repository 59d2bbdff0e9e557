package import VardeKernels

/// How far a file was read, and what it looked like there: enough to know it again whatever happened to it meanwhile.
package struct FileMark: Sendable, Equatable {
    /// Lines on their way into the store. Where it is not known whether they arrived, they are read again and given the same times, by
    /// which the store knows them.
    package struct Delivery: Sendable, Equatable {
        /// Where the bytes end that they were cut from.
        package var end: Int
        /// Nanoseconds of the first line.
        package var time: Int64
        /// How they were cut.
        package var isLast: Bool
        /// Whether the bytes end inside a line that is too long.
        package var endsInside: Bool
        package var print: Fingerprint
    }

    /// Checksum of the last bytes before a place in a file: it tells whether a file still is, or another is, what was read.
    package struct Fingerprint: Sendable, Equatable {
        /// Bytes it is over.
        package static let longest = 1_024
        /// Fewer say too little to take another file for a copy.
        static let telling = 32

        package var length = 0
        package var checksum: UInt32 = 0

        package init() {}

        package init(length: Int, checksum: UInt32) {
            self.length = length
            self.checksum = checksum
        }

        /// Of the end of some bytes.
        init(of bytes: ArraySlice<UInt8>) {
            let part = Array(bytes.suffix(Self.longest))
            length = part.count
            checksum = CRC32C.checksum(part.span)
        }

        /// Whether a file has these bytes before `offset`.
        func fits(_ input: InputFile, before offset: Int) throws(InputFile.Failure) -> Bool {
            guard length <= offset else { return false }
            var bytes: [UInt8] = []
            try input.read(at: offset - length, count: length, into: &bytes)
            return bytes.count == length && CRC32C.checksum(bytes.span) == checksum
        }
    }

    package var identity: InputFile.Identity
    /// The path it was found by, which it may have lost since.
    package var path: String
    /// Bytes that are stored.
    package var offset = 0
    /// Whether they end inside a line that is too long.
    package var isInside = false
    /// Of the bytes before `offset`.
    package var print = Fingerprint()
    package var delivery: Delivery?

    package init(identity: InputFile.Identity, path: String) {
        self.identity = identity
        self.path = path
    }

    /// Takes the delivery for done.
    mutating func advance() {
        guard let delivery else { return }
        offset = delivery.end
        isInside = delivery.endsInside
        print = delivery.print
        self.delivery = nil
    }
}
