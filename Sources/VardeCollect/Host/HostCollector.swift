import Synchronization
import VardeKernels

/// Watches the machine: a page of metrics with the names and labels of node_exporter, so that its dashboards and alerts work unchanged.
package final class HostCollector: Sendable {
    private let files: HostFiles
    private let processors = Mutex(ProcessorTimes())
    /// Whether system calls of this process are filtered: one that is not allowed may end it.
    private let isConfined: Bool

    /// `root` is where `/proc` and `/sys` are found.
    package init(root: String) {
        files = HostFiles(root: root)
        isConfined = !HostFiles(root: "/").lines("/proc/self/status").contains { $0.fields == ["Seccomp:", "0"] }
    }

    /// Everything at this moment, in the text format 0.0.4. What the kernel does not offer is left out.
    package func page(_ options: HostOptions = HostOptions()) -> [UInt8] { families(options).bytes }

    func families(_ options: HostOptions) -> HostPage {
        let now = Double(WallClock.nanoseconds) / 1e9
        var page = HostPage()
        // Steal and waiting for disks first: they are why one watches a shared machine.
        processors.withLock { $0.add(files, to: &page) }
        HostPressure.add(files, to: &page)
        HostLoad.add(files, now: now, to: &page)
        HostTime.add(files, asksKernel: options.asksClock ?? !isConfined, to: &page)
        HostSystem.add(files, to: &page)
        HostHardware.add(files, to: &page)
        HostMemory.add(files, to: &page)
        HostDisks.add(files, to: &page)
        HostFileSystems.add(files, to: &page)
        HostNetwork.add(files, to: &page)
        HostProtocols.add(files, to: &page)
        HostQueues.add(files, to: &page)
        HostContainers.add(files, to: &page)
        HostSensors.add(files, to: &page)
        HostArrays.add(files, to: &page)
        HostTextFiles.add(options.textFolders, to: &page)
        if options.processes { HostProcesses.add(files, to: &page) }
        return page
    }
}
