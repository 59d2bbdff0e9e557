import ArgumentParser

@main
struct Varde: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "varde", abstract: "Metrics and logs, kept safe on one server.")
}
