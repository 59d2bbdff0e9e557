/// What is collected of the machine beside what always is.
package struct HostOptions: Sendable, Equatable {
    /// Processes and threads by state: every one is looked at, which costs more than everything else together.
    package var processes = false
    /// Socket of the system's D-Bus, where systemd is asked for its units; empty for not at all.
    package var systemBus = HostOptions.usualSystemBus
    /// Whether the kernel is asked how it keeps the clock; nil for where no filter of system calls is in the way.
    package var asksClock: Bool?

    /// Folders with metrics others write down, in files `*.prom`.
    package var textFolders: [String] = []

    package static let usualSystemBus = "/run/dbus/system_bus_socket"

    package init() {}
}
