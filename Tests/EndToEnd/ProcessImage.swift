import Foundation

/// The memory of a running process as a core image of it holds it: every page that can be written to.
struct ProcessImage {
    /// Why it cannot be read here, nil where it can be: asked of a process of our own, as the tested ones are.
    static let obstacle: String? = {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sleep")
        process.arguments = ["30"]
        guard (try? process.startAlone()) != nil else { return "no process can be started" }
        defer { process.terminate() }
        let memory = open("/proc/\(process.processIdentifier)/mem", O_RDONLY)
        guard memory >= 0 else { return "/proc/PID/mem: \(String(cString: strerror(errno)))" }
        close(memory)
        return nil
    }()

    let process: Int32

    /// Where needles stand: by needle, the mapping and its address.
    func places(of needles: NeedleSearch) throws -> [String: [String]] {
        let memory = open("/proc/\(process)/mem", O_RDONLY)
        guard memory >= 0 else { throw ServerProcess.Failure(description: "/proc/\(process)/mem: \(String(cString: strerror(errno)))") }
        defer { close(memory) }
        var places: [String: [String]] = [:]
        var bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 0, alignment: 16)
        defer { bytes.deallocate() }
        for map in try String(contentsOfFile: "/proc/\(process)/maps", encoding: .utf8).split(separator: "\n") {
            let fields = map.split(separator: " ", omittingEmptySubsequences: true)
            let range = fields[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
            guard range.count == 2, fields[1].hasPrefix("rw") else { continue }
            let size = Int(range[1] - range[0])
            if size > bytes.count {
                bytes.deallocate()
                bytes = .allocate(byteCount: size, alignment: 16)
            }
            // A mapping that is gone meanwhile holds nothing.
            let count = pread(memory, bytes.baseAddress, size, off_t(range[0]))
            guard count > 0 else { continue }
            needles.each(in: UnsafeRawBufferPointer(rebasing: bytes[..<count])) { needle, offset in
                let address = String(range[0] + UInt64(offset), radix: 16)
                places[needle, default: []].append("\(address) in \(fields.count > 5 ? fields[5...].joined(separator: " ") : "memory")")
            }
        }
        return places
    }
}
