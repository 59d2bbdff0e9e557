import Foundation
import VardeModel
import VardeWire

/// Turns syslog messages into lines of streams. One for each connection or listener: messages of one moment keep their order.
struct SyslogBatch {
    /// Moments whose messages are told apart; forgotten beyond that.
    private static let maxMoments = 4_096

    private let settings: SyslogSettings
    private let zone: TimeZone
    /// Seconds east of UTC, and the moment (ns) that is so.
    private var offset = (at: Int64.min, seconds: 0)
    /// How many messages said the same moment so far.
    private var moments: [Int64: Int64] = [:]
    private var writers = LogStreamWriters()
    /// Messages whose time was beyond what is taken, and was replaced by that of their arrival.
    private(set) var restamped = 0

    init(_ settings: SyslogSettings) {
        self.settings = settings
        zone = settings.zone.flatMap { TimeZone(identifier: $0) } ?? .current
    }

    /// Adds one message.
    ///
    /// - Parameters:
    ///   - now: nanoseconds.
    ///   - bounds: times a line may have; a message with another is given that of its arrival.
    mutating func add(_ bytes: [UInt8], now: Int64, bounds: ClosedRange<Int64>) throws(WireError) {
        if offset.at != now { offset = (now, zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(now) / 1e9))) }
        let message = SyslogMessage(bytes, now: now, zone: offset.seconds)
        var labels = Array(settings.labels)
        var metadata = message.data
        for field in SyslogSettings.Field.allCases {
            let label = Label(field.rawValue, message.value(of: field))
            if settings.labelFields.contains(field) { labels.append(label) } else { metadata.append(label) }
        }
        var time = settings.usesMessageTime ? message.time ?? now : now
        if !bounds.contains(time) {
            restamped += 1
            time = now
        }
        let text = message.text.utf8Span
        try writers.append(Labels(labels), distinct(time), text.span, Labels(metadata))
    }

    /// A nanosecond behind the message before of the same moment: senders that count in seconds say many things in one.
    private mutating func distinct(_ time: Int64) -> Int64 {
        if moments.count >= Self.maxMoments, moments[time] == nil { moments = [:] }
        let count = moments[time, default: 0]
        moments[time] = count + 1
        return time + count
    }

    /// What was added since it was last taken.
    mutating func take() -> [LogStreamWrite] {
        defer {
            writers = LogStreamWriters()
            restamped = 0
        }
        return writers.writes
    }
}

extension SyslogMessage {
    func value(of field: SyslogSettings.Field) -> String {
        switch field {
        case .app: program
        case .host: host
        case .severity: severityName
        case .facility: facilityName
        case .procid: process
        case .msgid: messageID
        }
    }
}
