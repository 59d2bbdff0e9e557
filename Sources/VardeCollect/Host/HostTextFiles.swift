import VardeDisk
import VardeKernels
import VardeWire

/// What others write down of the machine: files `*.prom` of a folder, in Prometheus' text format, as node_exporter's textfile collector
/// takes them.
enum HostTextFiles {
    /// Bytes of one file, and files of one folder, at most.
    private static let maxBytes = 8 << 20
    private static let maxFiles = 1_000

    static func add(_ folders: [String], to page: inout HostPage) {
        var hasFailed = false
        var times: [(path: String, seconds: Double)] = []
        for folder in folders {
            guard let names = try? PosixFileSystem().list(folder) else {
                hasFailed = true
                continue
            }
            for name in names.filter({ $0.hasSuffix(".prom") }).sorted().prefix(maxFiles) {
                let path = folder + "/" + name
                guard let file = try? InputFile(path, regularOnly: true), let status = try? file.status(),
                    let text = text(file, status.size)
                else {
                    hasFailed = true
                    continue
                }
                page.append(text: text)
                times.append((path, Double(status.modified / 1_000_000_000)))
            }
        }
        if !times.isEmpty {
            page.family("node_textfile_mtime_seconds", "gauge", "Unixtime mtime of textfiles successfully read.")
            for time in times { page.sample("node_textfile_mtime_seconds", [("file", time.path)], time.seconds) }
        }
        let help = "1 if there was an error opening or reading a file, 0 otherwise"
        page.single("node_textfile_scrape_error", "gauge", help, hasFailed ? 1 : 0)
    }

    /// The whole of a file, nil where it cannot be read to its end or holds times of its own: what it says is of now.
    private static func text(_ file: InputFile, _ size: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        guard size <= maxBytes, (try? file.read(at: 0, count: size, into: &bytes)) != nil else { return nil }
        if bytes.last != 10 { bytes.append(10) }
        var parser = ExpositionParser(.text0)
        do {
            while let line = try parser.next(bytes.span) {
                guard case .sample(let sample) = line else { continue }
                if sample.timestamp != nil { return nil }
                _ = try parser.labels(of: sample, bytes.span)
            }
        } catch { return nil }
        return bytes
    }
}
