/// A log record of OTLP in JSON with personal data in several of its fields.
enum PlantedRecord {
    typealias Pair = (key: String, value: String)

    /// - Parameter time: milliseconds.
    static func json(body: String, attribute: Pair, member: Pair, at time: Int64) -> String {
        """
        {"timeUnixNano":"\(time)000000","body":{"stringValue":"\(body)"},"attributes":[
        {"key":"\(attribute.key)","value":{"stringValue":"\(attribute.value)"}},
        {"key":"context","value":{"kvlistValue":{"values":[{"key":"\(member.key)","value":{"stringValue":"\(member.value)"}}]}}}]}
        """
    }

    static func request(_ records: [String]) -> String {
        """
        {"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"planted"}}]},
        "scopeLogs":[{"logRecords":[\(records.joined(separator: ","))]}]}]}
        """
    }
}
