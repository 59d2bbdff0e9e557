import CVardeKernels

/// How the C library keeps memory for this process.
package enum ProcessMemory {
    /// Few arenas and prompt return of what is free: with one arena a thread, requests and queries would leave memory behind in each.
    package static func tune() { varde_memory_tune() }

    /// Gives pages back to the system that the C library holds and nobody uses, where they may be many. Takes milliseconds then, with
    /// other threads' allocations waiting.
    package static func giveBack() { varde_memory_give_back() }
}
