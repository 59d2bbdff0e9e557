import CVardeKernels

/// How the C library keeps memory for this process.
package enum ProcessMemory {
    /// Few arenas and prompt return of what is free: with one arena a thread, requests and queries would leave memory behind in each.
    package static func tune() { varde_memory_tune() }
}
