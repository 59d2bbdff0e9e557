import Foundation
package import VardeEgress
package import VardeModel

/// Listeners for syslog: `logs.syslog`.
package struct SyslogSettings: Sendable, Equatable {
    /// What a message's header says, by the name it has as a label or in the structured metadata.
    package enum Field: String, Sendable, CaseIterable {
        case app, host, severity, facility, procid, msgid
    }

    package typealias Transport = ListenTransport

    /// Where to listen, by transport.
    package var addresses: [Transport: [ListenAddress]] = [:]
    /// Labels all messages have.
    package var labels: Labels = ["job": "syslog"]
    /// Header fields that are labels; the others are structured metadata, as structured data is.
    package var labelFields: [Field] = [.app, .host, .severity, .facility]
    /// Networks messages are taken from.
    package var networks = Network.local
    /// Connections at once, over each address.
    package var connections = 1_000
    /// Milliseconds without a byte after which a connection is closed.
    package var idle: Int64 = 600_000
    /// Bytes of a message with its header; nil for what a line may have and 4 KB.
    package var maxMessage: Int?
    /// Whether the time a message says is its time, or that of its arrival.
    package var usesMessageTime = true
    /// The zone of dates that name none; nil for the machine's.
    package var zone: String?

    package init() {}

    init(reading value: YAMLValue) throws(ConfigurationError) {
        let keys = try value.mapping()
        for transport in Transport.allCases {
            if let v = keys[transport.rawValue] { addresses[transport] = try v.listenAddresses() }
        }
        if addresses.values.allSatisfy(\.isEmpty) { throw value.error("listens nowhere: give tcp, udp or tls as HOST:PORT") }
        if let v = keys["labels"] {
            labels = Labels(try v.labels())
            for label in labels where !label.name.isClassicLabelName { throw v.error("“\(label.name)” is not a label name") }
        }
        if let v = keys["label_fields"] {
            labelFields = []
            for item in try v.list() {
                if let field = Field(rawValue: try item.word(of: Field.allCases.map(\.rawValue))) { labelFields.append(field) }
            }
        }
        if labels.isEmpty, !labelFields.contains(.severity), !labelFields.contains(.facility) {
            throw value.error("a message could be without any label: give labels, or severity or facility among label_fields")
        }
        if let v = keys["networks"] { networks = try v.networks() }
        if let v = keys["connections"] { connections = try v.int(in: 1...100_000) }
        if let v = keys["idle_timeout"] { idle = try v.duration(allowZero: false) }
        if let v = keys["max_message_size"] {
            let bytes = try v.byteCount()
            guard (480...(64 << 20)).contains(bytes) else { throw v.error("must be 480 bytes to 64MB") }
            maxMessage = bytes
        }
        if let v = keys["use_message_time"] { usesMessageTime = try v.bool() }
        if let v = keys["timezone"] {
            let name = try v.nonEmptyString()
            if name != "local" {
                guard TimeZone(identifier: name) != nil else { throw v.error("“\(name)” is no time zone such as UTC or Europe/Oslo") }
                zone = name
            }
        }
        try keys.rejectUnknown()
    }
}
