import Glibc

/// How many files and connections the process may have open.
package enum ProcessFiles {
    /// Raises the bound to what the process is allowed to set itself: a shell's usual 1,024 are fewer than there may be targets.
    package static func raiseLimit() {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        // Both calls read or write the one structure during the call alone.
        guard unsafe getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(resource, &limit)
    }
}
