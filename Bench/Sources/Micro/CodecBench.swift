import Foundation
import VardeKernels

@testable import VardeMetrics

/// Samples a second, on one core, of the column codecs over each class of series.
enum CodecBench {
    private static let rows = 5_760

    static func run() {
        print("class               form  B/sample   encode M/s   decode M/s")
        for (name, columns) in classes() { measure(name, columns) }
    }

    /// Columns of a day at 15 s by class, eight of each.
    private static func classes() -> [(String, [[Double]])] {
        var generator = Generator(state: 7)
        func walk(_ start: Double, _ step: (inout Generator, Double) -> Double) -> [[Double]] {
            (0..<8).map { _ in
                var value = start
                return (0..<rows).map { _ in
                    value = step(&generator, value)
                    return value
                }
            }
        }
        return [
            ("constant", walk(42) { $1 }),
            ("idle counter", walk(1_000) { $1 + ($0.unit() < 0.004 ? 1 : 0) }),
            ("poisson counter", walk(1_000) { $1 + $0.poisson(12) }),
            ("bytes counter", walk(1e9) { $1 + ($0.unit() * 300_000).rounded() }),
            ("cpu seconds", walk(1_000) { (($1 + $0.unit() * 4.5) * 100).rounded() / 100 }),
            ("memory in pages", walk(4096 * 50_000) { max(4096, $1 + (($0.unit() - 0.5) * 300).rounded() * 4096) }),
            ("small gauge", walk(8) { $0.unit() < 0.3 ? ($0.unit() * 8).rounded() : $1 }),
            ("decimal gauge", walk(1.5) { (($1 * 0.9 + 0.2 + ($0.unit() - 0.5) * 0.4) * 100).rounded() / 100 }),
            ("full double", walk(0.5) { generator, _ in generator.unit() }),
        ]
    }

    private static func measure(_ name: String, _ columns: [[Double]]) {
        let encoded = columns.map { values -> [UInt8] in
            var bytes: [UInt8] = []
            ValueColumn.encode(values, to: &bytes)
            return bytes
        }
        let size = Double(encoded.reduce(0) { $0 + $1.count }) / Double(columns.count * rows)
        let encode = best {
            for values in columns {
                var bytes: [UInt8] = []
                ValueColumn.encode(values, to: &bytes)
            }
        }
        var values: [Double] = []
        var scratch = ValueColumn.Scratch()
        let decode = best {
            for bytes in encoded {
                var at = 0
                guard ValueColumn.decode(bytes.span, at: &at, count: rows, into: &values, scratch: &scratch) else { fatalError("\(name)") }
            }
        }
        let samples = Double(columns.count * rows)
        print(
            name.padding(toLength: 20, withPad: " ", startingAt: 0)
                + String(format: "%4d %9.3f %12.0f %12.0f", Int(encoded[0][0]), size, samples / encode / 1e6, samples / decode / 1e6))
    }

    /// Seconds of one run, the best of many in a fifth of a second.
    private static func best(_ body: () -> Void) -> Double {
        var best = Double.infinity
        let end = MicroBench.seconds() + 0.2
        while MicroBench.seconds() < end {
            let began = MicroBench.seconds()
            body()
            best = min(best, MicroBench.seconds() - began)
        }
        return best
    }
}
