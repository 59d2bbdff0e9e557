import Foundation
import TestSupport

/// Log records of OTLP in JSON with personal data split over their fields: a key in one, the value in another.
enum PlantedRecord {
    typealias Canary = PersonalDataCanaries.Canary

    /// What must not be found of a canary sent so: the part of it, as a number, and in base64.
    static func spellings(_ canary: Canary) -> [String] {
        [canary.core, bytes(canary)] + (Int64(canary.core).map { [String($0)] } ?? [])
    }

    private static func bytes(_ canary: Canary) -> String { Data("\(canary.key)=\(canary.text)".utf8).base64EncodedString() }

    /// Canaries in the body, in an attribute, a number where it may be one, in a map within a map, in an array of maps, and as bytes.
    ///
    /// - Parameter time: milliseconds.
    static func json(_ body: Canary, _ attribute: Canary, _ member: Canary, at time: Int64) -> String {
        func string(_ text: String) -> [String: Any] { ["stringValue": text] }
        func map(_ members: [(String, Any)]) -> [String: Any] {
            ["kvlistValue": ["values": members.map { ["key": $0.0, "value": $0.1] }]]
        }
        let record: [String: Any] = [
            "timeUnixNano": "\(time)000000",
            "body": map([("text", string("lookup done")), (body.key, string(body.text))]),
            "attributes": [
                ["key": attribute.key, "value": Int64(attribute.text).map { ["intValue": String($0)] } ?? string(attribute.text)],
                ["key": "context", "value": map([("person", map([(member.key, string(member.text))]))])],
                ["key": "persons", "value": ["arrayValue": ["values": [map([(body.key, string(body.text))])]]]],
                ["key": "raw", "value": ["bytesValue": bytes(member)]],
            ],
        ]
        return (try? JSONSerialization.data(withJSONObject: record)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    static func request(_ records: [String]) -> String {
        """
        {"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"planted"}}]},
        "scopeLogs":[{"logRecords":[\(records.joined(separator: ","))]}]}]}
        """
    }
}
