/// Processes and threads by state, from `/proc/PID/stat` and `/proc/PID/task/TID/stat`.
enum HostProcesses {
    /// Threads whose state is read, at most.
    private static let maxThreads = 200_000

    static func add(_ files: HostFiles, to page: inout HostPage) {
        var (processes, threads, read) = (0, 0.0, 0)
        var (states, threadStates): ([String: Int], [String: Int]) = ([:], [:])
        for process in files.names(in: "/proc") where isNumber(process) {
            // One that has ended meanwhile is none.
            guard let own = status(files, "/proc/\(process)/stat") else { continue }
            processes += 1
            threads += own.threads
            states[own.state, default: 0] += 1
            for thread in files.names(in: "/proc/\(process)/task") where isNumber(thread) && read < maxThreads {
                read += 1
                let state = thread == process ? own.state : status(files, "/proc/\(process)/task/\(thread)/stat")?.state
                if let state { threadStates[state, default: 0] += 1 }
            }
        }
        guard processes > 0 else { return }
        page.single("node_processes_threads", "gauge", "Allocated threads in system.", threads)
        if let limit = files.number("/proc/sys/kernel/threads-max") {
            page.single("node_processes_max_threads", "gauge", "Limit of threads in the system.", limit)
        }
        page.single("node_processes_pids", "gauge", "Number of PIDs.", Double(processes))
        if let limit = files.number("/proc/sys/kernel/pid_max") {
            page.single("node_processes_max_processes", "gauge", "Number of max PIDs limit.", limit)
        }
        for (name, label, help, counts) in [
            ("node_processes_state", "state", "Number of processes in each state.", states),
            ("node_processes_threads_state", "thread_state", "Number of threads in each state.", threadStates),
        ] {
            page.family(name, "gauge", help)
            for (state, count) in counts.sorted(by: { $0.key < $1.key }) { page.sample(name, [(label, state)], Double(count)) }
        }
    }

    private static func isNumber(_ name: String) -> Bool { name.utf8.allSatisfy { (48...57).contains($0) } }

    /// The state and the number of threads in a line such as `17 (a name) S 1 …`: a name may hold blanks and brackets.
    private static func status(_ files: HostFiles, _ path: String) -> (state: String, threads: Double)? {
        guard let text = files.text(path, limit: 4_096), let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].fields
        guard fields.count > 17 else { return nil }
        return (String(fields[0]), fields.number(17))
    }
}
