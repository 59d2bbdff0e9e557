import CVardeKernels

/// How the C library keeps memory for this process.
package enum ProcessMemory {
    /// Few arenas and prompt return of what is free: with one arena a thread, requests and queries would leave memory behind in each.
    package static func tune() { varde_memory_tune() }

    /// Gives pages back to the system that the C library holds and nobody uses, where they may be many. Takes milliseconds then, with
    /// other threads' allocations waiting.
    package static func giveBack() { varde_memory_give_back() }

    /// From now on memory is wiped before it is freed, so that nothing stays of personal data that went through it.
    package static func beginWiping() { varde_memory_wipe_begin() }

    /// Wipes bytes that nobody will read again, whoever still holds on to them: a buffer of received bytes that is kept for the next.
    package static func wipe(_ bytes: Span<UInt8>) { varde_memory_wipe(bytes) }

    /// Wipes what calls that have returned left on this thread's stack. Microseconds; nothing before `beginWiping`.
    package static func wipeStack() { varde_memory_wipe_stack() }
}
