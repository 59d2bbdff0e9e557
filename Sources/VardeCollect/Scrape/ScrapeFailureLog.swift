import VardeDisk
import VardeModel
import VardeWire

/// Failed scrapes as lines of JSON, in the files `scrape_failure_log_file` names. A file that was moved away is begun anew.
actor ScrapeFailureLog {
    private let redact: @Sendable (String) -> String

    /// - Parameter redact: takes personal data out of what is written.
    init(redact: @escaping @Sendable (String) -> String) { self.redact = redact }

    /// Adds a line to a file; what cannot be written is left out.
    ///
    /// - Parameter time: milliseconds since the epoch.
    func write(_ failure: String, of url: String, job: String, at time: Int64, to path: String) {
        var json = JSONWriter()
        for (name, text) in [
            ("{\"time\":", RFC3339.text(milliseconds: time)), (",\"level\":", "ERROR"), (",\"msg\":", redact(failure)),
            (",\"job_name\":", job), (",\"target\":", redact(url)),
        ] {
            json.raw(name)
            json.string(text)
        }
        json.raw("}\n")
        do throws(DiskError) {
            let file = try PosixFileSystem().open(path, .create)
            try file.write(json.bytes.span, at: try file.size())
        } catch {}
    }
}
