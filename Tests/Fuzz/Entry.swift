import Foundation

// libFuzzer's main calls these. VARDE_FUZZ_TARGET names what is fuzzed; with VARDE_FUZZ_LIST the targets are listed, with
// VARDE_FUZZ_SEEDS=DIR valid inputs are written to begin with.

private let target = FuzzTarget(rawValue: ProcessInfo.processInfo.environment["VARDE_FUZZ_TARGET"] ?? "")

/// Lists targets or writes seeds where that is asked for; else nothing.
@_cdecl("LLVMFuzzerInitialize")
public func fuzzerInitialize(_ count: UnsafeMutableRawPointer?, _ arguments: UnsafeMutableRawPointer?) -> CInt {
    let environment = ProcessInfo.processInfo.environment
    if environment["VARDE_FUZZ_LIST"] != nil {
        for target in FuzzTarget.allCases { print(target.rawValue) }
        exit(0)
    }
    guard let target else {
        print("VARDE_FUZZ_TARGET must be one of \(FuzzTarget.allCases.map(\.rawValue).joined(separator: " "))")
        exit(2)
    }
    if let folder = environment["VARDE_FUZZ_SEEDS"] {
        for (number, seed) in target.seeds.enumerated() {
            try? Data(seed).write(to: URL(fileURLWithPath: folder).appendingPathComponent("seed-\(number)"))
        }
        exit(0)
    }
    return 0
}

/// Gives one input to the target.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzerTestOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    target?.run(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}
