#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// How many processors there are to work on a query.
enum ProcessorCount {
    static let online: Int = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
}
