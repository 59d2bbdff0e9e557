import ArgumentParser
import Foundation
import VardeModel

/// A moment as people give it: RFC 3339, Unix seconds, `now`, or a duration ago (`15m`, `now-1h`).
struct TimeArgument: ExpressibleByArgument {
    var secondsSinceEpoch: Double

    init(secondsSinceEpoch: Double) {
        self.secondsSinceEpoch = secondsSinceEpoch
    }

    init?(argument: String) {
        self.init(argument, now: Date().timeIntervalSince1970)
    }

    /// Seconds whose nanoseconds fit into 64 bits, as Loki's API takes them: into the year 2262.
    private static let limit = 9.2e9

    init?(_ text: String, now: Double) {
        if text == "now" {
            secondsSinceEpoch = now
        } else if let seconds = Double(text), seconds.magnitude < Self.limit {
            secondsSinceEpoch = seconds
        } else if let ago = DurationText.milliseconds(text.hasPrefix("now-") ? String(text.dropFirst(4)) : text) {
            secondsSinceEpoch = now - Double(ago) / 1000
        } else if let date = TimeArgument.date(text) {
            secondsSinceEpoch = date.timeIntervalSince1970
        } else {
            return nil
        }
    }

    private static func date(_ text: String) -> Date? {
        let format = ISO8601DateFormatter()
        for options: ISO8601DateFormatter.Options in [
            [.withInternetDateTime], [.withInternetDateTime, .withFractionalSeconds], [.withFullDate],
        ] {
            format.formatOptions = options
            if let date = format.date(from: text) { return date }
        }
        return nil
    }

    /// As the API reads it: seconds with milliseconds.
    var parameter: String { String(format: "%.3f", secondsSinceEpoch) }
    /// As Loki's API reads it.
    var nanoseconds: Int64 { Int64(secondsSinceEpoch * 1e9) }
}

/// A duration argument such as `30s` or `1h30m`.
struct DurationArgument: ExpressibleByArgument {
    var milliseconds: Int64

    init?(argument: String) {
        guard let milliseconds = DurationText.milliseconds(argument) else { return nil }
        self.milliseconds = milliseconds
    }

    init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    var defaultValueDescription: String { DurationText.format(milliseconds: milliseconds) }
}

/// `NAME=VALUE`, as labels are given on the command line.
struct LabelArgument: ExpressibleByArgument {
    var label: Label

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else { return nil }
        let name = String(argument[..<equals])
        guard name.isClassicLabelName else { return nil }
        label = Label(name, String(argument[argument.index(after: equals)...]))
    }
}
