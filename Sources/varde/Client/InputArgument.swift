import VardeKernels

/// The file a command is given to read: by name, or standard input without one or for `-`.
enum InputArgument {
    /// What it is called in messages.
    static func name(_ argument: String?) -> String { argument.flatMap { $0 == "-" ? nil : $0 } ?? "standard input" }

    /// - Throws: which file, and why it cannot be read.
    static func open(_ argument: String?) throws -> InputFile {
        guard let path = argument, path != "-" else { return .standardInput }
        return try reading(path) { () throws(InputFile.Failure) in try InputFile(path) }
    }

    /// Runs something that reads, and puts its failure in words that name the file.
    static func reading<Value>(_ name: String, _ body: () throws(InputFile.Failure) -> Value) throws -> Value {
        do throws(InputFile.Failure) { return try body() } catch { throw CommandFailure("\(name): \(error)") }
    }
}
