import Foundation

// varde-micro codecs                         encodes and decodes columns of each class of series, by codec
// varde-micro parse                          reads scraped text: unchanged, changed and new series, in MB a second
// varde-micro redact                         the redactor on ordinary lines and on lines made to be bad
// varde-micro store [SERIES] [STEPS] [DIR]   the metrics store by itself: ingest, cut, size by section, all read back
// varde-micro stress [SECONDS] [DIR]         writers, readers and maintenance at once; nothing acknowledged may be missing
// varde-micro recover DIR                    opens such a store: what recovery costs
// varde-micro sections DIR                   size by section

@main
struct MicroBench {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        func number(_ position: Int, _ standard: Int) -> Int {
            arguments.count > position ? Int(arguments[position]) ?? standard : standard
        }
        switch arguments.first {
        case "codecs": CodecBench.run()
        case "parse": try ParseBench.run()
        case "redact": RedactBench().run()
        case "stress": try await StoreStress(seconds: Double(number(1, 10)), folder: folder(arguments, 2)).run()
        case "store":
            let folder = folder(arguments, 3)
            let bench = StoreBench(series: number(1, 10_000), steps: number(2, 720), folder: folder)
            try await bench.run()
        case "recover": try StoreBench(series: 0, steps: 0, folder: arguments[1]).recover()
        case "sections": try StoreBench(series: 0, steps: 0, folder: arguments[1]).sections()
        default:
            print(
                "varde-micro codecs | parse | redact | store [SERIES] [STEPS] [DIR] | stress [SECONDS] [DIR] | recover DIR | sections DIR")
            exit(2)
        }
    }

    /// The folder named on the command line, or a new one.
    private static func folder(_ arguments: [String], _ position: Int) -> String {
        if arguments.count > position { return arguments[position] }
        return FileManager.default.temporaryDirectory.appendingPathComponent("varde-micro-\(getpid())").path
    }

    static func seconds() -> Double {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }

    /// Processor seconds of this process, and the most memory it had resident (MB).
    static func usage() -> (cpu: Double, peak: Double) {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let cpu = Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
        return (cpu, Double(usage.ru_maxrss) / 1024)
    }

    /// Writes to the standard output, with figures.
    static func say(_ text: String, _ values: any CVarArg...) { print(String(format: text, arguments: values)) }
}
