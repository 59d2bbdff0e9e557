import CVardeKernels

/// The terminal behind a file descriptor.
package struct TerminalSize: Sendable {
    /// Characters; nil where the terminal does not tell.
    package var columns: Int?
    package var rows: Int?

    /// nil where the descriptor is no terminal.
    package init?(of descriptor: Int32) {
        let size = varde_terminal_size(descriptor)
        guard size != 0 else { return nil }
        columns = size > 1 ? Int(size >> 16) : nil
        rows = size > 1 ? Int(size & 0xFFFF) : nil
    }
}
