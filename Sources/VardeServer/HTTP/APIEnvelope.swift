import VardeWire

/// The frame of Prometheus' API around data and errors.
enum APIEnvelope {
    static func error(_ failure: APIFailure) -> [UInt8] {
        var json = JSONWriter()
        json.raw("{\"status\":\"error\",\"errorType\":")
        json.string(failure.type)
        json.raw(",\"error\":")
        json.string(failure.message)
        json.raw("}")
        return json.bytes
    }

    /// `{"status":"success","data":…}` with `data` as written by the body.
    static func success(warnings: [String] = [], infos: [String] = [], _ data: (inout JSONWriter) -> Void) -> APIResponse {
        var json = JSONWriter()
        json.raw("{\"status\":\"success\",\"data\":")
        data(&json)
        for (name, texts) in [("warnings", warnings), ("infos", infos)] where !texts.isEmpty {
            json.raw(",\"\(name)\":")
            json.strings(texts)
        }
        json.raw("}")
        return APIResponse(body: json.bytes)
    }
}

extension JSONWriter {
    /// A finite number without quotes.
    mutating func number(_ value: Double) { SampleText.append(value, to: &bytes) }

    mutating func strings(_ texts: [String]) {
        raw("[")
        for (index, text) in texts.enumerated() {
            if index > 0 { raw(",") }
            string(text)
        }
        raw("]")
    }

    /// Items between commas.
    mutating func list<Items: Collection>(_ items: Items, _ write: (inout JSONWriter, Items.Element) -> Void) {
        raw("[")
        var first = true
        for item in items {
            if !first { raw(",") }
            first = false
            write(&self, item)
        }
        raw("]")
    }
}
