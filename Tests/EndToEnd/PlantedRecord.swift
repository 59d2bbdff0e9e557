import Foundation
import TestSupport

/// Log records of OTLP in JSON with personal data split over their fields: a key in one, the value in another.
enum PlantedRecord {
    typealias Canary = PersonalDataCanaries.Canary

    /// Canaries in the body, in an attribute, in a map within a map, in an array of maps, and as bytes.
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
                ["key": attribute.key, "value": string(attribute.text)],
                ["key": "context", "value": map([("person", map([(member.key, string(member.text))]))])],
                ["key": "persons", "value": ["arrayValue": ["values": [map([(body.key, string(body.text))])]]]],
                ["key": "raw", "value": ["bytesValue": Data("\(member.key)=\(member.text)".utf8).base64EncodedString()]],
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
